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

    /** Where its channel began for it, and the sequence of the last event that the replay gave it; 0 for none. */
    private long joinedAfter;

    private long replayed;

    /** What it reads; set once, after the two above, when its replay has ended. */
    private volatile @Nullable SharedChannel reading;

    /** By the drainer of its stream only. */
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

    void reads(Hub.Place place, long lastReplayed) {
        joinedAfter = place.from();
        replayed = lastReplayed;
        reading = place.shared();
    }

    /** In silence: a checkpoint where the cursor that the client has is older than what it need not have again. */
    @Override
    public byte[] bytes(EventStream stream) {
        SharedChannel now = reading;
        if (now == null) {
            return EventStream.COMMENT; // in the middle of a replay
        }
        // In this order: what was delivered by now is in the channel, and so counted in its last sequence.
        long delivered = hub.delivered();
        if (now.isRetired()) {
            return EventStream.COMMENT; // it may lack what was delivered
        }
        long last = now.lastSequence();
        long needed = last > joinedAfter ? last : replayed;
        if (stream.sequence() < needed || delivered <= Math.max(stream.sequence(), toldCheckpoint)) {
            return EventStream.COMMENT;
        }
        toldCheckpoint = delivered;
        byte[] checkpoint = hub.checkpoint(delivered, dispatchesByType);
        return checkpoint == null ? EventStream.COMMENT : checkpoint;
    }
}
