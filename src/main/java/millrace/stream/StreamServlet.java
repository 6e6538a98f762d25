package millrace.stream;

import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.log.CloseReason;
import millrace.log.EncodedEvent;
import millrace.metrics.Metrics;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.Origins;
import millrace.sse.Event;
import org.jspecify.annotations.Nullable;

/**
 * What users extend: one blocking method on a virtual thread, whose events flow to the client.
 *
 * <pre>{@code
 * @WebServlet(urlPatterns = "/ten", asyncSupported = true)
 * public class Ten extends StreamServlet {
 *     protected void stream(StreamRequest request, EventSink events) throws Exception {
 *         for (int i = 0; i < 10; i++) { events.send("" + i); Thread.sleep(100); }
 *     }
 * }
 * }</pre>
 *
 * <p>GET and POST start a producer; HEAD answers with the headers alone, which are those of GET but for what only a run
 * that is started can say. The producer's {@code send} blocks while the
 * client is slow; the producer is interrupted when the client is gone, also in its sleep: at once over HTTP/2, at the
 * next write or heartbeat over HTTP/1.1. When it returns, the stream ends; when it throws, a {@code problem} event says
 * so without its details. Every filter in front needs {@code async-supported} too.
 */
public abstract class StreamServlet extends HttpServlet {
    @Serial
    private static final long serialVersionUID = 1;

    /** The id of the {@code end} event: a client that comes back with it is answered 204, which stops an EventSource. */
    static final String END_ID = "end";

    /** What closes a stream whose producer has returned, where the options want that. */
    static final Event END_EVENT = Event.of("end", "{\"reason\":\"completed\"}");

    /** The header with the secret that stops a run. */
    public static final String RUN_SECRET = "Millrace-Run-Secret";

    private static final byte[] NO_BODY = {};

    private transient @Nullable StreamEngine ownEngine;
    private transient @Nullable StreamEngine engine;
    private transient @Nullable StreamOptions options;
    private transient Origins origins = Origins.none();

    /** The producer. */
    protected abstract void stream(StreamRequest request, EventSink events) throws Exception;

    /**
     * Runs before any header; throw to refuse with a status. Must not block for long: this is the container's thread.
     */
    protected void open(StreamRequest request) throws ProblemException {}

    /** How the streams of this servlet behave; called once. Override and change what should differ. */
    protected StreamOptions options(StreamOptions standard) {
        return standard;
    }

    /**
     * Whose pages may use this servlet, beside those of its own origin; called once. Override to add some
     * ({@code standard.and("https://app.example")}) or to take none ({@code Origins.none()}).
     *
     * @param standard what {@code millrace.origins} says
     */
    protected Origins origins(Origins standard) {
        return standard;
    }

    /** Finds the application's engine, or starts one where this servlet lives in an application without. */
    @Override
    public void init() throws ServletException {
        StreamEngine found;
        synchronized (StreamServlet.class) { // the first requests to two of them may come at once
            found = StreamEngine.in(getServletContext());
            if (found == null) {
                Config config =
                        Config.load(System.getProperties(), System.getenv(), contextParameters(getServletContext()));
                found = new StreamEngine(config, new Metrics());
                found.installIn(getServletContext());
                ownEngine = found;
            }
        }
        engine = found;
        options = options(StreamOptions.of(found.config(), "stream"));
        origins = origins(found.origins());
    }

    /** Ends what {@link #init} started. */
    @Override
    public void destroy() {
        StreamEngine own = ownEngine;
        if (own != null) {
            own.close();
        }
    }

    /** The context parameters of an application, in which settings are looked for too. */
    public static Map<String, String> contextParameters(ServletContext context) {
        Map<String, String> parameters = new HashMap<>();
        for (String name : Collections.list(context.getInitParameterNames())) {
            parameters.put(name, context.getInitParameter(name));
        }
        return parameters;
    }

    /** The engine that serves this servlet. */
    protected final StreamEngine engine() {
        StreamEngine found = engine;
        if (found == null) {
            throw new IllegalStateException("init() has not run: a servlet that overrides it calls super.init()");
        }
        return found;
    }

    @Override
    protected final void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        BrokenEnd.rethrow(request);
        if (origins.answer(request, response)) {
            return;
        }
        try {
            switch (request.getMethod()) {
                case "GET", "HEAD" -> start(request, response, NO_BODY);
                case "POST" -> {
                    origins.require(request);
                    byte[] body = RequestBody.readOrComeBack(
                            request, engine(), engine().config().get(Settings.MAX_BODY));
                    if (body != null) {
                        start(request, response, body);
                    }
                }
                default -> {
                    response.setHeader("Allow", "GET, HEAD, POST");
                    throw new ProblemException(ProblemType.METHOD_NOT_ALLOWED, "Use GET or POST.");
                }
            }
        } catch (ProblemException refused) {
            ProblemResponse.refuse(request, response, refused);
        }
    }

    private void start(HttpServletRequest request, HttpServletResponse response, byte[] body)
            throws ProblemException, IOException {
        StreamRequest copy = StreamRequest.copy(request, body, engine().addressOf(request));
        StreamOptions how = options == null ? StreamOptions.of(engine().config(), "stream") : options;
        String lastEventId = copy.lastEventId();
        if (how.resumable()) {
            RunResponses responses = new RunResponses(engine());
            String asked = lastEventId == null || lastEventId.isEmpty() ? null : lastEventId;
            Runs.Position after = asked == null ? null : Runs.Position.parse(asked);
            if (after != null) {
                responses.resume(request, response, after, copy.user(), getServletName());
                return;
            }
            open(copy);
            if (engine().answersHead(request, response, cacheControl(request))) {
                return;
            }
            Run run = engine().runs()
                    .start(how, getServletName(), copy.user(), copy.remoteAddress(), sink -> stream(copy, sink));
            responses.begin(request, response, run, asked); // an id that names no run is told as a gap
            return;
        }
        if (END_ID.equals(lastEventId)) {
            response.setStatus(HttpServletResponse.SC_NO_CONTENT);
            RunResponses.sendHeadAlone(response);
            return;
        }
        open(copy);
        if (engine().answersHead(request, response, cacheControl(request))) {
            return;
        }
        Window window = engine().newWindow(how.window());
        Thread producer = engine().newProducer(how.kind(), () -> produce(copy, window, how));
        EventStream stream = engine().open(
                        request, response, how, cacheControl(request), opening -> opening.readAlone(window, producer));
        stream.onClose(reason -> {
            window.abandon(reason);
            producer.interrupt();
        });
        producer.start();
    }

    private static Map<String, String> cacheControl(HttpServletRequest request) {
        return request.getRemoteUser() == null ? Map.of() : Map.of("Cache-Control", StreamEngine.PRIVATE);
    }

    private void produce(StreamRequest request, Window window, StreamOptions how) {
        EventSink sink = event -> append(window, event);
        try {
            if (window.ended() != null) {
                return; // its reader left, or the application ended, before this thread began
            }
            stream(request, sink);
            if (how.endEvent() && window.ended() == null) {
                append(window, END_EVENT.withId(END_ID));
            }
            window.end(CloseReason.COMPLETED);
        } catch (StreamClosedException | InterruptedException expected) {
            window.end(CloseReason.STOPPED);
        } catch (Throwable failure) {
            if (window.ended() == null) {
                engine().producerFailed(how.kind(), failure);
                String problem = Problem.of(ProblemType.INTERNAL, "The stream failed on our side.")
                        .toJson();
                try {
                    append(window, Event.of("problem", problem).withId(END_ID));
                } catch (StreamClosedException | InterruptedException goneMeanwhile) {
                    // then nobody waits for it
                }
            }
            window.end(CloseReason.FAILED);
        }
    }

    private static void append(Window window, Event event) throws StreamClosedException, InterruptedException {
        if (!window.append(EncodedEvent.of(event))) {
            CloseReason why = window.ended();
            throw new StreamClosedException(why == null ? CloseReason.CLIENT_GONE : why);
        }
    }
}
