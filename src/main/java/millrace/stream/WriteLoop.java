package millrace.stream;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The problem: bytes become available, and the container becomes writable, at any time and on any thread; no such
 * signal may be lost, and never may two threads touch the response. This class is the only place that decides who may.
 *
 * <pre>
 *  IDLE ── wake ──▶ (scheduled) ── run ──▶ DRAINING ── nothing left ──▶ IDLE
 *                   wake while DRAINING ──▶ SIGNALLED ──▶ look once more before IDLE
 *                   DRAINING ── about to ask ──▶ AWAITING ── isReady() true ──▶ DRAINING
 *                                                AWAITING ── isReady() false: leave ──▶ writable ──▶ IDLE, scheduled
 *  any ── finish ──▶ CLOSED
 * </pre>
 *
 * <ul>
 *   <li>IDLE: nobody writes and the container would take bytes. Any thread may schedule a run; the run takes the arrow
 *       to DRAINING by compare-and-set.
 *   <li>DRAINING: one thread owns the response. Only it leaves this state.
 *   <li>SIGNALLED: DRAINING, and somebody woke it meanwhile; the owner looks again before it leaves.
 *   <li>AWAITING: the container has been asked, or is about to be; it owns the next step. Entered <em>before</em>
 *       {@code isReady()} is called, because the container may call {@link #writable} on another thread before the
 *       thread that got {@code false} has executed its next statement. On {@code true} the asker takes itself back; a
 *       turn number in the state keeps it from taking back a later AWAITING than its own.
 *   <li>CLOSED: the response was completed and is never touched again. Entered once; who enters it calls
 *       {@link #ended}.
 * </ul>
 *
 * <p>A close for a peaceful reason waits for the bytes that are still to be written, and never completes between
 * {@code isReady() == false} and the next {@code onWritePossible} (Jetty truncates there). {@link #lost} and
 * {@link #giveUp} do not wait: there is nobody left to be truncated. Then another thread may still be asking
 * {@code isReady()} of a response that is being recycled; whatever that answers, nothing is written after it.
 */
abstract class WriteLoop extends Drainers.Task {

    static final int IDLE = 0;
    static final int DRAINING = 1;
    static final int SIGNALLED = 2;
    static final int AWAITING = 3;
    static final int CLOSED = 4;
    private static final int STATE = 7;
    private static final int TURN = 8;

    /** Batches that one run writes before it lets other streams have their turn. */
    static final int BATCHES_A_RUN = 16;

    private static final VarHandle WORD;
    private static final VarHandle CLOSING;

    static {
        try {
            var lookup = MethodHandles.lookup();
            WORD = lookup.findVarHandle(WriteLoop.class, "word", int.class);
            CLOSING = lookup.findVarHandle(WriteLoop.class, "closing", CloseReason.class);
        } catch (ReflectiveOperationException impossible) {
            throw new LinkageError(impossible.getMessage(), impossible);
        }
    }

    /** The state in the low bits, the number of the last turn of AWAITING above. Begins before the first callback. */
    private volatile int word = AWAITING;

    /** Why this stream is to end; set once. */
    private volatile @Nullable CloseReason closing;

    /** The connection is of no use any more: nothing may be written, only completed. Never goes back to false. */
    private volatile boolean broken;

    /** Who is DRAINING; for {@link #isWriter} only. */
    private volatile @Nullable Thread owner;

    /** When the container said that it is not ready (nanoTime); only meaningful in AWAITING. */
    private volatile long awaitingSince = System.nanoTime();

    /** Touched by the owner only. */
    private boolean owesFlush;

    /** What there is to do next, told by the content side. */
    enum Next {
        WRITE,
        NOTHING,
        /** Nothing, and nothing will ever come: {@link #endOfContent} says why. */
        END
    }

    // ---- what the stream is made of; all of it called by the owner only, except schedule() ----

    /** Has {@link #run} called soon, on a thread where it may write. Called on any thread, also more than once. */
    abstract void schedule();

    abstract Next next(Batch batch);

    /** Why {@link Next#END} was answered. */
    abstract CloseReason endOfContent();

    abstract boolean isReady();

    /** Writes what {@link #next} found; the container takes all of it. */
    abstract void write(Batch batch) throws IOException;

    abstract void flush() throws IOException;

    /** Completes the response and tells whom it concerns; called exactly once. */
    abstract void ended(CloseReason reason);

    // ---- signals, from any thread ----

    /** There may be something to write. */
    void wake() {
        while (true) {
            int w = word();
            switch (w & STATE) {
                case IDLE -> {
                    schedule(); // not the arrow itself: the run takes it
                    return;
                }
                case DRAINING -> {
                    if (compareAndSet(w, withState(w, SIGNALLED))) {
                        return;
                    }
                    // lost: the owner moved on or another signal came; look where it is now
                }
                default -> {
                    return; // SIGNALLED: it will look; AWAITING: it looks when writable; CLOSED: too late
                }
            }
        }
    }

    /** The container takes bytes again: {@code onWritePossible}. Never writes by itself. */
    void writable() {
        while (true) {
            int w = word();
            if ((w & STATE) != AWAITING) {
                wake(); // a container that calls without having been asked
                return;
            }
            if (compareAndSet(w, withState(w, IDLE))) {
                schedule();
                return;
            }
            // lost: the asker got true and took itself back, or somebody closed
        }
    }

    /** Ends this stream when what is there has been written. The first reason stands. */
    void close(CloseReason reason) {
        CLOSING.compareAndSet(this, null, reason);
        wake();
    }

    /** The connection is of no use any more: an error told by the container, or the stall watchdog. */
    final void lost(CloseReason reason) {
        CLOSING.compareAndSet(this, null, reason);
        broken = true;
        giveUp();
    }

    private void giveUp() {
        while (true) {
            int w = word();
            switch (w & STATE) {
                case IDLE, AWAITING -> {
                    if (compareAndSet(w, withState(w, CLOSED))) {
                        ended(reason());
                        return;
                    }
                    // lost: somebody began to drain, or was called back; it may have looked at 'broken' already
                }
                case DRAINING -> {
                    if (compareAndSet(w, withState(w, SIGNALLED))) {
                        return; // the owner looks at 'broken' before it leaves
                    }
                }
                default -> {
                    return; // SIGNALLED: likewise; CLOSED: done
                }
            }
        }
    }

    /** True for a stream that the container has kept from writing since before that time. */
    final boolean isStalled(long nanoTime) {
        return (word() & STATE) == AWAITING && awaitingSince - nanoTime < 0;
    }

    final boolean isIdle() {
        return (word() & STATE) == IDLE;
    }

    final boolean isClosed() {
        return (word() & STATE) == CLOSED;
    }

    final boolean isClosing() {
        return closing != null;
    }

    /** Some thread is inside a call to the container, or about to make one. */
    final boolean isDraining() {
        int state = word() & STATE;
        return state == DRAINING || state == SIGNALLED;
    }

    final boolean isWriter(Thread thread) {
        return isDraining() && owner == thread;
    }

    // ---- the loop ----

    /** Writes what is there, as far as the container takes it. */
    @Override
    void run(Batch batch) {
        if (begin()) {
            drain(batch);
        }
    }

    boolean begin() {
        while (true) {
            int w = word();
            switch (w & STATE) {
                case IDLE -> {
                    if (compareAndSet(w, withState(w, DRAINING))) {
                        return true;
                    }
                    // lost: another thread began, or closed
                }
                case DRAINING -> {
                    if (compareAndSet(w, withState(w, SIGNALLED))) {
                        return false; // the owner looks again, for us
                    }
                }
                default -> {
                    return false;
                }
            }
        }
    }

    /** The loop itself, for the thread that {@link #begin} made the owner or that took over from it. */
    final void drain(Batch batch) {
        owner = Thread.currentThread();
        int batches = BATCHES_A_RUN;
        while (true) {
            if (broken) {
                finish(reason());
                return;
            }
            // read before asking for content: what was appended before close() must still go out
            CloseReason toClose = closing;
            Next next;
            try {
                next = owesFlush ? Next.WRITE : next(batch);
            } catch (RuntimeException bug) { // of ours; without this the stream would be nobody's for ever
                System.getLogger("millrace.stream").log(System.Logger.Level.ERROR, "a stream's content failed", bug);
                CLOSING.compareAndSet(this, null, CloseReason.FAILED);
                broken = true;
                continue;
            }
            if (next == Next.END) {
                finish(endOfContent());
                return;
            }
            if (next == Next.NOTHING) {
                if (toClose != null) {
                    finish(toClose);
                    return;
                }
                if (rest()) {
                    return;
                }
                continue;
            }
            if (batches == 0 && !owesFlush) {
                yieldTurn();
                return;
            }
            if (!ask()) {
                return;
            }
            if (broken) {
                continue;
            }
            try {
                if (owesFlush) {
                    flush();
                    owesFlush = false;
                } else {
                    write(batch);
                    owesFlush = true;
                    batches--;
                }
            } catch (IOException | RuntimeException gone) {
                // containers also answer late calls with IllegalStateException or NullPointerException
                CLOSING.compareAndSet(this, null, CloseReason.CLIENT_GONE);
                broken = true;
            }
        }
    }

    /** DRAINING → IDLE; false where somebody signalled: then it is DRAINING again and must look once more. */
    boolean rest() {
        int w = word();
        if ((w & STATE) == DRAINING && compareAndSet(w, withState(w, IDLE))) {
            return true;
        }
        // SIGNALLED, before or between the two statements: nobody else leaves that state, so a plain move back
        w = word();
        moveOwned(withState(w, DRAINING));
        return false;
    }

    /** Asks the container; true: still the owner, may write or flush once. False: leave, touch nothing. */
    boolean ask() {
        int awaiting = withState(nextTurn(word()), AWAITING);
        awaitingSince = System.nanoTime();
        moveOwned(awaiting);
        boolean ready;
        try {
            ready = isReady();
        } catch (RuntimeException gone) {
            CLOSING.compareAndSet(this, null, CloseReason.CLIENT_GONE);
            broken = true;
            ready = true; // go on as the owner, if still so, and finish
        }
        if (!ready && !broken) {
            return false; // writable() comes
        }
        // broken: lost() may have found DRAINING, and have left the end to us; the container need not call back any
        // more
        // lost: writable() came and has scheduled another run, or lost() closed
        return compareAndSet(awaiting, withState(awaiting, DRAINING));
    }

    int nextTurn(int word) {
        return word + TURN;
    }

    /** Leaves the rest to a later run, so that other streams get their turn. */
    private void yieldTurn() {
        moveOwned(withState(word(), IDLE)); // a signal that is overwritten here is answered by the run below
        schedule();
    }

    private void finish(CloseReason reason) {
        CLOSING.compareAndSet(this, null, reason);
        moveOwned(withState(word(), CLOSED));
        ended(reason());
    }

    private CloseReason reason() {
        CloseReason reason = closing;
        return reason == null ? CloseReason.FAILED : reason;
    }

    /** From DRAINING or SIGNALLED to that word; others only go from one of the two to the other. */
    final void moveOwned(int to) {
        int w = word();
        while (!compareAndSet(w, to)) {
            w = word(); // lost: signalled in between
        }
    }

    private static int withState(int word, int state) {
        return (word & ~STATE) | state;
    }

    // the only two accesses to the state: the model test steps at them

    int word() {
        return word;
    }

    boolean compareAndSet(int from, int to) {
        return WORD.compareAndSet(this, from, to);
    }

    /** The state and, where it is to end, why. */
    @Override
    public String toString() {
        String state = switch (word() & STATE) {
            case IDLE -> "IDLE";
            case DRAINING -> "DRAINING";
            case SIGNALLED -> "SIGNALLED";
            case AWAITING -> "AWAITING";
            default -> "CLOSED";
        };
        CloseReason why = closing;
        return why == null ? state : state + " (" + why.label() + ")";
    }
}
