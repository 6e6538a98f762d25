package millrace.web;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import millrace.history.Stored;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.stream.ProblemResponse;
import millrace.stream.RequestEnd;
import org.jspecify.annotations.Nullable;

/**
 * Answers a publisher when its update is durable. Who comes first has the response: the answer, or the container, which
 * ends the request. Nothing is locked while it is written. It is written into the response's buffer alone, which is
 * larger: the bytes go out when it is complete, by the container's own thread where that is what it needs (0090).
 */
final class HubAnswer implements RequestEnd.Listener {

    /** How long the container's thread waits for a writer that is still inside a write. */
    private static final Duration WRITER_WAIT = Duration.ofSeconds(5);

    private enum State {
        WAITING,
        WRITING,
        OVER
    }

    private final AsyncContext context;
    private final HttpServletResponse response;
    private final Duration writerWait;
    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    private volatile @Nullable Thread writer;

    HubAnswer(AsyncContext context, HttpServletResponse response) {
        this(context, response, WRITER_WAIT);
    }

    HubAnswer(AsyncContext context, HttpServletResponse response, Duration writerWait) {
        this.context = context;
        this.response = response;
        this.writerWait = writerWait;
    }

    void give(@Nullable Stored stored, @Nullable Throwable failure) {
        if (!state.compareAndSet(State.WAITING, State.WRITING)) {
            return;
        }
        writer = Thread.currentThread();
        try {
            if (stored != null) {
                acknowledge(response, stored.id());
            } else {
                ProblemResponse.send(response, unavailable());
            }
        } catch (IOException | RuntimeException gone) {
            // nobody waits for the answer any more
        } finally {
            state.set(State.OVER);
        }
        complete();
    }

    private void complete() {
        try {
            context.complete();
        } catch (RuntimeException already) {
            // the container was first
        }
    }

    @Override
    public void timedOut(AsyncContext context) {
        give(null, null);
    }

    @Override
    public void failed(AsyncEvent event) {
        if (end()) {
            complete();
        }
    }

    @Override
    public void completed() {
        end();
    }

    /**
     * From here on nobody touches the response, which may be another user's soon; false where it had been answered, or
     * a writer does not come out of its write.
     */
    private boolean end() {
        if (state.compareAndSet(State.WAITING, State.OVER)) {
            return true;
        }
        long deadline = System.nanoTime() + writerWait.toNanos();
        while (state.get() == State.WRITING
                && writer != Thread.currentThread() // called from within our own write
                && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(100_000);
        }
        return false;
    }

    static void acknowledge(HttpServletResponse response, String id) throws IOException {
        byte[] body = id.getBytes(StandardCharsets.UTF_8);
        response.setContentType("text/plain;charset=utf-8");
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    static ProblemException unavailable() {
        return new ProblemException(
                Problem.of(ProblemType.UNAVAILABLE, "The history takes nothing at the moment; try again soon."),
                HubServlet.SOON);
    }
}
