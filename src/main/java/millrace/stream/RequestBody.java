package millrace.stream;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import org.jspecify.annotations.Nullable;

/** Reads the bodies of requests on a virtual thread, so that a slow sender holds no thread of the container. */
public final class RequestBody {

    private static final String ATTRIBUTE = "millrace.body";
    private static final byte[] NONE = {};
    private static final long TIMEOUT_MILLIS = 60_000;
    private static final int SHORT = 8192;

    private RequestBody() {}

    /**
     * The body, empty where the request has none; or {@code null}: then the servlet returns, and is called again with
     * this request when the body is there.
     *
     * @throws ProblemException where it is longer than {@code most} bytes, or did not arrive whole
     */
    public static byte @Nullable [] readOrComeBack(HttpServletRequest request, StreamEngine engine, long most)
            throws ProblemException {
        Object read = request.getAttribute(ATTRIBUTE);
        if (read instanceof ProblemException refused) {
            throw refused;
        }
        if (read instanceof byte[] body) {
            return body;
        }
        if (!mayBeThere(request)) {
            return NONE;
        }
        if (request.getContentLengthLong() > most) {
            throw tooLarge(most);
        }
        byte[] here = readWhatIsHere(request);
        if (here.length > 0 && here.length == request.getContentLengthLong()) {
            return here;
        }
        AsyncContext context = request.startAsync();
        context.setTimeout(TIMEOUT_MILLIS);
        context.addListener(new GiveUp());
        engine.newProducer("body", () -> {
                    try {
                        request.setAttribute(ATTRIBUTE, read(here, request.getInputStream(), most));
                    } catch (ProblemException refused) {
                        request.setAttribute(ATTRIBUTE, refused);
                    } catch (IOException | RuntimeException gone) {
                        request.setAttribute(
                                ATTRIBUTE,
                                new ProblemException(ProblemType.BAD_BODY, "The body did not arrive whole."));
                    }
                    try {
                        context.dispatch();
                    } catch (RuntimeException over) {
                        // timed out or gone
                    }
                })
                .start();
        return null;
    }

    /**
     * A short body mostly comes together with the headers: then reading it waits for nobody. Piece by piece, because
     * Tomcat calls one byte available as long as it has not been asked for any.
     */
    private static byte[] readWhatIsHere(HttpServletRequest request) throws ProblemException {
        long length = request.getContentLengthLong();
        if (length <= 0 || length > SHORT) {
            return NONE;
        }
        try {
            InputStream in = request.getInputStream();
            byte[] body = new byte[(int) length];
            int filled = 0;
            while (filled < body.length && in.available() > 0) {
                int more = in.read(body, filled, body.length - filled);
                if (more < 0) {
                    break;
                }
                filled += more;
            }
            return filled == body.length ? body : Arrays.copyOf(body, filled);
        } catch (IOException gone) {
            throw new ProblemException(ProblemType.BAD_BODY, "The body did not arrive whole.");
        }
    }

    private static boolean mayBeThere(HttpServletRequest request) {
        return request.getContentLengthLong() > 0
                || request.getHeader("Transfer-Encoding") != null
                || request.getContentLengthLong() < 0 && request.getProtocol().startsWith("HTTP/2");
    }

    private static byte[] read(byte[] here, InputStream in, long most) throws IOException, ProblemException {
        byte[] rest = in.readNBytes((int) Math.min(Integer.MAX_VALUE - 16L, most + 1 - here.length));
        if (here.length + rest.length > most) {
            throw tooLarge(most);
        }
        if (here.length == 0) {
            return rest;
        }
        byte[] body = Arrays.copyOf(here, here.length + rest.length);
        System.arraycopy(rest, 0, body, here.length, rest.length);
        return body;
    }

    private static ProblemException tooLarge(long most) {
        return new ProblemException(
                ProblemType.BODY_TOO_LARGE, "The body is longer than " + most + " bytes, the most that is taken here.");
    }

    /** A sender that takes too long is cut. */
    private static final class GiveUp implements AsyncListener {
        @Override
        public void onTimeout(AsyncEvent event) {
            event.getAsyncContext().complete();
        }

        @Override
        public void onComplete(AsyncEvent event) {}

        @Override
        public void onError(AsyncEvent event) {}

        @Override
        public void onStartAsync(AsyncEvent event) {}
    }
}
