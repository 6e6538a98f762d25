package millrace.hub;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import millrace.topic.Selector;
import org.jspecify.annotations.Nullable;

/**
 * How much the templates and URL Patterns of all open subscriptions {@linkplain Selector#weight weigh}, the same ones
 * counted once. They count from the request on and not only from the moment when they are matched against updates: a
 * client that reads its replay slowly has a pattern, too. Any thread may ask.
 */
public final class PatternLimit {

    /** A pattern that somebody subscribes to: the object that all who do may refer to, and how many they are. */
    private record Held(Selector pattern, int times) {}

    private final int most;

    // guarded by this
    private final Map<Selector, Held> held = new HashMap<>();
    private int weight;

    /** @param most what all may weigh together */
    public PatternLimit(int most) {
        this.most = most;
    }

    /**
     * Counts the patterns among these selectors.
     *
     * @param selectors each of them once
     * @return what is to be given to {@link #leave} at the end; {@code null} where it is too much: then nothing is counted
     */
    public synchronized @Nullable List<Selector> enter(Collection<Selector> selectors) {
        int more = 0;
        for (Selector selector : selectors) {
            more += held.containsKey(selector) ? 0 : selector.weight();
        }
        if (more > 0 && weight + more > most) {
            return null;
        }
        List<Selector> entered = new ArrayList<>(0);
        for (Selector selector : selectors) {
            if (selector.weight() > 0) {
                Held before = held.get(selector);
                Held now = before == null ? new Held(selector, 1) : new Held(before.pattern(), before.times() + 1);
                held.put(now.pattern(), now);
                entered.add(now.pattern());
            }
        }
        weight += more;
        return List.copyOf(entered);
    }

    /** @param entered what {@link #enter} gave; once */
    public synchronized void leave(List<Selector> entered) {
        for (Selector selector : entered) {
            Held before = held.get(selector);
            if (before == null) {
                throw new IllegalStateException("has left already: " + selector.text());
            }
            if (before.times() > 1) {
                held.put(before.pattern(), new Held(before.pattern(), before.times() - 1));
            } else {
                held.remove(selector);
                weight -= selector.weight();
            }
        }
    }
}
