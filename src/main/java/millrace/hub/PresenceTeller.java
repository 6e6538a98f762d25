package millrace.hub;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import millrace.auth.Dialect;
import millrace.log.EncodedEvent;
import millrace.topic.Selector;
import millrace.topic.Topic;
import org.jspecify.annotations.Nullable;

/** Tells those who may know who came and went: live by their channels, later by their backlogs. */
final class PresenceTeller {

    private final Order order;
    private final Channels channels;
    private final Presence presence;
    private final HubEvents own;
    private final boolean tells;
    private final boolean speaksBoth;
    private final InTurn telling = new InTurn("hub-presence");

    /**
     * @param tells whether anybody is told at all
     * @param speaksBoth whether the hub speaks both dialects
     */
    PresenceTeller(
            Order order, Channels channels, Presence presence, HubEvents own, boolean tells, boolean speaksBoth) {
        this.order = order;
        this.channels = channels;
        this.presence = presence;
        this.own = own;
        this.tells = tells;
        this.speaksBoth = speaksBoth;
    }

    /** Somebody came or went. In the order. */
    void announce() {
        if (tells && channels.reachPresence()) {
            telling.run(this::tellPresence);
        } else {
            order.delivered(presence.told(presence.changes(), order.delivered())); // to nobody
        }
    }

    /**
     * Tells those who may know who came and went: live, as private updates that have no place in the history. As an id they
     * carry the place in the order where they stand, so a reader that comes back goes on from there.
     */
    private void tellPresence() {
        Presence.Change change = nextToTell();
        if (change == null) {
            return;
        }
        List<Announcement> announcements = new ArrayList<>();
        for (Selector selector : change.subscriber().selectors()) {
            announcements.add(new Announcement(change, selector));
        }
        boolean done = false;
        while (!done) {
            announcements.forEach(Announcement::prepare);
            order.lock();
            try {
                done = announcements.stream().allMatch(Announcement::isComplete);
                if (done) {
                    if (presence.told() < change.number()) { // else nobody was left to be told, and it is over
                        long last = presence.told(change.number(), order.delivered());
                        for (int i = 0; i < announcements.size(); i++) {
                            announcements.get(i).handOut(change.place(i));
                        }
                        order.delivered(last); // last: who sees it finds all of them in the logs
                    }
                }
            } finally {
                order.unlock();
            }
        }
    }

    private Presence.@Nullable Change nextToTell() {
        order.lock();
        try {
            Presence.Change change = presence.firstUntold();
            if (change != null && change.number() > presence.told() + 1) {
                // more came and went than is remembered: who would miss that is told so by its backlog
                long place = Place.next(order.delivered());
                presence.forgetUntold(change.number() - 1, place);
                channels.skipPresenceTo(place);
                order.delivered(place);
            }
            return change;
        } finally {
            order.unlock();
        }
    }

    /** What tells of one selector of somebody who came or went. */
    private final class Announcement {
        private final Presence.Change change;
        private final Selector selector;
        private final List<Topic> topics;
        private final Match match;

        /** How the takers are told, as far as they are known. */
        private final List<Dialect> dialects = new ArrayList<>();

        /** Without ids. */
        private final EnumMap<Dialect, byte[]> events = new EnumMap<>(Dialect.class);

        Announcement(Presence.Change change, Selector selector) {
            this.change = change;
            this.selector = selector;
            this.topics = Presence.topics(change.subscriber(), selector);
            this.match = Match.ofPresence(channels, topics);
        }

        /** Before the order is taken. */
        void prepare() {
            match.lookAtNewcomers();
            List<SharedChannel> takers = match.takers();
            while (dialects.size() < takers.size()) {
                Dialect told = dialect(takers.get(dialects.size()).subscription, topics);
                dialects.add(told);
                events.computeIfAbsent(
                        told, it -> Presence.event(change.subscriber(), selector, change.isActive(), it));
            }
        }

        boolean isComplete() {
            return match.isComplete();
        }

        /** In the order. */
        void handOut(long place) {
            EnumMap<Dialect, EncodedEvent> encoded = new EnumMap<>(Dialect.class);
            events.forEach((dialect, event) ->
                    encoded.put(dialect, new EncodedEvent(Presence.withId(own.cursor(place), event), place)));
            for (int i = 0; i < dialects.size(); i++) {
                SharedChannel shared = match.takers().get(i);
                EncodedEvent event = encoded.get(dialects.get(i));
                if (event != null && shared.isLive()) {
                    shared.append(event);
                }
            }
        }
    }

    // ---- for readers that are behind ----

    /**
     * Adds what tells a reader who came and went between two places, in the order of the places. Of more than is
     * remembered a {@code gap} tells: the collection of the subscriptions says who is there.
     */
    void addPresence(List<EncodedEvent> events, long after, long upTo, Subscription reader) {
        if (!tells) {
            return;
        }
        List<Presence.Change> changes;
        long forgotten;
        order.lock();
        try {
            changes = presence.toldBetween(after, upTo);
            forgotten = presence.forgotten();
        } finally {
            order.unlock();
        }
        if (forgotten > after && forgotten <= upTo) {
            events.add(new EncodedEvent(own.gap(own.cursor(after), forgotten), forgotten));
        }
        for (Presence.Change change : changes) {
            List<Selector> selectors = change.subscriber().selectors();
            for (int i = 0; i < selectors.size(); i++) {
                long place = change.place(i);
                if (place <= after || place > upTo) {
                    continue;
                }
                Selector selector = selectors.get(i);
                List<Topic> topics = Presence.topics(change.subscriber(), selector);
                if (reader.takes(true, topics)) {
                    byte[] event =
                            Presence.event(change.subscriber(), selector, change.isActive(), dialect(reader, topics));
                    events.add(new EncodedEvent(Presence.withId(own.cursor(place), event), place));
                }
            }
        }
        if (!changes.isEmpty() || forgotten > after) {
            events.sort(Comparator.comparingLong(EncodedEvent::position)); // which keeps the order of equal ones
        }
    }

    private Dialect dialect(Subscription reader, List<Topic> presenceTopics) {
        return speaksBoth ? Presence.dialect(reader, presenceTopics) : reader.dialect();
    }
}
