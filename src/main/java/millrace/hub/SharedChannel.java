package millrace.hub;

import java.util.List;
import millrace.stream.BroadcastChannel;
import millrace.stream.EncodedEvent;
import millrace.topic.Selector;

/** The channel of all subscribers with one subscription. It lives while it has subscribers. */
final class SharedChannel {

    final Subscription subscription;

    /** As the first subscriber wrote them. */
    final List<Selector> selectors;

    final BroadcastChannel channel;

    final boolean reachesPresence;

    /** Guarded by the hub's order. */
    int subscribers;

    /** The sequence of the last event appended; 0 before the first. Written in the hub's order. */
    private volatile long lastSequence;

    SharedChannel(Subscription subscription, List<Selector> selectors, BroadcastChannel channel) {
        this.subscription = subscription;
        this.selectors = selectors;
        this.channel = channel;
        this.reachesPresence = subscription.reachesPresence();
    }

    void append(EncodedEvent event) {
        channel.append(event);
        lastSequence = event.sequence();
    }

    long lastSequence() {
        return lastSequence;
    }
}
