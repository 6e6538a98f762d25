package millrace.web;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import millrace.stream.RequestEnd;
import org.jspecify.annotations.Nullable;

/**
 * Answers a request later than its servlet returns. Who comes first has the response: the answer, or the container, which
 * ends the request. Nothing is locked while it is written. A short answer is written into the response's buffer alone, which
 * is larger: the bytes go out when it is complete, by the container's own thread where that is what it needs (0090). A long
 * one is written by the container's own thread, which comes back for it.
 */
final class LateAnswer implements RequestEnd.Listener {

    /** How long the container's thread waits for a writer that is still inside a write. */
    private static final Duration WRITER_WAIT = Duration.ofSeconds(5);

    private static final String BODY = LateAnswer.class.getName();

    private enum State {
        WAITING,
        WRITING,
        OVER
    }

    private final AsyncContext context;
    private final HttpServletResponse response;
    private final Body late;
    private final Duration writerWait;
    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    private volatile @Nullable Thread writer;

    /**
     * @param late what is sent when the container waits no longer
     * @param writerWait how long the container's thread waits for a writer that is still inside a write
     */
    LateAnswer(AsyncContext context, HttpServletResponse response, Body late, Duration writerWait) {
        this.context = context;
        this.response = response;
        this.late = late;
        this.writerWait = writerWait;
    }

    /** What is sent. */
    interface Body {
        void sendTo(HttpServletResponse response) throws IOException;
    }

    /** Begins to wait for it. */
    static LateAnswer to(HttpServletRequest request, HttpServletResponse response, Duration patience, Body late) {
        AsyncContext context = request.startAsync();
        context.setTimeout(patience.toMillis());
        LateAnswer answer = new LateAnswer(context, response, late, WRITER_WAIT);
        RequestEnd.tell(context, answer);
        return answer;
    }

    /** Sends it, unless another answer was faster. */
    void give(Body body) {
        if (!state.compareAndSet(State.WAITING, State.WRITING)) {
            return;
        }
        writer = Thread.currentThread();
        try {
            body.sendTo(response);
        } catch (IOException | RuntimeException gone) {
            // nobody waits for the answer any more
        } finally {
            state.set(State.OVER);
        }
        complete();
    }

    /** Has the container come back to its servlet to send it, which asks {@link #isSent}; unless another was faster. */
    void giveByContainer(HttpServletRequest request, Body body) {
        if (!state.compareAndSet(State.WAITING, State.WRITING)) {
            return;
        }
        writer = Thread.currentThread();
        try {
            request.setAttribute(BODY, body);
            context.dispatch();
        } catch (RuntimeException gone) {
            // the container has ended it
        } finally {
            state.set(State.OVER);
        }
    }

    /** Sends what the container came back for; false where it came for something else. */
    static boolean isSent(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (request.getAttribute(BODY) instanceof Body body) {
            body.sendTo(response);
            return true;
        }
        return false;
    }

    private void complete() {
        try {
            context.complete();
        } catch (RuntimeException already) {
            // the container was first
        }
    }

    @Override
    public void timedOut(AsyncContext timedOut) {
        give(late);
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
}
