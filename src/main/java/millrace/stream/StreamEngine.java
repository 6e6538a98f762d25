package millrace.stream;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import java.util.function.Predicate;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.log.Archive;
import millrace.log.ByteBudget;
import millrace.log.CloseReason;
import millrace.log.Log;
import millrace.metrics.Metrics;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.ClientAddress;
import millrace.request.Origins;
import org.jspecify.annotations.Nullable;

/**
 * What all streams of one web application share: drainers, timer, budget, runs, and the list of what is open. Made when
 * the application starts, closed when it stops; afterwards none of its threads is left.
 */
public final class StreamEngine implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger("millrace.stream");
    private static final String ATTRIBUTE = "millrace.engine";
    /** {@code Cache-Control} of what is sent to a known user. */
    public static final String PRIVATE = "private, no-store, no-transform";

    private final Config config;
    private final Metrics metrics;
    private final Drainers drainers;
    private final ThreadFactory writers;
    private final Timer timer;
    private final ByteBudget budget;
    private final Runs runs;
    private final Set<EventStream> open = ConcurrentHashMap.newKeySet();
    private final Soon soon;
    private final Producers producers = new Producers();
    private final StreamLimits limits;
    private final Origins origins;
    private final RetryHints hints;
    private final InstantSource clock;

    private volatile boolean draining;
    private volatile boolean closed;

    public StreamEngine(Config config, Metrics metrics) {
        this(config, metrics, InstantSource.system());
    }

    /** @param clock the wall clock, by which tokens expire */
    StreamEngine(Config config, Metrics metrics, InstantSource clock) {
        this(config, metrics, clock, Thread.ofVirtual().name("millrace-write").factory());
    }

    /** @param writers makes the threads that write where a write may block */
    StreamEngine(Config config, Metrics metrics, InstantSource clock, ThreadFactory writers) {
        this.writers = writers;
        this.clock = clock;
        this.config = config;
        this.metrics = metrics;
        int wanted = config.get(Settings.DRAINERS);
        this.drainers = new Drainers(wanted == 0 ? Runtime.getRuntime().availableProcessors() : wanted);
        this.timer = new Timer(() -> drainers.replaceStuck(System.nanoTime()));
        this.soon = new Soon(timer);
        this.budget = new ByteBudget(config.get(Settings.BUDGET));
        this.runs = new Runs(this, config, budget);
        this.limits = new StreamLimits(config);
        this.origins = Origins.of(config);
        this.hints = new RetryHints(config);
        metrics.eventsDelivered(drainers::delivered);
        metrics.drainersReplaced(drainers::replaced);
        metrics.sentBytes(drainers::sentBytes);
        metrics.heldBytes(budget::used);
        metrics.runs(runs::held);
    }

    /** The engine of that application; {@code null} where none was started. */
    public static @Nullable StreamEngine in(ServletContext context) {
        return (StreamEngine) context.getAttribute(ATTRIBUTE);
    }

    /** Makes this the engine of that application. */
    public void installIn(ServletContext context) {
        context.setAttribute(ATTRIBUTE, this);
    }

    public Config config() {
        return config;
    }

    public Metrics metrics() {
        return metrics;
    }

    public Runs runs() {
        return runs;
    }

    /** Whose pages may use streams and chat. */
    public Origins origins() {
        return origins;
    }

    /** Streams open now. */
    public int openStreams() {
        return limits.open();
    }

    /** True from the beginning of the end: not ready for further streams. */
    public boolean isDraining() {
        return draining;
    }

    // ---- opening ----

    /** Whom a request counts for where limits are per address; see {@link ClientAddress}. */
    public String addressOf(HttpServletRequest request) {
        return limits.addressOf(request);
    }

    /**
     * A log for many readers, to which appending never waits. What all have read is let go of.
     *
     * @param after the position before its first event
     * @param archive where readers find what memory has let go of
     */
    public Channel newBroadcast(int maxEvents, long maxBytes, long after, Archive archive) {
        return new Channel(drainers, new Log(budget, maxEvents, maxBytes, false, after, archive), false, comings -> {});
    }

    /** A log for one reader whose producer waits once it is that many bytes ahead. */
    public Window newWindow(long bytes) {
        return new Window(budget, bytes);
    }

    Channel runChannel(ByteBudget part, Archive archive, LongConsumer lastReaderLeft) {
        Log log = new Log(part, config.get(Settings.RUN_EVENTS), config.get(Settings.RUN_BYTES), true, 0, archive);
        return new Channel(drainers, log, true, lastReaderLeft);
    }

    /**
     * Sends status 200 and the headers of an event stream at once, and begins to write what the stream reads. To be
     * called on the request's thread, before anything was written; other headers may have been set.
     *
     * @param headers set where the stream is opened, and not where it is refused
     * @param setUp says what the stream reads; called before the container's first callback
     * @throws ProblemException where no further stream is taken: nothing has been written then
     * @throws IOException where the client is gone already
     */
    public EventStream open(
            HttpServletRequest request,
            HttpServletResponse response,
            StreamOptions options,
            Map<String, String> headers,
            Consumer<EventStream> setUp)
            throws ProblemException, IOException {
        if (!request.isAsyncSupported()) {
            throw new IllegalStateException(
                    "a filter or servlet on the way lacks <async-supported>true</async-supported> (or asyncSupported = true)");
        }
        String address = addressOf(request);
        requireRoom(address);
        limits.enter(address);
        EventStream stream = new EventStream(this, options, drainers.any(), address);
        boolean begun = false;
        try {
            ContainerTraits traits =
                    ContainerTraits.of(request.getServletContext().getServerInfo(), request);
            headers.forEach(response::setHeader);
            writeHeaders(response);
            if (traits.bufferSize() > 0) {
                response.setBufferSize(traits.bufferSize());
            }
            response.flushBuffer();
            ServletOutputStream out = response.getOutputStream();
            ServletOutlet outlet = new ServletOutlet(stream, out, traits);
            stream.outlet(outlet);
            AsyncContext context = request.startAsync(request, response);
            outlet.begin(context);
            begun = true; // from here on the stream's end completes the response, and counts it out
            register(stream, options);
            context.setTimeout(0);
            RequestEnd.tell(context, outlet);
            begin(stream, setUp);
            out.setWriteListener(outlet); // last: some containers call back within it
            endIfClosed(stream);
        } catch (RuntimeException | Error failure) {
            if (begun) {
                stream.lost(CloseReason.FAILED);
            }
            throw failure;
        } finally {
            if (!begun) {
                limits.leave(address);
            }
        }
        return stream;
    }

    /** As {@link #open}, onto something that is no servlet's response. */
    EventStream open(Outlet outlet, StreamOptions options, Consumer<EventStream> setUp) {
        EventStream stream = new EventStream(this, options, drainers.any(), null);
        limits.enterUnlimited();
        stream.outlet(outlet);
        register(stream, options);
        begin(stream, setUp);
        endIfClosed(stream);
        return stream;
    }

    /** A stream whose opening took longer than the whole end of the application: no thread of ours is left to end it. */
    private void endIfClosed(EventStream stream) {
        if (closed) {
            stream.lost(CloseReason.SHUTTING_DOWN);
        }
    }

    private void register(EventStream stream, StreamOptions options) {
        open.add(stream);
        metrics.streamsOpened.labelValues(options.kind()).inc();
        metrics.streamsOpen.labelValues(options.kind()).inc();
    }

    private void begin(EventStream stream, Consumer<EventStream> setUp) {
        stream.sendOwn(hints.next(draining));
        setUp.accept(stream);
        stream.start();
        if (draining) { // it came in between
            stream.sendOwn(hints.next(draining));
            stream.end(CloseReason.SHUTTING_DOWN);
        }
    }

    /**
     * Answers HEAD as {@link #open} would have begun to answer GET. To be called in its place, or before what only a GET
     * should start.
     *
     * @return false where the method is another, and nothing was done
     * @throws ProblemException where no further stream would be taken
     */
    public boolean answersHead(HttpServletRequest request, HttpServletResponse response, Map<String, String> headers)
            throws ProblemException {
        boolean asked = request.getMethod().equals("HEAD");
        if (asked) {
            requireRoom(request);
            headers.forEach(response::setHeader);
            writeHeaders(response);
        }
        return asked;
    }

    static void writeHeaders(HttpServletResponse response) {
        response.setStatus(HttpServletResponse.SC_OK);
        response.setContentType("text/event-stream;charset=utf-8");
        if (!response.containsHeader("Cache-Control")) {
            response.setHeader("Cache-Control", "no-cache, no-transform");
        }
        response.setHeader("X-Accel-Buffering", "no");
    }

    /** Refuses what {@link #open} would refuse now: before something is done for it. */
    public void requireRoom(HttpServletRequest request) throws ProblemException {
        requireRoom(addressOf(request));
    }

    void requireRoom(String address) throws ProblemException {
        if (draining) {
            throw new ProblemException(
                    Problem.of(ProblemType.UNAVAILABLE, "The application stops; come back in a moment."),
                    untilRestarted());
        }
        limits.requireRoom(address);
    }

    /** The rest of the drain, and the time that a restart takes by the settings. */
    Duration untilRestarted() {
        return hints.untilRestarted();
    }

    // ---- for the rooms' own use ----

    Timer timer() {
        return timer;
    }

    InstantSource clock() {
        return clock;
    }

    /** Runs it once, after that time; at once where the application stops. */
    public void soon(Duration delay, Runnable task) {
        soon.run(delay, task);
    }

    Drainers drainers() {
        return drainers;
    }

    /** For one write that may block; not started yet. */
    Thread newWriter(Runnable write) {
        return writers.newThread(write);
    }

    /**
     * A named virtual thread that is interrupted when the application ends, also if it starts after that: somebody may
     * wait for its work to tell that it was in vain. Not started yet.
     */
    public Thread newProducer(String kind, Runnable work) {
        return producers.newThread(kind, work);
    }

    void closed(EventStream stream, CloseReason reason) {
        open.remove(stream);
        limits.leave(stream.address());
        metrics.streamsOpen.labelValues(stream.kind()).dec();
        metrics.streamsClosed.labelValues(stream.kind(), reason.label()).inc();
        LOG.log(Level.DEBUG, () -> stream.kind() + " stream ended: " + reason.label());
    }

    void producerFailed(String kind, Throwable failure) {
        LOG.log(Level.WARNING, "the producer of a " + kind + " stream failed", failure);
    }

    int cut(Channel channel) {
        return endAll(CloseReason.STOPPED, stream -> stream.reads(channel));
    }

    /** Ends every stream of which that is true. */
    public int endAll(CloseReason reason, Predicate<EventStream> which) {
        int count = 0;
        for (EventStream stream : open) {
            if (which.test(stream)) {
                stream.end(reason);
                count++;
            }
        }
        return count;
    }

    // ---- the end ----

    /**
     * Takes no further stream, and ends those that are open, spread over that time, each with a {@code retry:} hint that
     * outlasts it.
     * Returns when all have ended, or a little after the time. May be called twice.
     */
    public void drain(Duration time) {
        long nanos = time.toNanos();
        hints.drains(time);
        draining = true;
        List<EventStream> streams = new ArrayList<>(open);
        LongFunction<Duration> when = i -> Duration.ofNanos(nanos * i / Math.max(1, streams.size()));
        for (int i = 0; i < streams.size(); i++) {
            EventStream stream = streams.get(i);
            soon(when.apply(i), () -> {
                if (!stream.isClosing()) { // by another drain: the process may end while a launcher drains
                    stream.sendOwn(hints.next(draining));
                    stream.end(CloseReason.SHUTTING_DOWN);
                }
            });
        }
        long deadline = System.nanoTime() + nanos + TimeUnit.MILLISECONDS.toNanos(500);
        while (!open.isEmpty() && System.nanoTime() - deadline < 0) {
            try {
                Thread.sleep(10);
            } catch (InterruptedException hurried) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        hints.drains(Duration.ZERO);
    }

    /** Drains by the setting, then interrupts producers and ends all threads. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        drain(draining ? Duration.ZERO : config.get(Settings.DRAIN_TIME));
        closed = true;
        runs.stopAll(CloseReason.SHUTTING_DOWN);
        for (EventStream stream : open) {
            stream.lost(CloseReason.SHUTTING_DOWN);
        }
        producers.close();
        timer.close();
        soon.close(); // else a response that waits for its cut would stay open
        drainers.close();
    }
}
