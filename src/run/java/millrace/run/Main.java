package millrace.run;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import millrace.run.Options.CannotStart;

/**
 * Serves a WAR on an embedded Tomcat until the process is told to end (Ctrl-C, SIGTERM). Prints one line with the URL
 * when that URL has answered; if it cannot start, one line that says why, and exits with 1.
 *
 * <p>The system property {@code run.urlFile} may name a file that gets the URL too and is missing until then. (Maven's
 * exec plugin shows a stack trace for an exit code that it was not told of; so it is told of ours, and the build looks
 * for this file.)
 */
public final class Main {

    /** Held here because the JDK keeps loggers weakly, and a level set on a collected logger is lost. */
    private static final Logger TOMCAT = Logger.getLogger("org.apache");

    private Main() {}

    /** See {@link Options#USAGE}. */
    public static void main(String[] args) throws IOException {
        quietLogging();
        Path urlFile = Path.of(System.getProperty("run.urlFile", ""));
        boolean wantsUrlFile = !urlFile.toString().isEmpty();
        if (wantsUrlFile) {
            Files.deleteIfExists(urlFile);
        }
        try {
            Options options = Options.parse(args);
            TomcatServer server = TomcatServer.start(options);
            endWithTheProcess(server);
            if (options.withParent()) {
                endWithTheParent();
            }
            String url = url(
                    options.address(),
                    server.port(),
                    options.wars().keySet().iterator().next());
            ask(url);
            if (wantsUrlFile) {
                Files.writeString(urlFile, url);
            }
            System.out.println("millrace: " + url);
        } catch (CannotStart sorry) {
            System.err.println("millrace: " + sorry.getMessage());
            System.exit(1);
        }
        // Tomcat's acceptor is a daemon thread: something must keep the process.
        Thread.currentThread().setName("millrace-run");
        while (true) {
            try {
                Thread.sleep(Long.MAX_VALUE);
            } catch (InterruptedException nobodyDoes) {
                return;
            }
        }
    }

    private static void endWithTheProcess(TomcatServer server) {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            System.out.println("millrace: ending the open streams");
                            server.close();
                            System.out.println("millrace: ended");
                        },
                        "millrace-shutdown"));
    }

    /** A killed Maven cannot tell its child; the child looks by itself, and drains as on SIGTERM. */
    private static void endWithTheParent() {
        ProcessHandle.current().parent().ifPresent(parent -> parent.onExit().thenRun(() -> System.exit(0)));
    }

    private static String url(InetAddress address, int port, String contextPath) {
        String host = address.isAnyLocalAddress() ? "127.0.0.1" : address.getHostAddress();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port + contextPath + "/";
    }

    /** Waits for one answer, whatever it says: it also has the page compiled before somebody looks. */
    private static void ask(String url) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(url).toURL().openConnection(Proxy.NO_PROXY);
        connection.getResponseCode();
        connection.disconnect();
    }

    /** Warnings, and what the application itself says, one line each. A logging configuration of the user's wins. */
    private static void quietLogging() {
        if (System.getProperty("java.util.logging.config.file") == null) {
            System.setProperty("java.util.logging.SimpleFormatter.format", "%1$tT.%1$tL %4$s %3$s: %5$s%6$s%n");
            TOMCAT.setLevel(Level.WARNING);
        }
    }
}
