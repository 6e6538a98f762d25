package millrace.hub;

import millrace.stream.BroadcastChannel;
import millrace.stream.EncodedEvent;

/** The channel of all subscribers with one subscription. It lives while it has subscribers. */
final class SharedChannel {

    final Subscription subscription;
    final BroadcastChannel channel;

    /** Guarded by the hub's order. */
    int subscribers;

    /** The sequence of the last event appended; 0 before the first. Written in the hub's order. */
    private volatile long lastSequence;

    SharedChannel(Subscription subscription, BroadcastChannel channel) {
        this.subscription = subscription;
        this.channel = channel;
    }

    void append(EncodedEvent event) {
        channel.append(event);
        lastSequence = event.sequence();
    }

    long lastSequence() {
        return lastSequence;
    }
}
