package millrace.hub;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import millrace.auth.View;
import millrace.topic.Topic;

/**
 * Which channels take an event. They are looked for without a lock, while others come and go, because that may take
 * milliseconds; who came meanwhile is looked at after that, which is so much shorter that a few rounds find the end:
 *
 * <pre>
 *   find ─▶ look at newcomers ─▶ lock the order ─ nobody came ─▶ hand out, unlock
 *                  ▲                    │
 *                  └──── unlock ◀── somebody came
 * </pre>
 *
 * By one thread.
 */
final class Match {

    private final Channels channels;
    private final List<Topic> topics;
    private final boolean isPrivate;
    private final boolean isPresence;
    private final List<SharedChannel> takers = new ArrayList<>();

    /** Those of the takers that were found although they came after the search began. */
    private final Set<SharedChannel> foundEarly = new HashSet<>(0);

    private final IdentityHashMap<View, Boolean> permits = new IdentityHashMap<>(0);
    private long seen;

    private Match(Channels channels, List<Topic> topics, boolean isPrivate, boolean isPresence) {
        this.channels = channels;
        this.topics = topics;
        this.isPrivate = isPrivate;
        this.isPresence = isPresence;
    }

    static Match ofUpdate(Channels channels, List<Topic> topics, boolean isPrivate) {
        return new Match(channels, topics, isPrivate, false).find();
    }

    static Match ofPresence(Channels channels, List<Topic> topics) {
        return new Match(channels, topics, true, true).find();
    }

    private Match find() {
        seen = channels.newest(); // before the search, which is complete up to here
        long complete = seen;
        channels.index(isPresence).find(topics, shared -> {
            if (shared.number > complete) {
                foundEarly.add(shared);
            }
            takeIfPermitted(shared);
        });
        return this;
    }

    /** Looks at those who came since the last look. */
    void lookAtNewcomers() {
        long newest = channels.newest();
        for (SharedChannel shared : channels.between(seen, newest)) {
            if ((shared.reachesPresence || !isPresence)
                    && !foundEarly.contains(shared)
                    && shared.subscription.selects(topics)) {
                takeIfPermitted(shared);
            }
        }
        seen = newest;
    }

    private void takeIfPermitted(SharedChannel shared) {
        if (!isPrivate || permits.computeIfAbsent(shared.view(), view -> view.permits(true, topics))) {
            takers.add(shared);
        }
    }

    /** Whether everybody was looked at. In the hub's order: nobody can come then. */
    boolean isComplete() {
        return seen == channels.newest();
    }

    /** As far as they have been looked at; some may have gone. */
    List<SharedChannel> takers() {
        return takers;
    }
}
