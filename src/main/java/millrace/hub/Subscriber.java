package millrace.hub;

import jakarta.json.JsonValue;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import millrace.auth.Principal;
import millrace.stream.EventStream;
import millrace.topic.Selector;
import org.jspecify.annotations.Nullable;

/**
 * One connection that subscribes: who it is in presence, and how far it has read, so that a quiet one can be told a
 * newer cursor with its heartbeat.
 */
public final class Subscriber implements EventStream.Heartbeat {

    private final Hub hub;
    private final boolean dispatchesByType;
    private final UUID id = UUID.randomUUID();
    private final Map<Selector, JsonValue> payloads = new HashMap<>();
    private Subscription subscription;
    private List<Selector> selectors;

    /** The sequence of the newest; by the drainer of its stream only. */
    private long toldCheckpoint;

    /** @param dispatchesByType whether events of a type that it did not ask for reach nobody */
    Subscriber(
            Hub hub,
            Subscription subscription,
            List<Selector> selectors,
            Principal principal,
            boolean dispatchesByType) {
        this.hub = hub;
        this.dispatchesByType = dispatchesByType;
        this.subscription = subscription;
        this.selectors = List.copyOf(selectors);
        // and not the principal, which holds all that its token grants, compiled
        for (Selector selector : selectors) {
            JsonValue payload = principal.payload(selector);
            if (payload != null) {
                payloads.put(selector, payload);
            }
        }
    }

    /** What presence calls it: a URN of its connection, made by the hub. */
    String id() {
        return "urn:uuid:" + id;
    }

    Subscription subscription() {
        return subscription;
    }

    boolean dispatchesByType() {
        return dispatchesByType;
    }

    /** As it wrote them, in its order. */
    List<Selector> selectors() {
        return selectors;
    }

    @Nullable
    JsonValue payload(Selector selector) {
        return payloads.get(selector);
    }

    /** Takes the channel's own objects for its equal ones: ten thousand that ask for the same hold it once. In the order. */
    void shares(SharedChannel shared) {
        subscription = shared.subscription;
        if (selectors.equals(shared.selectors)) {
            selectors = shared.selectors;
        }
    }

    /** In silence: a checkpoint where the cursor that the client has is older than what it need not have again. */
    @Override
    public byte[] bytes(EventStream stream) {
        long delivered = hub.delivered(); // before: what was delivered by now the stream has written then
        long newest = Place.sequence(delivered);
        if (!stream.isUpToDate() || newest <= Math.max(Place.sequence(stream.position()), toldCheckpoint)) {
            return EventStream.COMMENT;
        }
        toldCheckpoint = newest;
        byte[] checkpoint = hub.events().checkpoint(delivered, dispatchesByType);
        return checkpoint == null ? EventStream.COMMENT : checkpoint;
    }
}
