package millrace.hub;

import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import millrace.auth.Dialect;
import millrace.sse.Event;
import millrace.topic.Selector;
import millrace.topic.Topic;
import org.jspecify.annotations.Nullable;

/**
 * Who subscribes at the moment. It is what the connections of this process are, kept in memory and nowhere else: after
 * a reset, an expiry or a crash nobody stays there who is gone, and it uses up no history.
 *
 * <pre>
 *   0.x  /.well-known/mercure/subscriptions/{topic}/{subscriber}
 *   1.0  /.well-known/mercure/subscriptions/{match_type}/{match}/{subscriber}
 * </pre>
 *
 * The paths are the topics of presence, wherever the application lies, and the ids of its documents. Who selects the one
 * form is told in that form.
 */
public final class Presence {

    /** The topic of the whole collection, and the beginning of all others. */
    public static final String ROOT = Hub.PATH + "/subscriptions";

    /** What the topics of all its updates begin with, also where a selector {@code ..} stands in one. */
    static final String BELOW = Hub.PATH + "/";

    /** Far more than come and go between a request and its joining. */
    private static final int MAX_RECENT = 1024;

    /** Whoever has left is still held by its changes: one may have had a megabyte of selectors, and come back often. */
    private static final long MAX_RECENT_BYTES = 8 << 20;

    private static final String CONTEXT = "https://mercure.rocks/";

    private final Map<String, Subscriber> active = new ConcurrentHashMap<>();
    private volatile long version;
    private final String instance = UUID.randomUUID().toString();

    /**
     * Which subscriptions are asked for: all, those with a selector, or the one of a subscriber with it.
     *
     * @param matchType {@code null} for any
     * @param match a selector's text; {@code null} for any
     * @param subscriber {@code null} for any
     */
    public record Filter(
            @Nullable String matchType,
            @Nullable String match,
            @Nullable String subscriber) {

        /** The path that names this in a dialect: what a token has to grant. */
        public String path(Dialect dialect) {
            StringBuilder path = new StringBuilder(ROOT);
            if (match != null) {
                if (dialect == Dialect.V1) {
                    path.append('/').append(encode(matchType == null ? "exact" : matchType));
                }
                path.append('/').append(encode(match));
                if (subscriber != null) {
                    path.append('/').append(encode(subscriber));
                }
            }
            return path.toString();
        }

        private boolean takes(Selector selector) {
            return (match == null || match.equals(selector.text()))
                    && (matchType == null || matchType.equals(selector.type()));
        }
    }

    /** One subscriber came or went. */
    static final class Change {
        private final long number;
        private final Subscriber subscriber;
        private final boolean isActive;

        /** Where its first selector was told; 0 before. Guarded by the hub's order. */
        private long place;

        Change(long number, Subscriber subscriber, boolean isActive) {
            this.number = number;
            this.subscriber = subscriber;
            this.isActive = isActive;
        }

        long number() {
            return number;
        }

        Subscriber subscriber() {
            return subscriber;
        }

        boolean isActive() {
            return isActive;
        }

        /** The place where its selector with that index was told: each has one of its own, so that a log has no two events at one. */
        long place(int selector) {
            return Place.plus(place, selector);
        }

        private long lastPlace() {
            return place(Math.max(0, subscriber.selectors().size() - 1));
        }
    }

    /** The last few, for those who were about to join when they happened. Guarded by the hub's order. */
    private final ArrayDeque<Change> recent = new ArrayDeque<>();

    /** About what they hold in memory. Guarded by the hub's order. */
    private long recentBytes;

    /** All changes up to this number were told. Guarded by the hub's order. */
    private long told;

    /** Changes that have a place up to this one are not all remembered. Guarded by the hub's order. */
    private long forgotten;

    /** In the hub's order. */
    void add(Subscriber subscriber) {
        active.put(subscriber.id(), subscriber);
        note(subscriber, true);
    }

    /** In the hub's order. */
    void remove(Subscriber subscriber) {
        active.remove(subscriber.id());
        note(subscriber, false);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // by one thread at a time, in the order
    private void note(Subscriber subscriber, boolean isActive) {
        recent.add(new Change(version + 1, subscriber, isActive));
        recentBytes += bytes(subscriber);
        while (recent.size() > MAX_RECENT || recentBytes > MAX_RECENT_BYTES) {
            Change oldest = recent.remove();
            recentBytes -= bytes(oldest.subscriber());
            forgotten = Math.max(forgotten, oldest.place == 0 ? 0 : oldest.lastPlace());
        }
        version++;
    }

    private static long bytes(Subscriber subscriber) {
        long bytes = 1_000;
        for (Selector selector : subscriber.selectors()) {
            bytes += selector.bytes();
        }
        return bytes;
    }

    /** How many have come and gone. */
    long changes() {
        return version;
    }

    /** What was told between two places, as far as it is remembered. In the hub's order. */
    List<Change> toldBetween(long after, long upTo) {
        return recent.stream()
                .filter(change -> change.number <= told && change.lastPlace() > after && change.place <= upTo)
                .toList();
    }

    /**
     * The oldest change that was not told; {@code null} where all were. Its number tells whether some have been forgotten
     * before they were told. In the hub's order.
     */
    @Nullable
    Change firstUntold() {
        for (Change change : recent) {
            if (change.number() > told) {
                return change;
            }
        }
        return null;
    }

    /** What was told up to that place is not all remembered any more. In the hub's order. */
    long forgotten() {
        return forgotten;
    }

    /** Changes up to that number were forgotten before they could be told: they have that place. In the hub's order. */
    void forgetUntold(long number, long place) {
        told = number;
        forgotten = place;
    }

    /** The number of the last change that was told to those who may know. In the hub's order. */
    long told() {
        return told;
    }

    /** All up to that number are told now, after that place. Returns the last of their places. In the hub's order. */
    long told(long number, long after) {
        long last = after;
        for (Change change : recent) {
            if (change.number > told && change.number <= number) {
                change.place = Place.next(last);
                last = change.lastPlace();
            }
        }
        told = Math.max(told, number);
        return last;
    }

    /** Changes whenever somebody comes or goes, also over restarts. */
    public String version() {
        return instance + "." + version;
    }

    /** One subscription, as a document of its own; {@code null} where it is not active. */
    public @Nullable String document(Filter filter, Dialect dialect) {
        Subscriber subscriber = filter.subscriber() == null ? null : active.get(filter.subscriber());
        if (subscriber != null) {
            for (Selector selector : subscriber.selectors()) {
                if (filter.takes(selector)) {
                    return document(subscriber, selector, dialect, true);
                }
            }
        }
        return null;
    }

    /** The collection of the subscriptions that are asked for. */
    public String collection(Filter filter, Dialect dialect, String lastEventId) {
        var subscriptions = Json.array();
        for (Subscriber subscriber : active.values()) {
            for (Selector selector : subscriber.selectors()) {
                if (filter.takes(selector)) {
                    subscriptions.add(members(Json.object(), subscriber, selector, dialect, true));
                }
            }
        }
        JsonObjectBuilder collection = Json.object();
        if (dialect == Dialect.V0) {
            collection.add("@context", CONTEXT);
        }
        collection.add("id", filter.path(dialect));
        collection.add("type", dialect == Dialect.V0 ? "Subscriptions" : "subscriptions");
        if (dialect == Dialect.V0) {
            collection.add("lastEventID", lastEventId);
        }
        return collection.add("subscriptions", subscriptions).build().toString();
    }

    /** The topics of the update that tells of one subscription, in both dialects. */
    static List<Topic> topics(Subscriber subscriber, Selector selector) {
        Filter one = new Filter(selector.type(), selector.text(), subscriber.id());
        return List.of(Topic.of(one.path(Dialect.V0)), Topic.of(one.path(Dialect.V1)));
    }

    /**
     * In which dialect somebody is told of a subscription: in that of the topic which it selected, so that the ids in the
     * documents are the topics that it asked for, whatever else it selects in whatever form.
     */
    static Dialect dialect(Subscription reader, List<Topic> topics) {
        boolean old = reader.selects(topics.subList(0, 1));
        boolean modern = reader.selects(topics.subList(1, 2));
        return old == modern ? reader.dialect() : old ? Dialect.V0 : Dialect.V1;
    }

    /** The event that tells that somebody came or went, without its id. */
    static byte[] event(Subscriber subscriber, Selector selector, boolean isActive, Dialect dialect) {
        String type = dialect == Dialect.V0 ? null : "mercure";
        String data = document(subscriber, selector, dialect, isActive);
        return new Event(null, type, data, null).encode();
    }

    /** The same with an id, which is known only when it is handed out. */
    static byte[] withId(String cursor, byte[] event) {
        byte[] id = ("id: " + cursor + "\n").getBytes(StandardCharsets.US_ASCII);
        byte[] both = Arrays.copyOf(id, id.length + event.length);
        System.arraycopy(event, 0, both, id.length, event.length);
        return both;
    }

    private static String document(Subscriber subscriber, Selector selector, Dialect dialect, boolean isActive) {
        JsonObjectBuilder document = Json.object();
        if (dialect == Dialect.V0) {
            document.add("@context", CONTEXT);
        }
        return members(document, subscriber, selector, dialect, isActive)
                .build()
                .toString();
    }

    private static JsonObjectBuilder members(
            JsonObjectBuilder document, Subscriber subscriber, Selector selector, Dialect dialect, boolean isActive) {
        document.add("id", new Filter(selector.type(), selector.text(), subscriber.id()).path(dialect));
        if (dialect == Dialect.V0) {
            document.add("type", "Subscription").add("topic", selector.text());
        } else {
            document.add("type", "subscription")
                    .add("match_type", selector.type())
                    .add("match", selector.text());
        }
        document.add("subscriber", subscriber.id()).add("active", isActive);
        JsonValue payload = subscriber.payload(selector);
        return payload == null ? document : document.add("payload", payload);
    }

    /** A path segment: all but the unreserved characters as percent-encoded UTF-8. */
    static String encode(String text) {
        StringBuilder encoded = new StringBuilder(text.length() * 2);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xFF);
            if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "-._~".indexOf(c) >= 0) {
                encoded.append(c);
            } else {
                encoded.append('%')
                        .append(Character.toUpperCase(Character.forDigit(c >> 4, 16)))
                        .append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
            }
        }
        return encoded.toString();
    }
}
