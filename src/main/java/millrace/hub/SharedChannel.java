package millrace.hub;

import java.util.List;
import millrace.auth.View;
import millrace.stream.BroadcastChannel;
import millrace.stream.CloseReason;
import millrace.stream.EncodedEvent;
import millrace.topic.Selector;

/** The channel of all subscribers with one subscription. It lives while it has subscribers. */
final class SharedChannel {

    /** Channels are numbered as they are made. */
    final long number;

    final Subscription subscription;

    /** As the first subscriber wrote them. */
    final List<Selector> selectors;

    final BroadcastChannel channel;

    final boolean reachesPresence;

    /** Guarded by the hub's order. */
    int subscribers;

    /** The sequence of the last event appended; 0 before the first. Written in the hub's order. */
    private volatile long lastSequence;

    /** @param subscription with a view that channels with equal ones share as one object */
    SharedChannel(long number, Subscription subscription, List<Selector> selectors, BroadcastChannel channel) {
        this.number = number;
        this.subscription = subscription;
        this.selectors = selectors;
        this.channel = channel;
        this.reachesPresence = subscription.reachesPresence();
    }

    View view() {
        return subscription.view();
    }

    /** In the hub's order. */
    void append(EncodedEvent event) {
        channel.append(event);
        lastSequence = event.sequence();
    }

    /** Takes nothing more; its readers end when they have read what it has. In the hub's order. */
    void retire(CloseReason reason) {
        channel.end(reason);
    }

    boolean isRetired() {
        return channel.ended() != null;
    }

    /** Whether there is somebody for whom it takes events. In the hub's order. */
    boolean isLive() {
        return subscribers > 0 && !isRetired();
    }

    long lastSequence() {
        return lastSequence;
    }
}
