package millrace.stream;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import millrace.sse.EventEncoder;
import org.jspecify.annotations.Nullable;

/**
 * One open response: a cursor on a channel, and the few bytes that are for this reader alone. Obtained from
 * {@link StreamEngine#open}; any thread may call its public methods, none of them blocks.
 *
 * <p>What goes out, in this order: own bytes ({@code retry:}, {@code gap} …), the prelude (a private channel with the
 * replay, if there is one) until its end, then the channel; heartbeats in between, when there is nothing else.
 */
public final class EventStream extends WriteLoop implements Timer.Ticked {

    /** Makes the bytes of a heartbeat, e.g. with a checkpoint; called by a drainer. */
    public interface Heartbeat {
        byte[] bytes(EventStream stream);
    }

    private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    /** For the last event to arrive: some clients throw away what they have not read when the connection breaks. */
    private static final Duration BEFORE_A_CUT = Duration.ofMillis(100);

    /** Longer than any process lives, and not too long to be counted in nanoseconds. */
    private static final Duration FOREVER = Duration.ofDays(36_500);

    private static final long NEVER = Long.MAX_VALUE;

    /** A comment. No empty line follows: lenient clients would take that for an event with empty data. */
    public static final byte[] COMMENT = EventEncoder.comment("");

    private static final Heartbeat SILENT = stream -> COMMENT;

    private final StreamEngine engine;
    private final StreamOptions options;
    private final Drainers.Drainer home;
    private final @Nullable String address;
    private final long openedAt = System.nanoTime();

    // set once, before the first run
    private @Nullable Outlet outlet;
    private @Nullable Thread producer;

    // by the owner of the write loop; the cursor is also read by audiences
    private @Nullable PacedChannel prelude;
    private long preludeCursor;
    private volatile @Nullable Channel channel;
    private volatile long cursor;
    private volatile long sequence;
    private boolean fromPrelude;
    private byte @Nullable [] ownBatch;
    private @Nullable CloseReason endOfContent;

    /** Guarded by the channel's lock, for the audience. */
    int seat = -1;

    // by anybody
    private final Object ownLock = new Object();
    private @Nullable ArrayDeque<byte[]> own;
    private volatile boolean ownWaits;
    private volatile boolean heartbeatDue;
    private volatile long lastWrite = openedAt;
    private volatile Heartbeat heartbeat = SILENT;
    private volatile long expiresAt = NEVER;
    private volatile @Nullable Instant expiry;
    private volatile Timer.@Nullable Watch watch;
    private @Nullable Consumer<CloseReason> onClose;
    private @Nullable CloseReason closedFor;

    /** @param address whom it counts for where streams per address are limited */
    EventStream(StreamEngine engine, StreamOptions options, Drainers.Drainer home, @Nullable String address) {
        this.engine = engine;
        this.options = options;
        this.home = home;
        this.address = address;
    }

    // ---- for those who open it, before start ----

    /** Reads from that number of the channel on. Once, before or after {@link #readFirst}. */
    public void read(Channel from, long number) {
        from.attach(this, number);
        if (isClosed()) {
            from.detach(this); // it ended before it could know that it reads this
        }
        wake();
    }

    /** Reads that channel to its end before anything else: a replay. Before {@link #start}. */
    public void readFirst(PacedChannel replay) {
        prelude = replay;
        preludeCursor = 1;
        replay.soleReader(this);
    }

    /**
     * Reads a channel that nobody else reads: a request stream.
     *
     * @param onlyProducer its virtual thread, which may write; an interrupt within a write closes the connection, so it
     *     must not be interrupted before the stream has ended
     */
    void readAlone(PacedChannel only, Thread onlyProducer) {
        producer = onlyProducer;
        only.soleReader(this);
        cursor = 1;
        channel = only;
    }

    /** Bytes for this reader alone, whole blocks or lines; they go out before the next event of the channel. */
    public void sendOwn(byte[] blocks) {
        synchronized (ownLock) {
            if (own == null) {
                own = new ArrayDeque<>(2);
            }
            own.add(blocks);
            ownWaits = true;
        }
        wake();
    }

    /** What is sent in times of silence; a comment unless this is called. */
    public void heartbeat(Heartbeat source) {
        heartbeat = source;
    }

    /** Calls that once, after the stream has ended, on any thread; at once if it has ended already. Must not block. */
    public void onClose(Consumer<CloseReason> listener) {
        CloseReason already;
        synchronized (ownLock) {
            already = closedFor;
            if (already == null) {
                Consumer<CloseReason> before = onClose;
                onClose = before == null
                        ? listener
                        : reason -> {
                            tell(before, reason);
                            tell(listener, reason);
                        };
                return;
            }
        }
        listener.accept(already);
    }

    private static void tell(Consumer<CloseReason> listener, CloseReason reason) {
        try {
            listener.accept(reason);
        } catch (RuntimeException bug) { // the others must hear of it all the same
            System.getLogger("millrace.stream").log(System.Logger.Level.ERROR, "a listener failed", bug);
        }
    }

    /**
     * Ends the stream: own bytes still go out, the rest of the log is left for the next connection. A log that is to be
     * read to its end is ended by {@link Channel#end}.
     */
    public void end(CloseReason reason) {
        close(reason);
    }

    /**
     * Ends the stream after that time, or up to a tenth of a second later, as {@code EXPIRED}. To be called while the
     * stream is being set up.
     */
    public void expireAfter(Duration time) {
        if (time.compareTo(FOREVER) < 0) {
            expiresAt = System.nanoTime() + time.toNanos();
        }
    }

    /**
     * Ends the stream at that moment of the wall clock, as {@code EXPIRED}; a token's end. Where the clock is set, or
     * the machine sleeps, which the time that is counted does not notice, it ends when it is next looked at for a
     * heartbeat. To be called while the stream is being set up.
     */
    public void expireAt(Instant moment) {
        expiry = moment;
    }

    void outlet(Outlet real) {
        this.outlet = real;
    }

    void start() {
        watch = engine.timer().watch(this, firstLook());
        if (isClosed()) {
            watch.end(); // it ended before it could know
        }
    }

    // ---- what others ask ----

    /** {@link EncodedEvent#sequence} of the last event written; 0 before the first. */
    public long sequence() {
        return sequence;
    }

    /** The number of the next event of its channel. */
    long cursor() {
        return cursor;
    }

    /** As the cursor, for a stream that nothing keeps but a drainer's time; MAX_VALUE for all others. */
    long waitsForDrainerAt() {
        return isIdle() && prelude == null ? cursor : Long.MAX_VALUE;
    }

    boolean reads(Channel from) {
        return channel == from;
    }

    @Nullable
    String address() {
        return address;
    }

    Drainers.Drainer home() {
        return home;
    }

    /** What the stream is counted as, e.g. {@code hub}. */
    public String kind() {
        return options.kind();
    }

    // ---- for the channel ----

    void startReading(Channel from, long number) {
        cursor = number;
        channel = from;
    }

    // ---- the write loop's content side ----

    @Override
    void schedule() {
        home.enqueue(this);
    }

    @Override
    void run(Batch batch) {
        Outlet out = outlet;
        if (out == null || !(out.mayBlock() || out.hasItsThread())) {
            super.run(batch);
        } else if (begin()) {
            try {
                if (!out.hasItsThread()) {
                    engine.newWriter(() -> drain(new Batch())).start();
                } else if (!out.runOnItsThread(() -> drain(new Batch()))) {
                    drain(batch); // the server is being stopped
                }
            } catch (Throwable noThread) { // of too little memory, say: nobody else would ever end this stream
                System.getLogger("millrace.stream")
                        .log(System.Logger.Level.ERROR, "no thread for a stream that has something to write", noThread);
                lost(CloseReason.FAILED);
                drain(batch); // only completes: it is lost
            }
        }
    }

    @Override
    boolean hasLeft() {
        Outlet out = outlet;
        return out == null || out.hasLeft();
    }

    @Override
    void scheduleLater() {
        home.postpone(this, out().nextLook());
    }

    @Override
    boolean endsAfterFailure() {
        return out().endsAfterFailure();
    }

    /**
     * A wake by whoever appended. The stream's own producer writes to a quiet stream right here: to hand a single event
     * to a drainer costs two wake-ups of threads, as much as the write itself. In a burst the drainers do it, and
     * gather.
     */
    void wakeByAppender() {
        if (isQueued()) {
            return; // in a burst this is all there is to it
        }
        if (Thread.currentThread() != producer || !writeIfQuiet()) {
            wake();
        }
    }

    /**
     * Writes on this thread, where nobody else does, nothing went out for a moment, and the container's write does not
     * block; false where nothing was done. Not to be interrupted meanwhile: that would close the connection.
     */
    boolean writeIfQuiet() {
        Outlet out = outlet;
        if (isResting()
                && System.nanoTime() - lastWrite > QUIET_NANOS
                && out != null
                && !out.mayBlock()
                && !out.hasItsThread()
                && begin()) {
            drain(Batch.ofOne());
            return true;
        }
        return false;
    }

    @Override
    Next next(Batch batch) {
        if (ownBatch != null) {
            return Next.WRITE; // found by an earlier run, which the container was not ready for
        }
        if (ownWaits) {
            synchronized (ownLock) {
                ownBatch = own == null ? null : own.poll();
                ownWaits = own != null && !own.isEmpty();
                if (!ownWaits) {
                    own = null; // most streams have such bytes at their start alone
                }
            }
            if (ownBatch != null) {
                return Next.WRITE;
            }
        }
        if (isClosing()) {
            return Next.NOTHING; // what is in the log is left for the next connection: an endless log never ends
        }
        PacedChannel first = prelude;
        if (first != null) {
            Next next = gather(first, preludeCursor, batch, true);
            if (next != Next.END) {
                return next;
            }
            prelude = null;
            if (endOfContent != CloseReason.COMPLETED) {
                return Next.END;
            }
            endOfContent = null;
        }
        Channel from = channel;
        return from == null ? silence() : gather(from, cursor, batch, false);
    }

    private Next gather(Channel from, long number, Batch batch, boolean isPrelude) {
        CloseReason ended = from.ended(); // before the number: nothing is appended after the end
        if (number >= from.next()) {
            if (ended != null) {
                endOfContent = ended;
                return Next.END;
            }
            return silence();
        }
        switch (from.gather(number, batch)) {
            case TAKEN -> {
                fromPrelude = isPrelude;
                return Next.WRITE;
            }
            case LAPSED -> {
                long oldest = from.oldest();
                byte[] gap = from.gap(number, oldest);
                if (gap == null) {
                    endOfContent = CloseReason.TOO_SLOW;
                    return Next.END;
                }
                cursor = oldest;
                ownBatch = gap;
                return Next.WRITE;
            }
            default -> {
                return silence();
            }
        }
    }

    /** Nothing of the channel: perhaps a heartbeat. */
    private Next silence() {
        if (heartbeatDue) {
            heartbeatDue = false;
            ownBatch = heartbeat.bytes(this);
            return Next.WRITE;
        }
        return Next.NOTHING;
    }

    @Override
    CloseReason endOfContent() {
        return endOfContent == null ? CloseReason.COMPLETED : endOfContent;
    }

    @Override
    boolean isReady() {
        try {
            return out().isReady();
        } catch (Error failure) {
            throw failedInContainer(failure);
        }
    }

    /**
     * Of too little memory, say. An exception ends this stream; an Error would leave it as nobody's for ever, and with it
     * the readers that come after it in the walk.
     */
    private RuntimeException failedInContainer(Error failure) {
        System.getLogger("millrace.stream")
                .log(System.Logger.Level.ERROR, "the container failed under a stream", failure);
        close(CloseReason.FAILED);
        return new IllegalStateException(failure);
    }

    @Override
    void write(Batch batch) throws IOException {
        byte[] alone = ownBatch;
        if (alone != null) {
            ownBatch = null;
            write(alone, alone.length);
        } else {
            write(batch.bytes, batch.length);
            if (fromPrelude) {
                engine.drainers().delivered.add(batch.next - preludeCursor);
                preludeCursor = batch.next;
            } else {
                engine.drainers().delivered.add(batch.next - cursor);
                cursor = batch.next;
            }
            sequence = batch.lastSequence;
        }
        if (heartbeatDue) {
            heartbeatDue = false;
        }
    }

    private void write(byte[] bytes, int length) throws IOException {
        try {
            out().write(bytes, length);
        } catch (Error failure) {
            throw failedInContainer(failure);
        }
    }

    @Override
    void flush() throws IOException {
        try {
            out().flush();
        } catch (Error failure) {
            throw failedInContainer(failure);
        }
        lastWrite = System.nanoTime();
        PacedChannel first = prelude;
        if (first != null) {
            first.advanced(preludeCursor);
            return;
        }
        Channel from = channel;
        if (from != null) {
            from.advanced(cursor);
        }
    }

    @Override
    void complete(CloseReason reason) {
        if (reason == CloseReason.FAILED && options.cutOnFailure()) {
            engine.soon(BEFORE_A_CUT, out()::cut);
        } else {
            out().complete();
        }
    }

    @Override
    void ended(CloseReason reason) {
        Channel from = channel;
        if (from != null) {
            from.detach(this);
        }
        PacedChannel first = prelude;
        if (first != null) {
            first.abandon(reason); // its producer waits for a reader that will not come
        }
        engine.closed(this, reason);
        Timer.Watch watched = watch;
        if (watched != null) {
            watched.end();
        }
        Consumer<CloseReason> listener;
        synchronized (ownLock) {
            closedFor = reason;
            own = null;
            listener = onClose;
            onClose = null;
        }
        if (listener != null) {
            tell(listener, reason);
        }
    }

    private Outlet out() {
        Outlet out = outlet;
        if (out == null) {
            throw new IllegalStateException("not started");
        }
        return out;
    }

    // ---- time ----

    /** The first look comes at a random time within the interval, so that heartbeats of many streams are spread. */
    private long firstLook() {
        long interval = options.heartbeat().toNanos();
        long random = interval / 2 + ThreadLocalRandom.current().nextLong(Math.max(1, interval / 2));
        return untilExpiry(System.nanoTime(), random);
    }

    private long untilExpiry(long now, long otherwise) {
        long left = expiresAt == NEVER ? otherwise : Math.clamp(expiresAt - now, 0, otherwise);
        Instant moment = expiry;
        if (moment == null) {
            return left;
        }
        Duration byTheClock = Duration.between(engine.clock().instant(), moment);
        if (byTheClock.isNegative()) {
            return 0;
        }
        return byTheClock.compareTo(Duration.ofNanos(left)) < 0 ? byTheClock.toNanos() : left;
    }

    private boolean isExpired(long now) {
        Instant moment = expiry;
        return expiresAt != NEVER && expiresAt - now <= 0
                || moment != null && !engine.clock().instant().isBefore(moment);
    }

    @Override
    public long tick(long now) {
        if (isClosed()) {
            return -1;
        }
        long stall = options.stallTimeout().toNanos();
        if (isStalled(now - stall)) {
            giveUp(CloseReason.TOO_SLOW);
            return -1;
        }
        if (isExpired(now)) {
            close(CloseReason.EXPIRED); // looked at further: the client may take nothing
        }
        return isClosing() ? beat(now, stall) : untilExpiry(now, beat(now, stall));
    }

    /** A heartbeat, if it is due; returns the time until the next look for one. */
    private long beat(long now, long stall) {
        long interval = options.heartbeat().toNanos();
        long silent = now - lastWrite;
        if (isResting() && silent >= interval - TimeUnit.MILLISECONDS.toNanos(60)) {
            heartbeatDue = true;
            wake();
            Channel from = channel;
            if (from != null) {
                from.quiet();
            }
            return Math.min(interval, stall);
        }
        return Math.max(TimeUnit.MILLISECONDS.toNanos(50), Math.min(stall / 2, interval - Math.min(silent, interval)));
    }
}
