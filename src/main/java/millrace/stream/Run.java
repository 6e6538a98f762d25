package millrace.stream;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import millrace.log.Archive;
import millrace.log.ByteBudget;
import millrace.log.CloseReason;
import millrace.log.EncodedEvent;
import millrace.log.Log;
import millrace.problem.Problem;
import millrace.problem.ProblemType;
import millrace.request.LastEventId;
import millrace.sse.Event;
import org.jspecify.annotations.Nullable;

/**
 * A resumable stream: a producer, the log of what it has sent, and readers that come and go. Every event's id is
 * {@code <run>-<position>}, the position counting from 1. Obtained from {@link Runs}; any thread may use it.
 */
public final class Run {

    /** Whoever is told where a run can be read takes a moment to come, also where the grace time is 0. */
    private static final Duration FIRST_READER_TIME = Duration.ofSeconds(10);

    /**
     * For the request that starts a run, until it reads it. Only one that its container forgets never does, and a
     * machine that is short of processors may take long.
     */
    private static final Duration STARTING_TIME = Duration.ofMinutes(2);

    private final StreamEngine engine;
    private final Runs runs;
    private final String id;
    private final String secret;
    private final String origin;
    private final @Nullable String owner;
    private final String ownerKey;
    private final StreamOptions options;
    private final Channel channel;
    private final Log log;
    private final ByteBudget budget;

    /** One producer at a time gives a position and appends under it. */
    private final ReentrantLock sending = new ReentrantLock();

    /** Held by the producer while it writes, and by who interrupts it: in a write that would break the reader's connection. */
    private final ReentrantLock writing = new ReentrantLock();

    private volatile @Nullable Thread producer;

    /** Position of the last event that has an id: the furthest that a client can name. */
    private volatile long lastWithId;

    private final Object fields = new Object();
    private @Nullable Future<?> graceTask;
    private boolean over;

    /** Until when it is kept after its end; guarded by the lock of {@link Runs}. */
    @Nullable
    Future<?> forgetting;

    Run(
            StreamEngine engine,
            Runs runs,
            String id,
            String secret,
            String origin,
            @Nullable String owner,
            String ownerKey,
            StreamOptions options,
            ByteBudget budget) {
        this.engine = engine;
        this.runs = runs;
        this.id = id;
        this.secret = secret;
        this.origin = origin;
        this.owner = owner;
        this.ownerKey = ownerKey;
        this.options = options;
        this.budget = budget;
        this.channel = engine.runChannel(budget, this::gap, this::unread);
        this.log = channel.log();
    }

    /** 22 characters of base64url: 128 random bits and more. */
    public String id() {
        return id;
    }

    /** What the starter shows to stop the run. */
    public String secret() {
        return secret;
    }

    /** Who started it; {@code null} where the starter is not known. */
    public @Nullable String owner() {
        return owner;
    }

    public String kind() {
        return options.kind();
    }

    String origin() {
        return origin;
    }

    String ownerKey() {
        return ownerKey;
    }

    StreamOptions options() {
        return options;
    }

    Channel channel() {
        return channel;
    }

    Log log() {
        return log;
    }

    /** Position of the last event that has an id; 0 before the first. */
    long lastWithId() {
        return lastWithId;
    }

    /** Whether the producer has ended, and for what reason; {@code null} while it runs. */
    public @Nullable CloseReason ended() {
        return log.ended();
    }

    /** The id of the event at that position. */
    public String eventId(long position) {
        return id + "-" + position;
    }

    /** Compares in constant time. */
    public boolean isSecret(String shown) {
        return MessageDigest.isEqual(secret.getBytes(StandardCharsets.UTF_8), shown.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Appends an event, whose id becomes this run's next. Blocks while the log is full and the fastest reader has not
     * read its oldest event.
     */
    public void send(Event event) throws StreamClosedException, InterruptedException {
        sending.lockInterruptibly();
        try {
            long position = log.next();
            boolean hasId = event.data() != null; // else the id would make a block without data of it
            byte[] bytes =
                    (hasId ? event.withId(eventId(position)) : new Event(null, null, null, event.retry())).encode();
            long lastBefore = lastWithId;
            if (hasId) {
                lastWithId = position; // before it can be read
            }
            if (log.appendPaced(new EncodedEvent(bytes, position), this::makeRoom) < 0) {
                lastWithId = lastBefore;
                CloseReason why = log.ended();
                throw new StreamClosedException(why == null ? CloseReason.STOPPED : why);
            }
        } finally {
            sending.unlock();
        }
        if (!writeByProducer()) {
            channel.wakeReaders();
        }
    }

    /** Rather an ended run is forgotten than what this one still needs. */
    private boolean makeRoom() {
        return runs.makeRoom(budget.isExceededHere() ? ownerKey : null);
    }

    /** What {@link EventStream#wakeByAppender} is to a request stream. */
    private boolean writeByProducer() {
        EventStream reader = channel.loneReader();
        if (reader == null || Thread.currentThread() != producer || !writing.tryLock()) {
            return false;
        }
        try {
            return !Thread.currentThread().isInterrupted() && reader.writeIfQuiet();
        } finally {
            writing.unlock();
            if (log.ended() != null) { // who stopped it meanwhile has left the interrupt to us
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Ends the run; its producer is interrupted, its readers end when they have read what is there. */
    public void stop(CloseReason reason) {
        channel.end(reason);
        Thread running = producer;
        if (running != null && writing.tryLock()) {
            try {
                running.interrupt();
            } finally {
                writing.unlock();
            }
        } // else it is writing, and sees afterwards that the log has ended
        over();
    }

    /** Ends the connections of its readers, as a broken network would; the run goes on. */
    public int cut() {
        return engine.cut(channel);
    }

    /** How many read it now. */
    public int readers() {
        return channel.readers();
    }

    void startProducer(Producer work) {
        Thread thread = engine.newProducer(options.kind(), () -> produce(work));
        producer = thread;
        thread.start();
    }

    private void produce(Producer work) {
        try {
            work.produce(this::send);
            if (options.endEvent() && log.ended() == null) {
                send(StreamServlet.END_EVENT);
            }
            channel.end(CloseReason.COMPLETED);
        } catch (StreamClosedException | InterruptedException stopped) {
            channel.end(CloseReason.STOPPED); // without effect where stop() gave the reason
        } catch (Throwable failure) {
            if (log.ended() == null) {
                engine.producerFailed(options.kind(), failure);
                sendProblem(Problem.of(ProblemType.INTERNAL, "The stream failed on our side."));
            }
            channel.end(CloseReason.FAILED);
        } finally {
            over();
        }
    }

    private void sendProblem(Problem problem) {
        try {
            send(Event.of("problem", problem.toJson()));
        } catch (StreamClosedException | InterruptedException endedMeanwhile) {
            // then nobody waits for it
        }
    }

    private void over() {
        synchronized (fields) {
            if (over) {
                return;
            }
            over = true;
            producer = null;
            if (graceTask != null) {
                graceTask.cancel(false);
                graceTask = null;
            }
        }
        runs.ended(this);
    }

    /** The request that started it is about to read it, or to say where it can be read. */
    void begun() {
        stopUnlessReadWithin(atLeast(STARTING_TIME), 0);
    }

    /** Somebody was told where it can be read. */
    void accepted() {
        stopUnlessReadWithin(atLeast(FIRST_READER_TIME), 0);
    }

    /**
     * Nobody reads it any more: unless somebody comes within the grace time, it is stopped.
     *
     * @param came how many readers had come by then: if another has come since, nothing happens
     */
    private void unread(long came) {
        stopUnlessReadWithin(options.grace(), came);
    }

    private Duration atLeast(Duration time) {
        Duration grace = options.grace();
        return grace.isNegative() || grace.compareTo(time) > 0 ? grace : time;
    }

    private void stopUnlessReadWithin(Duration time, long came) {
        if (time.isNegative() || log.ended() != null) {
            return;
        }
        synchronized (fields) {
            if (over) {
                return;
            }
            if (graceTask != null) {
                graceTask.cancel(false);
            }
            graceTask = engine.timer().schedule(time, () -> {
                if (channel.isUnreadSince(came)) {
                    stop(CloseReason.CLIENT_GONE);
                }
            });
        }
    }

    /** A run's events are in memory or nowhere. */
    private Archive.Answer gap(long position, Runnable whenKnown) {
        long goesOnWith = log.oldest();
        return new Archive.Gap(gapAfter(eventId(position), goesOnWith), goesOnWith - 1);
    }

    /** Tells a reader that nothing follows that id here, and that it goes on with that position instead. */
    byte[] gapAfter(String lastEventId, long goesOnWith) {
        return runs.gapEvent(LastEventId.beginning(lastEventId), eventId(goesOnWith - 1))
                .encode();
    }
}
