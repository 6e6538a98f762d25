package millrace.auth;

import jakarta.json.JsonValue;
import java.util.Set;
import millrace.topic.Selector;
import millrace.topic.Topic;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is permitted: what may be done with which topics.
 *
 * @param payload what presence tells about subscriptions that this grant covers; any JSON, {@code null} for nothing
 */
public record Grant(
        boolean publish,
        boolean subscribe,
        Set<Selector> selectors,
        @Nullable JsonValue payload) {

    public Grant {
        selectors = Set.copyOf(selectors);
    }

    boolean covers(Topic topic) {
        for (Selector selector : selectors) {
            if (selector.matches(topic)) {
                return true;
            }
        }
        return false;
    }
}
