package millrace.history;

import java.time.Duration;
import java.util.List;
import millrace.sse.Event;
import org.jspecify.annotations.Nullable;

/**
 * What a publisher wants to be sent. Immutable; what its reader will see is checked by {@link Event}.
 *
 * @param id the event's id, never empty. Need not be unique: see {@link History#find}
 * @param topics the canonical topic, then the alternates; at least one
 * @param isPrivate whether only readers with a grant may see it
 * @param event type, data and retry; its own id is ignored
 */
public record Update(String id, List<String> topics, boolean isPrivate, Event event) {

    public Update {
        topics = List.copyOf(topics);
        event = event.withId(id);
        if (id.isEmpty() || topics.isEmpty()) {
            throw new IllegalArgumentException("an update has an id and at least one topic");
        }
    }

    public Update(
            String id,
            List<String> topics,
            boolean isPrivate,
            @Nullable String type,
            @Nullable String data,
            @Nullable Duration retry) {
        this(id, topics, isPrivate, new Event(id, type, data, retry));
    }
}
