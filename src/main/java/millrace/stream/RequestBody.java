package millrace.stream;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import millrace.config.Settings;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import org.jspecify.annotations.Nullable;

/** Reads the bodies of requests on a virtual thread, so that a slow sender holds no thread of the container. */
public final class RequestBody {

    private static final String ATTRIBUTE = "millrace.body";
    private static final byte[] NONE = {};
    /** Longer than a container waits for the next byte. */
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(60);

    /** How long a container's callback waits for a reader that it has interrupted. */
    private static final Duration READER_WAIT = Duration.ofSeconds(5);

    private static final int SHORT = 8192;

    private RequestBody() {}

    /**
     * The body, empty where the request has none; or {@code null}: then the servlet returns, and is called again with
     * this request when the body is there. Given once.
     *
     * @throws ProblemException where it is longer than {@code most} bytes, or did not arrive whole and in time
     */
    public static byte @Nullable [] readOrComeBack(HttpServletRequest request, StreamEngine engine, long most)
            throws ProblemException {
        return readOrComeBack(request, engine, most, engine.config().get(Settings.BODY_TIME));
    }

    static byte @Nullable [] readOrComeBack(
            HttpServletRequest request, StreamEngine engine, long most, Duration patience) throws ProblemException {
        if (request.getAttribute(ATTRIBUTE) instanceof Arrival arrival) {
            byte[] whole = arrival.take();
            request.setAttribute(ATTRIBUTE, NONE); // not held for as long as the stream that follows
            return whole;
        }
        if (!mayBeThere(request)) {
            return NONE;
        }
        if (request.getContentLengthLong() > most) {
            throw tooLarge(most);
        }
        byte[] here = readWhatIsHere(request);
        if (here.length > 0 && here.length == request.getContentLengthLong()) {
            request.setAttribute(ATTRIBUTE, NONE); // anything but an arrival
            return here;
        }
        InputStream in;
        try {
            in = request.getInputStream();
        } catch (IOException gone) {
            throw notWhole();
        }
        boolean lingers = ContainerTraits.of(request.getServletContext().getServerInfo(), request)
                .lingers();
        Arrival arrival = new Arrival(patience, lingers ? Visit.now() : null);
        request.setAttribute(ATTRIBUTE, arrival);
        AsyncContext context = request.startAsync();
        context.setTimeout(patience.plus(READ_TIMEOUT).toMillis());
        RequestEnd.tell(context, arrival);
        engine.newProducer("body", () -> arrival.read(in, here, most, context, engine))
                .start();
        return null;
    }

    /** Whether there is, or may be, a body of which not all has been read. */
    static boolean isUnread(HttpServletRequest request) {
        Object known = request.getAttribute(ATTRIBUTE);
        return known instanceof Arrival arrival ? arrival.body == null : known == null && mayBeThere(request);
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
            throw notWhole();
        }
    }

    private static boolean mayBeThere(HttpServletRequest request) {
        return request.getContentLengthLong() > 0
                || request.getHeader("Transfer-Encoding") != null
                || request.getContentLengthLong() < 0 && request.getProtocol().startsWith("HTTP/2");
    }

    private static ProblemException tooLarge(long most) {
        return new ProblemException(
                ProblemType.BODY_TOO_LARGE, "The body is longer than " + most + " bytes, the most that is taken here.");
    }

    private static ProblemException stopping() {
        return new ProblemException(
                Problem.of(ProblemType.UNAVAILABLE, "The application stops; come back in a moment."),
                Duration.ofSeconds(5));
    }

    private static ProblemException notWhole() {
        return new ProblemException(ProblemType.BAD_BODY, "The body did not arrive whole.");
    }

    /**
     * A body on its way. The thread that reads it puts what it learned in here and not into the request: that may have
     * been recycled meanwhile, and be another user's.
     */
    private static final class Arrival implements RequestEnd.Listener {
        private final Duration patience;
        private final long begin = System.nanoTime();
        private volatile byte @Nullable [] body;
        private volatile @Nullable ProblemException refused;

        /** The container has ended the request: nothing of it may be touched. */
        private volatile boolean over;

        /** Locked by who reads, for as long as it may touch the request, and by who ends the request. */
        private final ReentrantLock touching = new ReentrantLock();

        private volatile @Nullable Thread reader;

        /** The servlet is called again, and answers. */
        private volatile boolean dispatched;

        /** The container's thread, which must have left the request before ours reads. */
        private final @Nullable Visit visit;

        Arrival(Duration patience, @Nullable Visit visit) {
            this.patience = patience;
            this.visit = visit;
        }

        byte[] take() throws ProblemException {
            byte[] whole = body;
            if (whole == null) {
                throw refused == null ? notWhole() : refused;
            }
            body = NONE;
            return whole;
        }

        void read(InputStream in, byte[] here, long most, AsyncContext context, StreamEngine engine) {
            touching.lock();
            reader = Thread.currentThread();
            try {
                Visit.awaitEnd(visit);
                body = readAll(in, here, most);
            } catch (ProblemException why) {
                refused = why;
            } catch (IOException | RuntimeException | InterruptedException gone) {
                refused = notWhole();
            } finally {
                if (body == null && engine.isDraining()) {
                    refused = stopping(); // not the sender's fault
                }
                reader = null;
                if (!over) {
                    dispatched = true;
                    dispatch(context);
                }
                touching.unlock();
            }
        }

        private static void dispatch(AsyncContext context) {
            try {
                context.dispatch();
            } catch (RuntimeException ended) {
                // in between
            }
        }

        /** The time is looked at between reads: only so can a sender be refused that sends a byte now and then. */
        private byte[] readAll(InputStream in, byte[] here, long most) throws IOException, ProblemException {
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            whole.writeBytes(here);
            byte[] piece = new byte[SHORT];
            while (!over && !Thread.currentThread().isInterrupted()) {
                int count = in.read(piece);
                if (count < 0) {
                    return whole.toByteArray();
                }
                if (whole.size() + count > most) {
                    throw tooLarge(most);
                }
                whole.write(piece, 0, count);
                if (System.nanoTime() - begin > patience.toNanos()) {
                    throw tooSlow();
                }
            }
            throw notWhole();
        }

        private ProblemException tooSlow() {
            return new ProblemException(
                    ProblemType.BAD_BODY, "The body did not arrive within " + patience.toSeconds() + " seconds.");
        }

        /** A sender that sends nothing at all, where the container itself waits for ever. */
        @Override
        public void timedOut(AsyncContext context) throws IOException {
            awaitReader();
            if (dispatched) {
                return; // just before the time was over
            }
            if (context.getResponse() instanceof HttpServletResponse response) {
                ProblemResponse.send(response, tooSlow());
            }
            context.complete();
        }

        @Override
        public void completed() {
            over = true;
        }

        @Override
        public void failed(AsyncEvent event) {
            awaitReader();
            try {
                event.getAsyncContext().complete(); // nobody is there for an error page
            } catch (RuntimeException isDispatched) {
                // by the reader, a moment ago; it will find that the body did not come whole
            }
        }

        /** After the callback the container recycles the request, in which a thread of ours may be inside a read. */
        private void awaitReader() {
            over = true;
            Thread inside = reader;
            if (inside != null) {
                inside.interrupt();
            }
            try {
                if (touching.tryLock(READER_WAIT.toNanos(), TimeUnit.NANOSECONDS)) {
                    touching.unlock();
                }
            } catch (InterruptedException hurried) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
