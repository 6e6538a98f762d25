package millrace.hub;

import java.util.List;
import millrace.auth.View;
import millrace.log.CloseReason;
import millrace.log.EncodedEvent;
import millrace.stream.Channel;
import millrace.topic.Selector;

/** The channel of all subscribers with one subscription. It lives while it has subscribers. */
final class SharedChannel {

    /** Channels are numbered as they are made. */
    final long number;

    final Subscription subscription;

    /** As the first subscriber wrote them. */
    final List<Selector> selectors;

    final Backlog backlog;

    final Channel channel;

    final boolean reachesPresence;

    /** Guarded by the hub's order. */
    int subscribers;

    /** @param subscription with a view that channels with equal ones share as one object */
    SharedChannel(long number, Subscription subscription, List<Selector> selectors, Backlog backlog, Channel channel) {
        this.number = number;
        this.subscription = subscription;
        this.selectors = selectors;
        this.backlog = backlog;
        this.channel = channel;
        this.reachesPresence = subscription.reachesPresence();
    }

    View view() {
        return subscription.view();
    }

    /** In the hub's order. */
    void append(EncodedEvent event) {
        channel.append(event);
    }

    /** Takes nothing more; its readers end when they have read what it has. In the hub's order. */
    void retire(CloseReason reason) {
        channel.end(reason);
    }

    boolean isRetired() {
        return channel.log().ended() != null;
    }

    /** Whether it has subscribers and takes events. In the hub's order. */
    boolean isLive() {
        return subscribers > 0 && !isRetired();
    }

    /** Nobody reads it any more. */
    void drop() {
        channel.log().discard();
        backlog.discard();
    }
}
