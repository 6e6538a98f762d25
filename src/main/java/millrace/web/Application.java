package millrace.web;

import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import millrace.auth.Authenticator;
import millrace.auth.DemoTokens;
import millrace.chat.Generations;
import millrace.chat.Responses;
import millrace.chat.Upstreams;
import millrace.config.Config;
import millrace.config.ConfigException;
import millrace.config.Settings;
import millrace.history.History;
import millrace.hub.Hub;
import millrace.metrics.Metrics;
import millrace.request.Origins;
import millrace.stream.StreamEngine;
import millrace.stream.StreamServlet;
import millrace.topic.HubUrl;
import org.jspecify.annotations.Nullable;

/**
 * The application's life: everything is made here when it starts, in this order, and closed in reverse order when it
 * stops. Other classes find it by {@link #in}.
 */
public final class Application implements ServletContextListener {

    private static final System.Logger LOG = System.getLogger("millrace");
    private static final String ATTRIBUTE = "millrace.application";
    private static final String GUIDE = "/WEB-INF/guide/";

    /** A {@link Runnable} that a launcher calls before it stops accepting: ends the streams, spread over the drain time. */
    public static final String DRAIN_ATTRIBUTE = "millrace.drain";

    private final Deque<AutoCloseable> toClose = new ArrayDeque<>();
    private @Nullable Config config;
    private @Nullable Metrics metrics;
    private @Nullable StreamEngine streams;
    private @Nullable Chat chat;
    private @Nullable HubParts hub;
    private @Nullable Figures figures;

    /** What relative topics are resolved against where no setting names the hub: only its path matters then. */
    private static final String HUB_WITHOUT_NAME = "http://localhost" + Hub.PATH;

    /** What the hub's servlets need. */
    record HubParts(
            Hub hub, HubAccess access, HubUrl url, @Nullable DemoTokens demoTokens) {}

    /** What the chat's servlets need. */
    record Chat(Upstreams upstreams, Generations generations, Responses responses, ChatAccess access) {}

    @Override
    public void contextInitialized(ServletContextEvent event) {
        ServletContext context = event.getServletContext();
        try {
            start(context);
        } catch (RuntimeException | Error failure) { // also where a class is missing: our threads must not stay
            closeAll();
            if (failure instanceof ConfigException) {
                LOG.log(Level.ERROR, "Millrace does not start: " + failure.getMessage());
            }
            throw failure;
        }
    }

    private void start(ServletContext context) {
        Config read = Config.load(System.getProperties(), System.getenv(), StreamServlet.contextParameters(context));
        Metrics counters = new Metrics();
        Upstreams upstreams = opened(new Upstreams(read, documentation(context), Clock.systemUTC()));
        StreamEngine engine = opened(new StreamEngine(read, counters));
        engine.installIn(context);
        HubParts parts = startHub(read, engine, counters, context);
        hub = parts;
        Generations generations = new Generations(read, upstreams, engine.runs(), counters);
        chat = new Chat(
                upstreams,
                generations,
                new Responses(read, generations, engine.runs(), InstantSource.system()),
                new ChatAccess(read, parts.access()));
        config = read;
        metrics = counters;
        streams = engine;
        context.setAttribute(ATTRIBUTE, this);
        Runnable drain = () -> engine.drain(read.get(Settings.DRAIN_TIME));
        context.setAttribute(DRAIN_ATTRIBUTE, drain);
        drainWithTheProcess(drain);
        if (read.get(Settings.DEMO)) {
            figures = opened(new Figures(counters));
            LOG.log(Level.INFO, "demo mode: open to this machine, closed to all others");
        }
    }

    /**
     * Ends the streams as soon as the process is told to end. Servers tell their applications late: Jetty and GlassFish
     * when the connections are closed, Open Liberty when it has waited half a minute for them to end by themselves.
     */
    private void drainWithTheProcess(Runnable drain) {
        Runtime process = Runtime.getRuntime();
        Thread hook = new Thread(drain, "millrace-shutdown");
        try {
            process.addShutdownHook(hook);
        } catch (IllegalStateException already) {
            return; // it ends while it starts us
        }
        toClose.push(() -> {
            try {
                process.removeShutdownHook(hook); // it would keep the application in memory
            } catch (IllegalStateException endsNow) {
                // and runs
            }
        });
    }

    private HubParts startHub(Config config, StreamEngine engine, Metrics metrics, ServletContext context) {
        DemoTokens demo = config.get(Settings.DEMO) ? new DemoTokens(InstantSource.system()) : null;
        Authenticator authenticator = opened(Authenticator.open(config, InstantSource.system(), demo));
        String name = context.getContextPath().isEmpty()
                ? "ROOT"
                : context.getContextPath().substring(1);
        Hub made = new Hub(config, engine, metrics, sink -> History.open(config, name, metrics, sink));
        toClose.addLast(made); // after the streams, which may be in the middle of a replay
        String url = config.get(Settings.HUB_URL);
        return new HubParts(
                made,
                new HubAccess(authenticator, Origins.ofHub(config), config.get(Settings.DEMO), url),
                HubUrl.of(url.isEmpty() ? HUB_WITHOUT_NAME : url),
                demo);
    }

    /** Notes what is to be closed at the end. */
    private <T extends AutoCloseable> T opened(T part) {
        toClose.push(part);
        return part;
    }

    @Override
    public void contextDestroyed(ServletContextEvent event) {
        closeAll();
    }

    private void closeAll() {
        while (!toClose.isEmpty()) {
            try {
                toClose.pop().close();
            } catch (Exception failure) {
                LOG.log(Level.WARNING, "a part did not close", failure);
            }
        }
    }

    static Application in(ServletContext context) {
        Application application = (Application) context.getAttribute(ATTRIBUTE);
        if (application == null) {
            throw new IllegalStateException("Millrace's listener has not started; is it declared in web.xml?");
        }
        return application;
    }

    Config config() {
        return started(config);
    }

    Metrics metrics() {
        return started(metrics);
    }

    StreamEngine streams() {
        return started(streams);
    }

    HubParts hub() {
        return started(hub);
    }

    Chat chat() {
        return started(chat);
    }

    /** What is shown of this server; null outside demo mode. */
    @Nullable
    Figures figures() {
        return figures;
    }

    boolean isDemo() {
        return config().get(Settings.DEMO);
    }

    private static <T> T started(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("not started");
        }
        return part;
    }

    /** Millrace's own pages, by file name: what the offline model answers from. */
    private static Map<String, String> documentation(ServletContext context) {
        Map<String, String> documents = new HashMap<>();
        collect(context, GUIDE, documents);
        return documents;
    }

    private static void collect(ServletContext context, String folder, Map<String, String> documents) {
        Set<String> paths = context.getResourcePaths(folder);
        if (paths == null) {
            return; // a WAR that was packed without
        }
        for (String path : paths) {
            if (path.endsWith("/")) {
                collect(context, path, documents);
            } else if (path.endsWith(".md")) {
                try (InputStream in = context.getResourceAsStream(path)) {
                    documents.put(
                            path.substring(GUIDE.length()), new String(in.readAllBytes(), StandardCharsets.UTF_8));
                } catch (IOException unreadable) {
                    LOG.log(Level.WARNING, "the offline model goes without " + path, unreadable);
                }
            }
        }
    }
}
