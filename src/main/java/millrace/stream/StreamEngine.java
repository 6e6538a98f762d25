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
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
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
import millrace.sse.Event;
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

    private static final Duration JOIN_TIME = Duration.ofSeconds(2);

    private final Config config;
    private final Metrics metrics;
    private final Drainers drainers;
    private final ThreadFactory writers;
    private final Timer timer;
    private final ByteBudget budget;
    private final Runs runs;
    private final Set<EventStream> open = ConcurrentHashMap.newKeySet();
    private final Set<Thread> producers = ConcurrentHashMap.newKeySet();
    private final Set<Runnable> soon = ConcurrentHashMap.newKeySet();
    private final Map<String, AtomicInteger> openByAddress = new ConcurrentHashMap<>();
    private final AtomicInteger openCount = new AtomicInteger();
    private final AtomicLong names = new AtomicLong();
    private final ClientAddress addresses;
    private final Origins origins;
    private final int maxStreams;
    private final int maxStreamsPerAddress;
    private final long retryMillis;
    private final Duration restartTime;
    private final InstantSource clock;

    /** When the drain ends, by {@link System#nanoTime}; set before it begins. */
    private volatile long drainedAt;

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
        this.budget = new ByteBudget(config.get(Settings.BUDGET));
        this.runs = new Runs(this, config, budget);
        this.addresses = new ClientAddress(config.get(Settings.PROXIES));
        this.origins = Origins.of(config);
        this.maxStreams = config.get(Settings.MAX_STREAMS);
        this.maxStreamsPerAddress = config.get(Settings.MAX_STREAMS_PER_ADDRESS);
        this.retryMillis = config.get(Settings.RETRY).toMillis();
        this.restartTime = config.get(Settings.RESTART_TIME);
        metrics.eventsDelivered(drainers::delivered);
        metrics.drainersReplaced(drainers::replaced);
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
        return openCount.get();
    }

    /** True from the beginning of the end: not ready for further streams. */
    public boolean isDraining() {
        return draining;
    }

    // ---- opening ----

    /** Whom a request counts for where limits are per address; see {@link ClientAddress}. */
    public String addressOf(HttpServletRequest request) {
        return addresses.of(request);
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
        return new Window(new Log(budget, Integer.MAX_VALUE, bytes, false, 0, (position, whenKnown) -> {
            throw new IllegalStateException("the only reader was passed");
        }));
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
        admit(address);
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
                leave(address);
            }
        }
        return stream;
    }

    /** As {@link #open}, onto something that is no servlet's response. */
    EventStream open(Outlet outlet, StreamOptions options, Consumer<EventStream> setUp) {
        EventStream stream = new EventStream(this, options, drainers.any(), null);
        openCount.incrementAndGet();
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
        stream.sendOwn(retryHint());
        setUp.accept(stream);
        stream.start();
        if (draining) { // it came in between
            stream.sendOwn(retryHint());
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
        if (maxStreams > 0 && openCount.get() >= maxStreams) {
            throw tooManyStreams();
        }
        AtomicInteger here = openByAddress.get(address);
        if (maxStreamsPerAddress > 0 && here != null && here.get() >= maxStreamsPerAddress) {
            throw tooManyForAddress();
        }
    }

    private void admit(String address) throws ProblemException {
        requireRoom(address);
        int now = openCount.incrementAndGet();
        if (maxStreams > 0 && now > maxStreams) {
            openCount.decrementAndGet();
            throw tooManyStreams();
        }
        if (maxStreamsPerAddress > 0) {
            int here = openByAddress
                    .compute(address, (key, count) -> {
                        AtomicInteger some = count == null ? new AtomicInteger() : count;
                        some.incrementAndGet();
                        return some;
                    })
                    .get();
            if (here > maxStreamsPerAddress) {
                leave(address);
                throw tooManyForAddress();
            }
        }
    }

    private static ProblemException tooManyStreams() {
        return new ProblemException(
                Problem.of(ProblemType.UNAVAILABLE, "This server has as many streams open as it may."),
                Duration.ofSeconds(10));
    }

    private ProblemException tooManyForAddress() {
        return new ProblemException(
                Problem.of(
                        ProblemType.TOO_MANY_REQUESTS,
                        "Your address has " + maxStreamsPerAddress + " streams open, the most it may."),
                Duration.ofSeconds(10));
    }

    private void leave(@Nullable String address) {
        openCount.decrementAndGet();
        if (maxStreamsPerAddress > 0 && address != null) {
            openByAddress.computeIfPresent(address, (key, count) -> count.decrementAndGet() <= 0 ? null : count);
        }
    }

    /**
     * {@code retry:} give or take a third, so that clients that were cut together do not come back together; while the
     * application stops, on top of the time until it is back: on a server that lives on, a container that answers in its
     * place says 404, or a proxy 502, and an {@code EventSource} would give up for good.
     */
    private byte[] retryHint() {
        long third = retryMillis / 3;
        long millis = retryMillis - third + ThreadLocalRandom.current().nextLong(2 * third + 1);
        Duration away = draining ? untilRestarted() : Duration.ZERO;
        return new Event(null, null, null, away.plusMillis(millis)).encode();
    }

    /** The rest of the drain, and the time that a restart takes by the settings. */
    Duration untilRestarted() {
        return restartTime.plusNanos(Math.max(0, drainedAt - System.nanoTime()));
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
        Runnable once = new Runnable() { // an object of its own: the same task may wait twice
                    @Override
                    public void run() {
                        if (soon.remove(this)) {
                            task.run();
                        }
                    }
                };
        soon.add(once);
        try {
            var unused = timer.schedule(delay, once);
        } catch (RejectedExecutionException stopped) {
            once.run();
        }
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
        Thread thread = Thread.ofVirtual()
                .name(kind + "-" + names.incrementAndGet())
                .unstarted(() -> {
                    producers.add(Thread.currentThread());
                    try {
                        if (closed) {
                            Thread.currentThread().interrupt();
                        }
                        work.run();
                    } finally {
                        producers.remove(Thread.currentThread());
                    }
                });
        return thread;
    }

    void closed(EventStream stream, CloseReason reason) {
        open.remove(stream);
        leave(stream.address());
        metrics.streamsOpen.labelValues(stream.kind()).dec();
        metrics.streamsClosed.labelValues(stream.kind(), reason.label()).inc();
        LOG.log(Level.DEBUG, () -> stream.kind() + " stream ended: " + reason.label());
    }

    void producerFailed(String kind, Throwable failure) {
        LOG.log(Level.WARNING, "the producer of a " + kind + " stream failed", failure);
    }

    int cut(Channel channel) {
        int count = 0;
        for (EventStream stream : open) {
            if (stream.reads(channel)) {
                stream.end(CloseReason.STOPPED);
                count++;
            }
        }
        return count;
    }

    /** Ends every stream of which that is true. */
    public int endAll(CloseReason reason, java.util.function.Predicate<EventStream> which) {
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
        drainedAt = System.nanoTime() + nanos;
        draining = true;
        List<EventStream> streams = new ArrayList<>(open);
        LongFunction<Duration> when = i -> Duration.ofNanos(nanos * i / Math.max(1, streams.size()));
        for (int i = 0; i < streams.size(); i++) {
            EventStream stream = streams.get(i);
            soon(when.apply(i), () -> {
                if (!stream.isClosing()) { // by another drain: the process may end while a launcher drains
                    stream.sendOwn(retryHint());
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
        drainedAt = System.nanoTime();
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
        long deadline = System.nanoTime() + JOIN_TIME.toNanos();
        for (Thread producer : producers) {
            producer.interrupt();
        }
        for (Thread producer : producers) {
            try {
                producer.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            } catch (InterruptedException hurried) {
                Thread.currentThread().interrupt();
            }
        }
        if (!producers.isEmpty()) {
            LOG.log(
                    Level.WARNING,
                    producers.size() + " producers ignore their interrupt and hold the application in memory");
        }
        timer.close();
        soon.forEach(Runnable::run); // else a response that waits for its cut would stay open
        drainers.close();
    }
}
