package millrace.hub;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Function;
import millrace.auth.Principal;
import millrace.auth.View;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.history.History;
import millrace.history.HistoryException;
import millrace.history.Sink;
import millrace.history.Stored;
import millrace.history.Update;
import millrace.log.CloseReason;
import millrace.log.EncodedEvent;
import millrace.metrics.Metrics;
import millrace.stream.EventStream;
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

    private final StreamEngine engine;
    private final History history;
    private final Order order = new Order();
    private final Channels channels = new Channels();
    private final Presence presence = new Presence();
    private final Answers answers = new Answers();
    private final InTurn coming = new InTurn("hub-join");
    private final InTurn leaving = new InTurn("hub-leave");
    private final HubEvents events;
    private final Positions positions;
    private final PresenceTeller teller;
    private final HubMetrics metrics;
    private final boolean tellsPresence;
    private final int channelEvents;
    private final long channelBytes;
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
        order.delivered(Place.of(history.bounds().newest()));
        this.events = new HubEvents(config.get(Settings.HUB_CHECKPOINT), history.secret());
        this.positions = new Positions(history, order, events);
        this.teller = new PresenceTeller(
                order,
                channels,
                presence,
                events,
                tellsPresence,
                config.get(Settings.HUB_PROTOCOL).equals("both"));
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
     * @param published what {@link #publish} gave, or what waits for several of these
     */
    public <T> void answer(CompletableFuture<T> published, BiConsumer<@Nullable T, @Nullable Throwable> answer) {
        answers.add(published, answer);
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
        order.delivered(event.position());
    }

    /**
     * An update could not be handed to all. Who lacks it must get neither a later one nor a newer cursor before: no channel has
     * it in memory then, so that everybody finds it in the history.
     */
    private void passOver(long place) {
        order.lock();
        try {
            channels.all().forEach(shared -> shared.channel.skipTo(place));
            order.delivered(place); // last: who sees it finds no channel that lacks what it should have
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
    private void goOnWith(History late) {
        order.lock();
        try {
            events.secret(late.secret());
            channels.retire(CloseReason.STOPPED); // they hold numbers of another log
            order.beginLog(Place.of(late.bounds().newest()));
        } finally {
            order.unlock();
        }
        engine.endAll(CloseReason.STOPPED, stream -> stream.kind().equals(KIND)); // those who have not joined yet, too
    }

    /** All that has a place up to this one has been handed to the channels. */
    long delivered() {
        return order.delivered();
    }

    HubEvents events() {
        return events;
    }

    PresenceTeller teller() {
        return teller;
    }

    // ---- subscribing ----

    /**
     * What a cursor means now. To be asked before the subscriber is answered: what is published after that reaches it.
     *
     * @param cursor as the subscriber sent it, {@code null} where it sent none: then from now on
     * @throws HistoryException if the history cannot be read
     */
    public Position position(@Nullable String cursor, View reader) {
        return positions.position(cursor, reader);
    }

    /**
     * The newest cursor: the id of the newest update if this reader may see that, or else an opaque one; {@code earliest}
     * where there never was an update.
     */
    public String newestCursor(View reader) {
        return positions.newestCursor(reader);
    }

    /** An opaque cursor for this moment. */
    public String opaqueCursor() {
        return events.cursor(order.delivered());
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
            byte[] first = events.checkpoint(position.after(), dispatchesByType);
            if (first != null) {
                stream.sendOwn(first); // so that it has a cursor before its first event
            }
        }
        if (position.lost() != null) {
            stream.sendOwn(events.gap(position.lost(), position.after()));
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
            if (position.log() != order.log()) {
                stream.end(CloseReason.STOPPED); // its place means nothing in the history that was opened since
                return;
            }
            SharedChannel shared = channels.of(
                    subscriber.subscription(),
                    subscriber.selectors(),
                    wanted -> new Backlog(this, history, shelf, wanted),
                    backlog -> engine.newBroadcast(channelEvents, channelBytes, order.delivered(), backlog));
            shared.subscribers++;
            subscriber.shares(shared);
            stream.readAfter(shared.channel, position.after());
            presence.add(subscriber);
            teller.announce(); // it is told of itself, too: it stands in the order now
            joined = shared;
        } finally {
            order.unlock();
        }
        stream.onClose(reason -> leaveWithoutWaiting(subscriber, joined));
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
            teller.announce();
        } finally {
            order.unlock();
        }
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
        answers.close();
    }
}
