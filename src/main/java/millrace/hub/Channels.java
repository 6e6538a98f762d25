package millrace.hub;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import millrace.auth.View;
import millrace.log.CloseReason;
import millrace.stream.Channel;
import millrace.topic.Selector;
import millrace.topic.SelectorIndex;

/**
 * The channels that there are, one for each distinct subscription, and who of them selected a topic. Changed in the hub's
 * order; any thread may look, without a lock.
 */
final class Channels {

    private final Map<Subscription, SharedChannel> bySubscription = new ConcurrentHashMap<>();
    private final ConcurrentSkipListMap<Long, SharedChannel> byNumber = new ConcurrentSkipListMap<>();
    private final SelectorIndex<SharedChannel> index = new SelectorIndex<>();

    /** Those alone that may be told of presence: so nobody else's patterns make it dear to tell. */
    private final SelectorIndex<SharedChannel> presenceIndex = new SelectorIndex<>();

    /** The number of the newest channel. What has been found before it is complete up to that number. */
    private volatile long newest;

    /** Guarded by the hub's order. */
    private final Map<View, SharedView> views = new HashMap<>();

    /** Guarded by the hub's order. */
    private int reachingPresence;

    /** A view, and how many channels have it: it is asked once for each update. */
    private static final class SharedView {
        final View view;
        int channels;

        SharedView(View view) {
            this.view = view;
        }
    }

    // ---- in the hub's order ----

    /** The channel of that subscription, made where there is none. */
    SharedChannel of(
            Subscription subscription,
            List<Selector> selectors,
            Function<Subscription, Backlog> missed,
            Function<Backlog, Channel> make) {
        SharedChannel there = bySubscription.get(subscription);
        if (there != null) {
            return there;
        }
        SharedView view = views.computeIfAbsent(subscription.view(), SharedView::new);
        view.channels++;
        Subscription shared = new Subscription(subscription.selectors(), view.view, subscription.dialect());
        Backlog backlog = missed.apply(shared);
        SharedChannel made = new SharedChannel(newest + 1, shared, selectors, backlog, make.apply(backlog));
        bySubscription.put(made.subscription, made);
        byNumber.put(made.number, made);
        index.add(made, made.subscription.selectors());
        if (made.reachesPresence) {
            reachingPresence++;
            presenceIndex.add(made, made.subscription.selectors());
        }
        newest = made.number; // last: who sees the number finds the channel
        return made;
    }

    /** Forgets a channel that nobody reads any more. */
    void drop(SharedChannel shared) {
        bySubscription.remove(shared.subscription, shared); // there may be another one since it was retired
        byNumber.remove(shared.number);
        index.remove(shared, shared.subscription.selectors());
        if (shared.reachesPresence) {
            reachingPresence--;
            presenceIndex.remove(shared, shared.subscription.selectors());
        }
        SharedView view = views.get(shared.view());
        if (view != null && --view.channels == 0) {
            views.remove(shared.view());
        }
        shared.drop();
    }

    /** Ends the readers of all channels. Who comes after that gets a new one. */
    void retire(CloseReason reason) {
        bySubscription.values().forEach(shared -> shared.retire(reason));
        bySubscription.clear();
    }

    /** Whoever may be told of presence finds what comes up to that place in its backlog. */
    void skipPresenceTo(long place) {
        for (SharedChannel shared : bySubscription.values()) {
            if (shared.reachesPresence) {
                shared.channel.skipTo(place);
            }
        }
    }

    boolean reachPresence() {
        return reachingPresence > 0;
    }

    // ---- by any thread ----

    int count() {
        return bySubscription.size();
    }

    Collection<SharedChannel> all() {
        return bySubscription.values();
    }

    int distinctPatterns() {
        return index.distinctPatterns();
    }

    long newest() {
        return newest;
    }

    SelectorIndex<SharedChannel> index(boolean presenceOnly) {
        return presenceOnly ? presenceIndex : index;
    }

    /** Those with a number above the first and up to the second. */
    Collection<SharedChannel> between(long after, long upTo) {
        return byNumber.subMap(after, false, upTo, true).values();
    }
}
