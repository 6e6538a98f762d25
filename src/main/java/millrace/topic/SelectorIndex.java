package millrace.topic;

import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds who selected a topic. Exact selectors are found by hash, so that their number does not matter; patterns are
 * looked for only among those whose literal beginning the topic has; a pattern that many wrote is tried once.
 *
 * <p>Any thread may call anything at any time. Finding takes no lock: it sees everyone whose {@link #add} returned
 * before it began and nobody whose {@link #remove} did; whoever comes or goes meanwhile may or may not be seen.
 *
 * @param <T> who selects; compared by {@code equals}
 */
public final class SelectorIndex<T> {

    private static final int SMALL = 4;

    private final Map<String, Set<T>> exact = new ConcurrentHashMap<>();
    private final Set<T> everything = ConcurrentHashMap.newKeySet();
    private final PrefixMap<Map<Selector, Set<T>>> templates = new PrefixMap<>();

    // by the hub that they are resolved against, which is one and the same except in tests
    private final Map<HubUrl, PrefixMap<Map<Selector, Set<T>>>> urlPatterns = new ConcurrentHashMap<>();

    // held by who changes the patterns; whoever finds does without
    private final ReentrantLock patternChange = new ReentrantLock();
    private final AtomicInteger patterns = new AtomicInteger();

    /** Adds someone under all these selectors. To add again under selectors that are there already changes nothing. */
    public void add(T value, Collection<? extends Selector> selectors) {
        for (Selector selector : selectors) {
            switch (selector) {
                case Everything all -> everything.add(value);
                case Exact topic -> exact.compute(topic.text(), (key, set) -> plus(set, value));
                case UriTemplate template -> addPattern(templates, template.prefix(), template, value);
                case UrlPattern pattern -> addPattern(urlPatterns(pattern.hub()), pattern.prefix(), pattern, value);
            }
        }
    }

    /** Removes someone from under these selectors, as far as it is there. */
    public void remove(T value, Collection<? extends Selector> selectors) {
        for (Selector selector : selectors) {
            switch (selector) {
                case Everything all -> everything.remove(value);
                case Exact topic -> exact.computeIfPresent(topic.text(), (key, set) -> minus(set, value));
                case UriTemplate template -> removePattern(templates, template.prefix(), template, value);
                case UrlPattern pattern -> removePattern(urlPatterns(pattern.hub()), pattern.prefix(), pattern, value);
            }
        }
    }

    /**
     * Hands over each one who selected any of the topics, once.
     *
     * @return how many looks it took: at characters to try patterns, and for patterns that begin like a topic
     */
    public long find(Collection<Topic> topics, Consumer<? super T> found) {
        Finding<T> finding = new Finding<>(found);
        finding.all(everything);
        for (Topic topic : topics) {
            Set<T> set = exact.get(topic.text());
            if (set != null) {
                finding.all(set);
            }
            findPatterns(templates, topic.ascii(), topic, finding);
            urlPatterns.forEach((hub, index) -> {
                Url url = index.isEmpty() ? null : topic.url(hub);
                if (url != null) {
                    findPatterns(index, url.key(), topic, finding);
                }
            });
        }
        finding.finish();
        return finding.looks;
    }

    /** How many different topics are selected by their name. */
    public int distinctTopics() {
        return exact.size();
    }

    /** How many different templates and URL Patterns there are. */
    public int distinctPatterns() {
        return patterns.get();
    }

    private PrefixMap<Map<Selector, Set<T>>> urlPatterns(HubUrl hub) {
        return urlPatterns.computeIfAbsent(hub, key -> new PrefixMap<>());
    }

    private void addPattern(PrefixMap<Map<Selector, Set<T>>> index, String beginning, Selector pattern, T value) {
        String prefix = PrefixMap.cut(beginning);
        patternChange.lock();
        try {
            Map<Selector, Set<T>> bucket = index.get(prefix);
            if (bucket == null) {
                bucket = new ConcurrentHashMap<>(2);
                index.put(prefix, bucket);
            }
            if (bucket.put(pattern, plus(bucket.get(pattern), value)) == null) {
                patterns.incrementAndGet();
            }
        } finally {
            patternChange.unlock();
        }
    }

    private void removePattern(PrefixMap<Map<Selector, Set<T>>> index, String beginning, Selector pattern, T value) {
        String prefix = PrefixMap.cut(beginning);
        patternChange.lock();
        try {
            Map<Selector, Set<T>> bucket = index.get(prefix);
            if (bucket == null || !bucket.containsKey(pattern)) {
                return;
            }
            if (bucket.computeIfPresent(pattern, (key, set) -> minus(set, value)) == null) {
                patterns.decrementAndGet();
            }
            if (bucket.isEmpty()) {
                index.remove(prefix);
            }
        } finally {
            patternChange.unlock();
        }
    }

    private static <T> void findPatterns(
            PrefixMap<Map<Selector, Set<T>>> index, String text, Topic topic, Finding<T> finding) {
        int prefixes = index.find(
                text,
                bucket -> bucket.forEach((pattern, set) -> {
                    int looks = pattern.walk(topic);
                    finding.looks += Math.abs(looks);
                    if (looks > 0) {
                        finding.all(set);
                    }
                }));
        finding.looks += prefixes;
    }

    // most topics have one selector, some have very many: small sets are copied, large ones are changed in place

    private static <T> Set<T> plus(@Nullable Set<T> set, T value) {
        if (set == null) {
            return Set.of(value);
        }
        if (set.contains(value)) {
            return set;
        }
        Set<T> larger = set;
        if (set.size() == SMALL && !(set instanceof ConcurrentHashMap.KeySetView)) {
            larger = ConcurrentHashMap.newKeySet();
            larger.addAll(set);
        } else if (set.size() < SMALL && !(set instanceof ConcurrentHashMap.KeySetView)) {
            larger = new HashSet<>(set);
        }
        larger.add(value);
        return larger instanceof ConcurrentHashMap.KeySetView ? larger : Set.copyOf(larger);
    }

    private static <T> @Nullable Set<T> minus(Set<T> set, T value) {
        if (set instanceof ConcurrentHashMap.KeySetView) {
            set.remove(value);
            return set.isEmpty() ? null : set;
        }
        Set<T> smaller = new HashSet<>(set);
        smaller.remove(value);
        return smaller.isEmpty() ? null : Set.copyOf(smaller);
    }

    /** Hands the first set straight on, and needs a memory only when a second one follows. */
    private static final class Finding<T> {
        private final Consumer<? super T> found;
        private @Nullable Set<T> only;
        private @Nullable Set<T> seen;
        private long looks;

        Finding(Consumer<? super T> found) {
            this.found = found;
        }

        void all(Set<T> set) {
            if (set.isEmpty()) {
                return;
            }
            if (only == null) {
                only = set;
                return;
            }
            if (seen == null) {
                seen = new HashSet<>();
                deliver(only, seen);
            }
            deliver(set, seen);
        }

        void finish() {
            if (only != null && seen == null) {
                only.forEach(found);
            }
        }

        private void deliver(Set<T> set, Set<T> seenBefore) {
            for (T value : set) {
                if (seenBefore.add(value)) {
                    found.accept(value);
                }
            }
        }
    }
}
