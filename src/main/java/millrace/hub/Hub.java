package millrace.hub;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Function;
import millrace.auth.Dialect;
import millrace.auth.Principal;
import millrace.auth.View;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.history.Bounds;
import millrace.history.History;
import millrace.history.HistoryException;
import millrace.history.Page;
import millrace.history.Sink;
import millrace.history.Stored;
import millrace.history.Update;
import millrace.log.CloseReason;
import millrace.log.EncodedEvent;
import millrace.metrics.Metrics;
import millrace.sse.Event;
import millrace.stream.EventStream;
import millrace.stream.LastEventId;
import millrace.stream.StreamEngine;
import millrace.topic.Selector;
import millrace.topic.Topic;
import org.jspecify.annotations.Nullable;

/**
 * One hub: updates come in, get their place in the history, and go out to the channels that selected them.
 *
 * <pre>
 * publish ─▶ History: sequence, durable, encoded ─▶ deliver ─▶ Match ─▶ channel of each distinct subscription
 *                        │                          (one at a time, in order)
 *                        └─ pages ─▶ Shelf ─▶ readers whose channel has moved on
 * </pre>
 *
 * <p>Everything that must agree on "before" and "after" happens under one lock, the order: handing an update to the
 * channels, making and dropping a channel, joining one. So a reader that joins at sequence 7 gets 8 and all that
 * follows, whoever publishes meanwhile, and no channel dies between being found and being joined. The lock is held for moments:
 * what may take long, above all finding who selected a topic, is done before it, see {@link Match}. And threads that
 * others need, of the container and of the timer, do not even wait for these moments: who finds the order taken when it
 * joins is handed to a virtual thread, and whoever leaves is.
 *
 * <p>Any thread may call any method; none of them blocks, except that {@link #close} waits, and that {@link #position}
 * and {@link #newestCursor} may read from the disk.
 */
public final class Hub implements AutoCloseable {

    /** Where the hub lies, below the application's path. */
    public static final String PATH = "/.well-known/mercure";

    /** What the streams of subscribers are called where kinds of streams are told apart. */
    public static final String KIND = "hub";

    /** The cursor for everything held, and the id before the first. */
    static final String EARLIEST = "earliest";

    /** How long a publisher waits at most for drainers that are behind. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);

    /** For answers to publishers that still wait when everything else has ended. */
    private static final Duration ANSWERS_TIME = Duration.ofSeconds(2);

    private final StreamEngine engine;
    private final History history;
    private volatile Cursors cursors;
    private final Channels channels = new Channels();
    private final HubMetrics metrics;
    private final Presence presence = new Presence();
    private final boolean tellsPresence;
    private final boolean speaksBoth;
    private final int channelEvents;
    private final long channelBytes;
    private final String checkpoints;

    /** Publishers that wait for their answer. */
    private final Set<Unanswered> unanswered = ConcurrentHashMap.newKeySet();

    /** See above. */
    private final ReentrantLock order = new ReentrantLock();

    private final InTurn coming = new InTurn("hub-join");
    private final InTurn leaving = new InTurn("hub-leave");
    private final InTurn telling = new InTurn("hub-presence");

    /** How often the history was opened anew: places in one log mean nothing in another. Written in the order. */
    private volatile long log;

    /** All that has a place up to this one has been handed to the channels; see {@link Place}. Written in the order. */
    private volatile long delivered;

    private final Shelf shelf;

    /** Completes when the drainers have caught up; done where they are not behind. Written in the order. */
    private volatile CompletableFuture<Void> caughtUp = CompletableFuture.completedFuture(null);

    /**
     * @param open makes the history, which hands what it takes to the sink; the hub closes it
     */
    public Hub(Config config, StreamEngine engine, Metrics metrics, Function<Sink, History> open) {
        this.engine = engine;
        this.channelEvents = config.get(Settings.HUB_CHANNEL_EVENTS);
        this.channelBytes = config.get(Settings.HUB_CHANNEL_BYTES);
        this.checkpoints = config.get(Settings.HUB_CHECKPOINT);
        this.speaksBoth = config.get(Settings.HUB_PROTOCOL).equals("both");
        this.tellsPresence = config.get(Settings.HUB_PRESENCE);
        this.history = open.apply(new Sink() {
            @Override
            public void accept(Stored update) {
                deliver(update);
            }

            @Override
            public void opened(History late) {
                goOnWith(late);
            }
        });
        this.cursors = new Cursors(history.secret());
        this.delivered = Place.of(history.bounds().newest());
        this.shelf = new Shelf(
                config.get(Settings.HUB_BACKLOG_BYTES),
                work -> engine.newProducer("hub-backlog", work).start());
        this.metrics = new HubMetrics(metrics, this);
    }

    // ---- publishing ----

    /**
     * Publishes. Does not block.
     *
     * @return completes when the update is durable and on its way, and the drainers are not far behind, or a second
     *     later than that: so publishers that wait for their answers are no faster than what carries the updates away;
     *     exceptionally with {@link HistoryException}. Whoever goes on from there neither blocks nor takes long
     */
    public CompletableFuture<Stored> publish(Update update) {
        long begin = System.nanoTime();
        CompletableFuture<Stored> done = history.append(update);
        CompletableFuture<Stored> counted =
                done.whenComplete((stored, failure) -> metrics.published(failure == null, System.nanoTime() - begin));
        CompletableFuture<Void> behind = caughtUp;
        return behind.isDone() ? counted : counted.thenCombine(behind, (stored, nothing) -> stored);
    }

    /**
     * Has a publisher answered, on a thread of its own, which may block. The hub does not end before that, unless it
     * takes too long.
     *
     * @param published what {@link #publish} gave
     */
    public void answer(CompletableFuture<Stored> published, BiConsumer<@Nullable Stored, @Nullable Throwable> answer) {
        Unanswered publisher = new Unanswered(published);
        unanswered.add(publisher);
        var unused = published.whenComplete((stored, failure) -> Thread.ofVirtual()
                .name("hub-answer")
                .start(() -> {
                    try {
                        answer.accept(stored, failure);
                    } finally {
                        unanswered.remove(publisher);
                        publisher.answered.complete(null);
                    }
                }));
    }

    /** The history's sink: one at a time, in the order of the sequence. */
    private void deliver(Stored stored) {
        try {
            Match match = Match.ofUpdate(channels, topics(stored.topics()), stored.isPrivate());
            EncodedEvent event = new EncodedEvent(stored.event(), Place.of(stored.sequence()));
            boolean done = false;
            while (!done) {
                match.lookAtNewcomers();
                order.lock();
                try {
                    done = match.isComplete();
                    if (done) {
                        handOut(event, match);
                    }
                } finally {
                    order.unlock();
                }
            }
        } catch (RuntimeException | Error failure) {
            passOver(Place.of(stored.sequence()));
            throw failure;
        }
    }

    /** In the order. */
    private void handOut(EncodedEvent event, Match match) {
        for (SharedChannel shared : match.takers()) {
            if (shared.isLive()) {
                shared.append(event);
                waitFor(shared.channel.behind());
            }
        }
        delivered = event.position();
    }

    /**
     * An update could not be handed to all. Who lacks it must get neither a later one nor a newer cursor before: no channel has
     * it in memory then, so that everybody finds it in the history.
     */
    private void passOver(long place) {
        order.lock();
        try {
            channels.all().forEach(shared -> shared.channel.skipTo(place));
            delivered = place; // last: who sees it finds no channel that lacks what it should have
        } finally {
            order.unlock();
        }
    }

    /** In the order. */
    private void waitFor(@Nullable CompletableFuture<Void> behind) {
        if (behind != null && !behind.isDone() && caughtUp.isDone()) {
            caughtUp = behind;
            engine.soon(LONGEST_WAIT, () -> behind.complete(null)); // a drainer may be stuck in a container
        }
    }

    /**
     * The history could not be opened at first, and now is. Who was connected meanwhile stands nowhere in its order: it is
     * ended, and told by a {@code gap} when it comes back.
     */
    @SuppressWarnings("NonAtomicVolatileUpdate") // in the order
    private void goOnWith(History late) {
        order.lock();
        try {
            log = log + 1;
            cursors = new Cursors(late.secret());
            channels.retire(CloseReason.STOPPED); // they hold numbers of another log
            delivered = Place.of(late.bounds().newest());
        } finally {
            order.unlock();
        }
        engine.endAll(CloseReason.STOPPED, stream -> stream.kind().equals(KIND)); // those who have not joined yet, too
    }

    /** All that has a place up to this one has been handed to the channels. */
    long delivered() {
        return delivered;
    }

    // ---- subscribing ----

    /**
     * What a cursor means now. To be asked before the subscriber is answered: what is published after that reaches it.
     *
     * @param cursor as the subscriber sent it, {@code null} where it sent none: then from now on
     * @throws HistoryException if the history cannot be read
     */
    public Position position(@Nullable String cursor, View reader) {
        long mine = log; // before anything else, so that nothing below belongs to an older one
        if (cursor == null) {
            return new Position(delivered, null, null, mine);
        }
        if (cursor.isEmpty()) {
            long now = delivered;
            return new Position(now, idAt(Place.sequence(now), reader), null, mine);
        }
        if (cursor.equals(EARLIEST)) {
            return new Position(after(history.bounds().oldest() - 1), EARLIEST, null, mine);
        }
        OptionalLong found = cursor.charAt(0) == '#' ? cursors.sequence(cursor) : history.find(cursor);
        Bounds held = history.bounds(); // not before: what is found may be the newest, published just now
        // everything after the place must be held; the update at the place itself need not be
        if (found.isPresent() && found.getAsLong() >= held.oldest() - 1 && found.getAsLong() <= held.newest()) {
            return new Position(after(found.getAsLong()), cursor, null, mine);
        }
        return new Position(after(held.oldest() - 1), EARLIEST, LastEventId.beginning(cursor), mine);
    }

    /**
     * Where a reader stands that knows all updates up to that sequence. The cursor does not tell which changes of
     * presence it was told before the next update: none of them is told again.
     */
    private long after(long sequence) {
        long now = delivered;
        long newest = Place.sequence(now);
        return sequence < newest ? Place.last(sequence) : sequence == newest ? now : Place.of(sequence);
    }

    /**
     * The newest cursor: the id of the newest update if this reader may see that, or else an opaque one; {@code earliest}
     * where there never was an update.
     */
    public String newestCursor(View reader) {
        return idAt(Place.sequence(delivered), reader);
    }

    /** An opaque cursor for this moment. */
    public String opaqueCursor() {
        return cursor(delivered);
    }

    private String idAt(long sequence, View reader) {
        if (sequence == 0) {
            return EARLIEST;
        }
        Page page = history.after(sequence - 1, 1, 1);
        if (!page.updates().isEmpty()) {
            Stored at = page.updates().getFirst();
            if (at.sequence() == sequence
                    && reader.permits(at.isPrivate(), topics(at.topics()))
                    && history.find(at.id()).orElse(-1) == sequence) { // an id used twice means its first holder
                return at.id();
            }
        }
        return cursors.of(sequence);
    }

    /**
     * Has the stream read the subscription: what is missed first, then what comes. To be called while the stream is
     * being set up.
     *
     * @param selectors as the subscriber wrote them, for presence
     * @param dispatchesByType whether events of a type that the client did not ask for reach nobody there
     */
    public void subscribe(
            EventStream stream,
            Subscription subscription,
            List<Selector> selectors,
            Principal principal,
            Position position,
            boolean dispatchesByType) {
        Subscriber subscriber = new Subscriber(this, subscription, selectors, principal, dispatchesByType);
        stream.heartbeat(subscriber);
        if (position.precedingId() == null) {
            byte[] first = checkpoint(position.after(), dispatchesByType);
            if (first != null) {
                stream.sendOwn(first); // so that it has a cursor before its first event
            }
        }
        if (position.lost() != null) {
            stream.sendOwn(gap(position.lost(), position.after()));
        }
        if (!joinAtOnce(stream, subscriber, position)) {
            coming.run(() -> join(stream, subscriber, position));
        }
    }

    /** On the container's thread, which does not wait: false where the order is taken. */
    private boolean joinAtOnce(EventStream stream, Subscriber subscriber, Position position) {
        if (!order.tryLock()) {
            return false;
        }
        try {
            join(stream, subscriber, position);
            return true;
        } finally {
            order.unlock();
        }
    }

    /** Has the stream read its channel from its position on: what is no longer there it finds in the history. */
    void join(EventStream stream, Subscriber subscriber, Position position) {
        SharedChannel joined;
        order.lock();
        try {
            if (position.log() != log) {
                stream.end(CloseReason.STOPPED); // its place means nothing in the history that was opened since
                return;
            }
            SharedChannel shared = channels.of(
                    subscriber.subscription(),
                    subscriber.selectors(),
                    wanted -> new Backlog(this, history, shelf, wanted),
                    backlog -> engine.newBroadcast(channelEvents, channelBytes, delivered, backlog));
            shared.subscribers++;
            subscriber.shares(shared);
            stream.readAfter(shared.channel, position.after());
            presence.add(subscriber);
            announce(); // it is told of itself, too: it stands in the order now
            joined = shared;
        } finally {
            order.unlock();
        }
        stream.onClose(reason -> leaveWithoutWaiting(subscriber, joined));
    }

    /**
     * Adds what tells a reader who came and went between two places, in the order of the places. Of more than is
     * remembered a {@code gap} tells: the collection of the subscriptions says who is there.
     */
    void addPresence(List<EncodedEvent> events, long after, long upTo, Subscription reader) {
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
            events.add(new EncodedEvent(gap(cursor(after), forgotten), forgotten));
        }
        for (Presence.Change change : changes) {
            for (Selector selector : change.subscriber().selectors()) {
                List<Topic> topics = Presence.topics(change.subscriber(), selector);
                if (reader.takes(true, topics)) {
                    byte[] event =
                            Presence.event(change.subscriber(), selector, change.isActive(), dialect(reader, topics));
                    events.add(new EncodedEvent(Presence.withId(cursor(change.place()), event), change.place()));
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

    /** On a thread of the container or the timer, or a drainer. */
    private void leaveWithoutWaiting(Subscriber subscriber, SharedChannel shared) {
        if (!order.tryLock()) {
            leaving.run(() -> leave(subscriber, shared));
            return;
        }
        try {
            leave(subscriber, shared);
        } finally {
            order.unlock();
        }
    }

    private void leave(Subscriber subscriber, SharedChannel shared) {
        order.lock();
        try {
            presence.remove(subscriber);
            if (--shared.subscribers == 0) {
                channels.drop(shared);
            }
            announce();
        } finally {
            order.unlock();
        }
    }

    /** Somebody came or went. In the order. */
    private void announce() {
        if (tellsPresence && channels.reachPresence()) {
            telling.run(this::tellPresence);
        } else {
            delivered = presence.told(presence.changes(), Place.next(delivered)); // to nobody
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
                        long place = Place.next(delivered);
                        announcements.forEach(announcement -> announcement.handOut(place));
                        delivered = presence.told(change.number(), place);
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
                long place = Place.next(delivered);
                presence.forgetUntold(change.number() - 1, place);
                channels.skipPresenceTo(place);
                delivered = place;
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
                    encoded.put(dialect, new EncodedEvent(Presence.withId(cursor(place), event), place)));
            for (int i = 0; i < dialects.size(); i++) {
                SharedChannel shared = match.takers().get(i);
                EncodedEvent event = encoded.get(dialects.get(i));
                if (event != null && shared.isLive()) {
                    shared.append(event);
                }
            }
        }
    }

    // ---- the hub's own events ----

    /**
     * What tells a reader a newer cursor; {@code null} where the settings want none for such a client. It is an event with
     * data: Firefox takes no id from a block without, and lenient clients take such a block for an event.
     */
    byte @Nullable [] checkpoint(long place, boolean dispatchesByType) {
        return switch (checkpoints) {
            case "auto" -> dispatchesByType ? checkpointEvent(place) : null;
            case "event" -> checkpointEvent(place);
            case "id" -> new Event(cursor(place), null, null, null).encode();
            default -> null;
        };
    }

    private byte[] checkpointEvent(long place) {
        return new Event(cursor(place), "checkpoint", "{}", null).encode();
    }

    /** Tells a reader that what it asked for is not held, and where it goes on instead. */
    byte[] gap(String requested, long goesOnAfter) {
        String cursor = cursor(goesOnAfter);
        String json = Json.object()
                .add("requested", requested)
                .add("continues_after", cursor)
                .build()
                .toString();
        return new Event(cursor, "gap", json, null).encode();
    }

    String cursor(long place) {
        return cursors.of(Place.sequence(place));
    }

    public HubMetrics metrics() {
        return metrics;
    }

    // ---- what others ask ----

    /** Whether updates are taken, as far as is known. */
    public boolean isReady() {
        return history.failure() == null;
    }

    /** Who subscribes; {@code null} where the settings keep that to the hub. */
    public @Nullable Presence presence() {
        return tellsPresence ? presence : null;
    }

    /** How many distinct subscriptions there are: each has a channel. */
    public int channelCount() {
        return channels.count();
    }

    /** Bytes of history in memory for subscribers who are behind. */
    long backlogBytes() {
        return shelf.bytes();
    }

    /** How many different templates and URL Patterns are subscribed to. */
    public int distinctPatterns() {
        return channels.distinctPatterns();
    }

    /** The channels as they are now; for metrics. */
    Collection<SharedChannel> channels() {
        return channels.all();
    }

    /** What matching needs. */
    public static List<Topic> topics(List<String> texts) {
        if (texts.size() == 1) {
            return List.of(Topic.of(texts.getFirst()));
        }
        return texts.stream().map(Topic::of).toList();
    }

    /** Finishes what was published and answers it, then refuses everything. Streams are closed by their engine. */
    @Override
    public void close() {
        history.close();
        if (!areAnswered()) {
            // a disk that does not answer: then its publishers are told that nothing is known of their updates
            unanswered.forEach(publisher ->
                    publisher.published.completeExceptionally(new HistoryException("The disk does not answer.")));
            areAnswered();
        }
    }

    private boolean areAnswered() {
        try {
            CompletableFuture.allOf(unanswered.stream()
                            .map(publisher -> publisher.answered)
                            .toArray(CompletableFuture<?>[]::new))
                    .get(ANSWERS_TIME.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException late) {
            return false;
        }
    }

    private static final class Unanswered {
        final CompletableFuture<Stored> published;
        final CompletableFuture<Void> answered = new CompletableFuture<>();

        Unanswered(CompletableFuture<Stored> published) {
            this.published = published;
        }
    }
}
