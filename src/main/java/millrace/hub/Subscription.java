package millrace.hub;

import java.util.Collection;
import java.util.Set;
import millrace.auth.Dialect;
import millrace.auth.View;
import millrace.topic.Selector;
import millrace.topic.Topic;

/**
 * What a subscriber asks for and may see. Those with equal ones receive the same bytes, so they share a channel.
 *
 * @param selectors what is asked for: at least one, logically or
 * @param dialect in which presence is told where it is selected in both, see {@link Presence#dialect}
 */
public record Subscription(Set<Selector> selectors, View view, Dialect dialect) {

    public Subscription {
        selectors = Set.copyOf(selectors);
        if (selectors.isEmpty()) {
            throw new IllegalArgumentException("a subscription selects something");
        }
    }

    /** Whether it may be told of presence: most are not, and then nothing need be made for them. */
    boolean reachesPresence() {
        return view.privateTopics().stream().anyMatch(selector -> selector.reachesBelow(Presence.BELOW))
                && selectors.stream().anyMatch(selector -> selector.reachesBelow(Presence.BELOW));
    }

    /** Whether an update with these topics is delivered. */
    boolean takes(boolean isPrivate, Collection<Topic> topics) {
        return view.permits(isPrivate, topics) && selects(topics);
    }

    /** Whether one of the topics is asked for. */
    boolean selects(Collection<Topic> topics) {
        for (Topic topic : topics) {
            for (Selector selector : selectors) {
                if (selector.matches(topic)) {
                    return true;
                }
            }
        }
        return false;
    }
}
