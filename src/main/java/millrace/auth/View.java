package millrace.auth;

import java.util.Collection;
import java.util.Set;
import millrace.topic.Selector;
import millrace.topic.Topic;

/**
 * What a subscriber is permitted to see. Subscribers with equal views and equal selectors see the same events, so they
 * can share one channel; when a token ends is not part of it.
 *
 * @param privateTopics private updates are seen when one of these selects one of their topics
 */
public record View(Set<Selector> privateTopics) {

    /** Public updates alone. */
    public static final View PUBLIC = new View(Set.of());

    public View {
        privateTopics = Set.copyOf(privateTopics);
    }

    /** Whether an update with these topics may be shown; whether it was asked for is another question. */
    public boolean permits(boolean isPrivate, Collection<Topic> topics) {
        if (!isPrivate) {
            return true;
        }
        for (Topic topic : topics) {
            for (Selector selector : privateTopics) {
                if (selector.matches(topic)) {
                    return true;
                }
            }
        }
        return false;
    }
}
