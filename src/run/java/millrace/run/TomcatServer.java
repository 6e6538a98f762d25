package millrace.run;

import jakarta.servlet.ServletContext;
import java.io.IOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import millrace.run.Options.CannotStart;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.valves.AccessLogValve;
import org.apache.catalina.valves.ErrorReportValve;
import org.apache.coyote.http2.Http2Protocol;
import org.apache.tomcat.util.scan.StandardJarScanner;

/** A Tomcat with one HTTP connector and some WARs. Owned by {@link Main}; {@link #close} may come from another thread. */
final class TomcatServer implements AutoCloseable {

    /**
     * Name of the {@link ServletContext} attribute under which an application leaves a {@link Runnable} that ends its
     * open streams and returns when they have ended. It runs while open connections are still served, which a
     * container's own stop would first cut.
     */
    static final String DRAIN = "millrace.drain";

    private final Tomcat tomcat = new Tomcat();
    private final List<StandardContext> contexts = new ArrayList<>();
    private final Connector connector;
    private final Path work;

    private TomcatServer(Options options) throws IOException {
        work = options.work() == null ? Files.createTempDirectory("millrace-run") : options.work();
        // from an earlier run that was killed: a stale unpacked WAR must not be served
        emptyDirectory(work);
        Files.createDirectories(work.resolve("webapps"));
        tomcat.setBaseDir(work.toString());
        connector = connector(options);
        tomcat.setConnector(connector);
        tomcat.getHost().setAutoDeploy(false);
        tomcat.getHost().getPipeline().addValve(terseErrors());
        if (options.accessLog() != null) {
            tomcat.getHost().getPipeline().addValve(accessLog(options.accessLog()));
        }
        options.wars().forEach((path, war) -> contexts.add(context(path, war)));
    }

    /**
     * Starts to listen and deploys the WARs; returns when they answer.
     *
     * @throws CannotStart if the address and port cannot be bound or a WAR does not start
     */
    static TomcatServer start(Options options) throws IOException {
        try (ServerSocket free = new ServerSocket(options.port(), 1, options.address())) {
            free.getLocalPort(); // Tomcat itself binds when the WARs are deployed, which is late to find that out
        } catch (BindException taken) {
            throw cannotListen(options, taken);
        }
        TomcatServer server = new TomcatServer(options);
        try {
            server.tomcat.start();
        } catch (LifecycleException failed) {
            server.close();
            for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
                if (cause instanceof BindException taken) {
                    throw cannotListen(options, taken);
                }
            }
            throw new IllegalStateException(failed);
        }
        for (StandardContext context : server.contexts) {
            if (!context.getState().isAvailable()) {
                server.close();
                throw new CannotStart("the WAR at '" + context.getPath() + "/' did not start; the lines above say why");
            }
        }
        return server;
    }

    private static CannotStart cannotListen(Options options, BindException taken) {
        return new CannotStart("cannot listen on " + options.address().getHostAddress() + " port " + options.port()
                + " (" + taken.getMessage() + "); choose another with -Dport=…");
    }

    /** The port that is bound, also when any free one was asked for. */
    int port() {
        return connector.getLocalPort();
    }

    /**
     * Ends the streams, then the server. Takes as long as the applications' drains, and about a tenth of a second. No
     * connection is accepted any more from the beginning: a browser comes back by itself after a refused connection, and
     * to a load balancer it says the same as a probe's 503.
     */
    @Override
    public void close() {
        connector.getProtocolHandler().closeServerSocketGraceful();
        for (StandardContext context : contexts) {
            ServletContext application = context.getState().isAvailable() ? context.getServletContext() : null;
            if (application != null && application.getAttribute(DRAIN) instanceof Runnable drain) {
                try {
                    drain.run();
                } catch (RuntimeException failed) {
                    System.err.println("millrace: the drain of '" + context.getPath() + "/' failed: " + failed);
                }
            }
        }
        try {
            tomcat.stop();
            tomcat.destroy();
            emptyDirectory(work);
        } catch (LifecycleException | IOException failed) {
            System.err.println("millrace: " + failed);
        }
    }

    /** For what never reaches an application: no stack trace and no version, as for what does. */
    private static ErrorReportValve terseErrors() {
        ErrorReportValve errors = new ErrorReportValve();
        errors.setShowReport(false);
        errors.setShowServerInfo(false);
        return errors;
    }

    /**
     * The connector for many open streams. Per idle stream Tomcat holds 105 KB as shipped; what can be given back
     * without a system call more per write is given back here.
     */
    private static Connector connector(Options options) {
        Connector connector = new Connector("org.apache.coyote.http11.Http11NioProtocol");
        connector.setPort(options.port());
        connector.setProperty("address", options.address().getHostAddress());
        connector.setProperty("bindOnInit", "false"); // only then the socket can be closed before the connections
        connector.setThrowOnFailure(true); // a taken port ends the start instead of being logged

        // A stream is a connection. The default is 8192; the next one would wait unanswered in the backlog.
        // What really limits is the process' open files (ulimit -n) and the heap: 10,000 streams want about 1 GB.
        connector.setProperty("maxConnections", "50000");
        // After a cut all clients come back at once; the default of 100 makes the kernel drop their SYNs.
        // The kernel caps it at net.core.somaxconn.
        connector.setProperty("acceptCount", "4096");
        // Threads are used for requests that begin, not for streams that are open.
        connector.setProperty("maxThreads", "200");
        connector.setProperty("minSpareThreads", "4");

        // Ended requests' buffers kept for reuse. The default of 200 throws most of them away when a crowd reconnects,
        // -1 would keep the memory of the largest crowd for ever.
        connector.setProperty("processorCache", "2000");
        // 8 KB each by default, kept while a stream is open. A request is read once: 1 KB is enough to read from the
        // socket. The write buffer stays at 8 KB, since a smaller one cuts each 8,000-byte write in several send calls.
        connector.setProperty("socket.appReadBufSize", "1024");
        connector.setProperty("socket.appWriteBufSize", "8192");
        // A token in the query or in a cookie must fit into the request's head; our own heads are small.
        connector.setProperty("maxHttpRequestHeaderSize", "8192");
        connector.setProperty("maxHttpResponseHeaderSize", "4096");

        // Also the time after which Tomcat by itself ends a client that reads nothing: later than our own watchdog,
        // which knows the reason.
        connector.setProperty("connectionTimeout", "60000");
        connector.setProperty("keepAliveTimeout", "30000");
        // A publisher sends many small requests: do not make it reconnect after each hundred.
        connector.setProperty("maxKeepAliveRequests", "-1");
        // Publishing and chat bodies are form data and JSON; the application has its own, smaller limit.
        connector.setMaxPostSize(2 * 1024 * 1024);
        // Paths that tell of one subscription hold a topic's slashes as %2F. The application reads paths as they came.
        connector.setEncodedSolidusHandling("passthrough");

        if (options.h2c()) {
            Http2Protocol http2 = new Http2Protocol();
            http2.setMaxConcurrentStreams(1000);
            http2.setMaxConcurrentStreamExecution(200);
            // Streams that stay open and small frames are our trade, not an attack.
            http2.setOverheadCountFactor(0);
            // Nor is a closed EventSource, which is a reset stream: else a few of them end the connection and with it
            // every other stream of the same page.
            http2.setOverheadResetFactor(0);
            http2.setStreamWriteTimeout(-1);
            http2.setStreamReadTimeout(-1);
            http2.setKeepAliveTimeout(-1);
            connector.addUpgradeProtocol(http2);
        }
        return connector;
    }

    private StandardContext context(String path, Path war) {
        StandardContext context = (StandardContext) tomcat.addWebapp(path, war.toString());
        // Only the WAR's own jars: those beside this class are Tomcat's, and reading them all takes longer than
        // everything else at the start.
        StandardJarScanner scanner = new StandardJarScanner();
        scanner.setScanClassPath(false);
        scanner.setScanManifest(false);
        context.setJarScanner(scanner);
        // These need --add-opens and would only warn, and the process ends anyway. Threads left behind are still
        // reported.
        context.setClearReferencesRmiTargets(false);
        context.setClearReferencesThreadLocals(false);
        return context;
    }

    private static AccessLogValve accessLog(Path file) {
        AccessLogValve valve = new AccessLogValve();
        valve.setDirectory(file.getParent().toString());
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        valve.setPrefix(dot < 0 ? name : name.substring(0, dot));
        valve.setSuffix(dot < 0 ? "" : name.substring(dot));
        valve.setRotatable(false);
        valve.setBuffered(false);
        valve.setPattern("%{remote}p %s \"%r\" %D \"%{Last-Event-ID}i\"");
        return valve;
    }

    private static void emptyDirectory(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
