package millrace.topic;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * How many of these patterns one topic may have to be tried on. A pattern is tried on topics that begin like it, so those
 * count together whose literal beginnings begin like one another:
 *
 * <pre>
 *   {+any}   /books/{id}   /books/new/{id}    meet in the topic /books/new/1: three
 *   {+any}   /films/{id}                      meet in /films/1: two
 * </pre>
 *
 * Templates and URL Patterns are looked up apart, so they are counted apart. Not safe for threads.
 */
public final class PatternReach {

    /** By literal beginning, how many have it. */
    private final NavigableMap<String, Integer> templates = new TreeMap<>();

    private final NavigableMap<String, Integer> urlPatterns = new TreeMap<>();

    /**
     * Takes a pattern up.
     *
     * @return how many a topic that this one is tried on may have to be tried on now, this one and others of its kind
     */
    public int add(Selector pattern) {
        String prefix = prefix(pattern);
        NavigableMap<String, Integer> counts = counts(pattern);
        counts.merge(prefix, 1, Integer::sum);
        return before(counts, prefix) + mostFrom(counts, prefix);
    }

    public void remove(Selector pattern) {
        counts(pattern).computeIfPresent(prefix(pattern), (key, count) -> count == 1 ? null : count - 1);
    }

    private NavigableMap<String, Integer> counts(Selector pattern) {
        return pattern instanceof UrlPattern ? urlPatterns : templates;
    }

    private static String prefix(Selector selector) {
        return switch (selector) {
            case UriTemplate template -> PrefixMap.cut(template.prefix());
            case UrlPattern pattern -> PrefixMap.cut(pattern.prefix());
            case Exact exact -> throw new IllegalArgumentException("is no pattern");
            case Everything everything -> throw new IllegalArgumentException("is no pattern");
        };
    }

    /** Those with a shorter beginning of this one. */
    private static int before(NavigableMap<String, Integer> counts, String prefix) {
        int sum = 0;
        for (int length = 0; length < prefix.length(); length++) {
            sum += counts.getOrDefault(prefix.substring(0, length), 0);
        }
        return sum;
    }

    /** The most that meet among those with this beginning or a longer one. */
    private static int mostFrom(NavigableMap<String, Integer> counts, String prefix) {
        Deque<Map.Entry<String, Integer>> path =
                new ArrayDeque<>(); // in sorted order each stands behind what it begins with
        int sum = 0;
        int most = 0;
        for (Map.Entry<String, Integer> entry : counts.tailMap(prefix).entrySet()) {
            if (!entry.getKey().startsWith(prefix)) {
                break;
            }
            while (!path.isEmpty() && !entry.getKey().startsWith(path.element().getKey())) {
                sum -= path.remove().getValue();
            }
            path.push(entry);
            sum += entry.getValue();
            most = Math.max(most, sum);
        }
        return most;
    }
}
