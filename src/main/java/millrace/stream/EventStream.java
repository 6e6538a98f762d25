package millrace.stream;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import millrace.log.CloseReason;
import millrace.log.EncodedEvent;
import millrace.log.Reader;
import millrace.sse.EventEncoder;
import org.jspecify.annotations.Nullable;

/**
 * One open response: a reader of a log, and the few bytes that are for this reader alone. Obtained from
 * {@link StreamEngine#open}; any thread may call its public methods, none of them blocks.
 *
 * <p>What goes out, in this order: own bytes ({@code retry:} …), then what its reader finds in the log or in the archive;
 * heartbeats in between, when there is nothing else.
 */
public final class EventStream extends WriteLoop implements Timer.Ticked {

    /** Makes the bytes of a heartbeat, e.g. with a checkpoint; called by a drainer. */
    public interface Heartbeat {
        byte[] bytes(EventStream stream);
    }

    private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    /** For the last event to arrive: some clients throw away what they have not read when the connection breaks. */
    private static final Duration BEFORE_A_CUT = Duration.ofMillis(100);

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
    private byte @Nullable [] ownBatch;
    private @Nullable CloseReason endOfContent;

    // what it reads; set once
    private volatile @Nullable Reader reader;
    private volatile @Nullable Channel channel;
    private volatile @Nullable Window window;

    /** Guarded by the channel's lock, for the audience. */
    int seat = -1;

    // by anybody
    private final OwnBytes own = new OwnBytes();
    private final EndListeners listeners = new EndListeners();
    private volatile boolean heartbeatDue;
    private volatile long lastWrite = openedAt;
    private volatile Heartbeat heartbeat = SILENT;
    private final Expiry expiry;
    private volatile Timer.@Nullable Watch watch;

    /** @param address the client's, for the limit of streams per address */
    EventStream(StreamEngine engine, StreamOptions options, Drainers.Drainer home, @Nullable String address) {
        this.engine = engine;
        this.options = options;
        this.home = home;
        this.address = address;
        this.expiry = new Expiry(engine.clock());
    }

    // ---- for those who open it, before start ----

    /** Reads from the event with that number on. Once. */
    public void read(Channel from, long number) {
        read(from, Reader.from(from.log(), number, this::wake));
    }

    /** Reads what follows that position. Once, at any time, on any thread. */
    public void readAfter(Channel from, long position) {
        read(from, Reader.after(from.log(), position, this::wake));
    }

    private void read(Channel from, Reader with) {
        reader = with;
        channel = from;
        from.attach(this);
        if (isClosed()) {
            from.detach(this); // it ended before it could know that it reads this
        }
        wake(); // for what was there before
    }

    /**
     * Reads a window that nobody else reads: a request stream.
     *
     * @param onlyProducer its virtual thread, which may write; an interrupt within a write closes the connection, so it
     *     must not be interrupted before the stream has ended
     */
    void readAlone(Window only, Thread onlyProducer) {
        producer = onlyProducer;
        reader = Reader.from(only.log(), 1, this::wake);
        window = only;
        only.readBy(this);
    }

    /** Bytes for this reader alone, whole blocks or lines; they go out before the next event of the channel. */
    public void sendOwn(byte[] blocks) {
        own.add(blocks);
        wake();
    }

    /** What is sent in times of silence; a comment unless this is called. */
    public void heartbeat(Heartbeat source) {
        heartbeat = source;
    }

    /** Calls that once, after the stream has ended, on any thread; at once if it has ended already. Must not block. */
    public void onClose(Consumer<CloseReason> listener) {
        listeners.add(listener);
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
        expiry.after(time);
    }

    /**
     * Ends the stream at that moment of the wall clock, as {@code EXPIRED}; a token's end. Where the clock is set, or
     * the machine sleeps, which the time that is counted does not notice, it ends when it is next looked at for a
     * heartbeat. To be called while the stream is being set up.
     */
    public void expireAt(Instant moment) {
        expiry.at(moment);
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

    /** The position of the last event written; see {@link EncodedEvent#position}. */
    public long position() {
        Reader with = reader;
        return with == null ? 0 : with.position();
    }

    /** Whether it has written all that its log has by now. */
    public boolean isUpToDate() {
        Reader with = reader;
        return with != null && with.number() == with.log().next();
    }

    /** The number of the next event of its log; {@link Reader#BEHIND} where memory need keep nothing for it. */
    long number() {
        Reader with = reader;
        return with == null ? Reader.BEHIND : with.number();
    }

    /** The same for a stream that waits for a drainer; {@link Reader#BEHIND} for one that waits for its client or the archive. */
    long waitsForDrainerAt() {
        return isIdle() ? number() : Reader.BEHIND;
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

    // ---- the write loop's content side ----

    @Override
    void schedule() {
        home.enqueue(this);
    }

    @Override
    void run() {
        Outlet out = outlet;
        if (out == null || !(out.mayBlock() || out.hasItsThread())) {
            super.run();
        } else if (begin()) {
            try {
                if (!out.hasItsThread()) {
                    engine.newWriter(() -> drain()).start();
                } else if (!out.runOnItsThread(() -> drain())) {
                    drain(); // the server is being stopped
                }
            } catch (Throwable noThread) { // of too little memory, say: nobody else would ever end this stream
                System.getLogger("millrace.stream")
                        .log(System.Logger.Level.ERROR, "no thread for a stream that has something to write", noThread);
                lost(CloseReason.FAILED);
                drain(); // only completes: it is lost
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
     * A wake by the thread that appended. The stream's own producer writes to a quiet stream right here: to hand a single event
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
            drain();
            return true;
        }
        return false;
    }

    @Override
    Next next() {
        if (ownBatch != null) {
            return Next.WRITE; // found by an earlier run, which the container was not ready for
        }
        ownBatch = own.poll();
        if (ownBatch != null) {
            return Next.WRITE;
        }
        if (isClosing()) {
            return Next.NOTHING; // what is in the log is left for the next connection: an endless log never ends
        }
        Reader with = reader;
        if (with == null) {
            return silence();
        }
        Reader.Found found = with.find();
        with.putBack(); // before the container is asked: it may say no, and then nothing may be touched any more
        return switch (found) {
            case EVENTS -> Next.WRITE;
            case NOTHING -> silence();
            case END -> endWith(with.log().ended());
            case UNREADABLE -> endWith(CloseReason.FAILED);
        };
    }

    private Next endWith(@Nullable CloseReason reason) {
        endOfContent = reason;
        return Next.END;
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
    void write() throws IOException {
        byte[] alone = ownBatch;
        Reader with = reader;
        if (alone != null) {
            ownBatch = null;
            write(alone, 0, alone.length);
        } else if (with != null && with.find() == Reader.Found.EVENTS) { // else memory let go of it just now
            write(with.bytes(), with.from(), with.length());
            engine.drainers().delivered.add(with.advance());
        }
        if (heartbeatDue) {
            heartbeatDue = false;
        }
    }

    private void write(byte[] bytes, int from, int length) throws IOException {
        try {
            out().write(bytes, from, length);
            engine.drainers().sentBytes.add(length);
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
        Window alone = window;
        Channel shared = channel;
        if (alone != null) {
            alone.log().allHaveReadTo(number());
        } else if (shared != null && shared.isPaced()) {
            shared.log().wasReadTo(number());
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
        engine.closed(this, reason);
        Timer.Watch watched = watch;
        if (watched != null) {
            watched.end();
        }
        own.discard();
        listeners.tell(reason);
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
        return expiry.until(System.nanoTime(), random);
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
        if (expiry.isOver(now)) {
            close(CloseReason.EXPIRED); // looked at further: the client may take nothing
        }
        return isClosing() ? beat(now, stall) : expiry.until(now, beat(now, stall));
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
