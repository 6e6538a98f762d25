package millrace.stream;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Locale;

/**
 * Ends a response that has begun so that its client sees a broken connection: without the last chunk over HTTP/1.1, with
 * RST_STREAM over HTTP/2. The servlet API has no call for that. Jetty has one of its own behind a special status; Tomcat
 * cuts after an exception, which has to be thrown out of a dispatch, and logs every exception with its stack trace but
 * one. Other containers end cleanly.
 */
public final class BrokenEnd {

    private static final String ATTRIBUTE = "millrace.broken-end";
    private static final int JETTY_ABORT = -1;

    private BrokenEnd() {}

    /** Returns whether the response will be cut; if not it is still to be completed. Does not throw. */
    static boolean begin(AsyncContext context) {
        try {
            HttpServletRequest request = (HttpServletRequest) context.getRequest();
            ServletContext application = request.getServletContext();
            String server = application.getServerInfo().toLowerCase(Locale.ROOT);
            if (server.contains("jetty")) {
                ((HttpServletResponse) context.getResponse()).sendError(JETTY_ABORT);
                return false; // aborted; completing it is what ends the request
            }
            if (server.contains("tomcat")) {
                request.setAttribute(
                        ATTRIBUTE, clientAbort(application.getClass().getClassLoader()));
                context.dispatch();
                return true;
            }
        } catch (ReflectiveOperationException | IOException | RuntimeException cannot) {
            // then it ends cleanly
        }
        return false;
    }

    /**
     * To be called first by every servlet that opens streams: throws what ends this response, if it comes back for that.
     */
    public static void rethrow(HttpServletRequest request) throws IOException {
        if (request.getDispatcherType() == DispatcherType.ASYNC
                && request.getAttribute(ATTRIBUTE) instanceof IOException cut) {
            throw cut;
        }
    }

    /** The exception that Tomcat itself throws for a lost client, and therefore does not log. */
    private static IOException clientAbort(ClassLoader tomcat) throws ReflectiveOperationException {
        return Class.forName("org.apache.catalina.connector.ClientAbortException", true, tomcat)
                .asSubclass(IOException.class)
                .getConstructor(String.class)
                .newInstance("the stream failed");
    }
}
