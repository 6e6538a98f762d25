package millrace.stream;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import millrace.log.CloseReason;
import org.jspecify.annotations.Nullable;

/**
 * The container's side of an event stream. No callback tells of a lost client on every container, so each of them, and
 * an exception from a write, leads to the same end; the write loop sees to it that it happens once.
 */
final class ServletOutlet implements Outlet, WriteListener, RequestEnd.Listener {

    /** How long a container's error callback waits for a writer that is still inside a write. */
    private static final long WRITER_WAIT_NANOS = TimeUnit.SECONDS.toNanos(30);

    /**
     * How long Tomcat's thread, which is about to recycle what was completed, waits for ours to come out of
     * {@code complete()}. Not for ever: it may hold what another {@code complete()} waits for.
     */
    private static final long COMPLETER_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final VarHandle VISIT;

    static {
        try {
            VISIT = MethodHandles.lookup().findVarHandle(ServletOutlet.class, "visit", Visit.class);
        } catch (ReflectiveOperationException impossible) {
            throw new LinkageError(impossible.getMessage(), impossible);
        }
    }

    private final EventStream stream;
    private final ContainerTraits traits;

    /** The container's last call that returns into its request processing; only where it lingers there. */
    private volatile @Nullable Visit visit;

    /** The container's thread of the connection, known from its first call; only where it is to write. */
    private volatile @Nullable Executor itsThread;

    // forgotten at the end: the container recycles both, and a closed stream may be referred to for a while
    private volatile @Nullable AsyncContext context;
    private volatile @Nullable ServletOutputStream out;

    ServletOutlet(EventStream stream, ServletOutputStream out, ContainerTraits traits) {
        this.stream = stream;
        this.out = out;
        this.traits = traits;
    }

    /** Gives it the request to complete, once: made before there is one, it makes nothing that could fail after. */
    void begin(AsyncContext begun) {
        context = begun;
    }

    @Override
    public boolean isReady() {
        ServletOutputStream to = out;
        return to == null || to.isReady();
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        ServletOutputStream to = out;
        if (to == null) {
            throw new IOException("ended");
        }
        to.write(bytes, from, length);
    }

    @Override
    public void flush() throws IOException {
        ServletOutputStream to = out;
        if (to == null) {
            throw new IOException("ended");
        }
        to.flush();
    }

    @Override
    public void complete() {
        AsyncContext ending = context;
        context = null;
        out = null;
        if (ending != null && !runOnItsThread(() -> completeUnlessOver(ending))) {
            completeUnlessOver(ending);
        }
    }

    private static void completeUnlessOver(AsyncContext ending) {
        try {
            ending.complete();
        } catch (RuntimeException alreadyOver) {
            // the container ended it first: IllegalStateException or NullPointerException, depending on which
        }
    }

    @Override
    public void cut() {
        AsyncContext ending = context;
        if (ending != null && BrokenEnd.begin(ending)) {
            context = null; // the container completes it after the dispatch
            out = null;
        } else {
            complete();
        }
    }

    @Override
    public boolean mayBlock() {
        return traits.mayBlock();
    }

    @Override
    public boolean hasItsThread() {
        return itsThread != null;
    }

    @Override
    public boolean runOnItsThread(Runnable work) {
        Executor own = itsThread;
        if (own == null) {
            return false;
        }
        if (own == Thread.currentThread()) {
            work.run();
            return true;
        }
        try {
            own.execute(work);
            return true;
        } catch (RejectedExecutionException stopped) {
            return false;
        }
    }

    @Override
    public boolean hasLeft() {
        Visit last = visit;
        if (last == null) {
            return true;
        }
        if (last.isOver()) {
            VISIT.compareAndSet(this, last, null); // there may be a later one already
            return true;
        }
        return false;
    }

    @Override
    public long nextLook() {
        Visit last = visit;
        return last == null ? System.nanoTime() : last.nextLook();
    }

    @Override
    public boolean endsAfterFailure() {
        return traits.lingers();
    }

    // ---- WriteListener ----

    /**
     * Mostly only signals: this may be an I/O thread, hold locks, or come before service() returned. Tomcat, where none
     * of ours may write beside it, calls on a thread of its pool that may write as well as any; unless that could block.
     */
    @Override
    public void onWritePossible() throws IOException {
        if (!traits.lingers()) {
            if (traits.writesByItsThread() && Thread.currentThread() instanceof Executor own) {
                itsThread = own;
            }
            stream.writable();
            return;
        }
        visit = Visit.now();
        if (traits.mayBlock()) {
            stream.writable();
            return;
        }
        stream.writeInCallback();
        if (stream.hasFailed()) {
            throw new IOException("a write has failed"); // for the container, which ends the response
        }
    }

    @Override
    public void onError(Throwable failure) {
        if (traits.lingers()) {
            stream.failed(); // the other onError follows, and there Tomcat expects the end
        } else {
            stream.lost(CloseReason.CLIENT_GONE);
        }
    }

    // ---- RequestEnd.Listener ----

    @Override
    public void completed() {
        context = null; // nothing is left to complete
        out = null;
        stream.lost(CloseReason.CLIENT_GONE); // without effect where we completed
        if (traits.lingers()) {
            awaitWriter(COMPLETER_WAIT_NANOS, stream::isWithinContainer);
        }
    }

    @Override
    public void timedOut(AsyncContext ending) {
        stream.lost(CloseReason.SHUTTING_DOWN); // there is no timeout but the end of the context
    }

    /**
     * After this returns the container recycles the response: a thread that is still inside a write would write into
     * another user's response.
     */
    @Override
    public void failed(AsyncEvent event) {
        stream.lost(CloseReason.CLIENT_GONE);
        if (!awaitWriter(WRITER_WAIT_NANOS, () -> isBeingWritten(event))) {
            return; // called from within our own flush: we are the writer
        }
        if (traits.lingers()) {
            // where the stream had completed just before the error, Tomcat has forgotten that, and would send an error
            // page
            completeUnlessOver(event.getAsyncContext());
        }
    }

    /** False where this thread is the writer. */
    private boolean awaitWriter(long atMostNanos, BooleanSupplier isBeingWritten) {
        if (stream.isWriter(Thread.currentThread())) {
            return false;
        }
        long deadline = System.nanoTime() + atMostNanos;
        while (isBeingWritten.getAsBoolean() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(100_000);
        }
        return true;
    }

    /** By a thread of ours, or by one of the container's that still has to say that a write of ours is done. */
    private boolean isBeingWritten(AsyncEvent event) {
        if (stream.isWithinContainer()) {
            return true;
        }
        try {
            return traits.errsEarly()
                    && !event.getSuppliedResponse().getOutputStream().isReady();
        } catch (IOException none) {
            return false;
        }
    }
}
