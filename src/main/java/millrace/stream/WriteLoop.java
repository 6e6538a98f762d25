package millrace.stream;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import millrace.log.CloseReason;
import org.jspecify.annotations.Nullable;

/**
 * The problem: bytes become available, and the container becomes writable, at any time and on any thread; no such
 * signal may be lost, and never may two threads touch the response, nor one of ours while the container's own thread is
 * still about the request. This class is the only place that decides who may.
 *
 * <pre>
 *  IDLE ── wake ──▶ (scheduled) ── run ──▶ DRAINING ── nothing left ──▶ IDLE
 *                   wake while DRAINING ──▶ SIGNALLED ──▶ look once more before IDLE
 *                   DRAINING ── about to ask ──▶ AWAITING ── isReady() true ──▶ DRAINING
 *                                                AWAITING ── isReady() false: leave ──▶ writable ──▶ IDLE, scheduled
 *  any ── finish, by its owner ──▶ CLOSED
 *
 *  where the container's thread must have left before one of ours writes (Tomcat):
 *  AWAITING ── writable ──▶ LEAVING, scheduled          or, where it does not block there:
 *  AWAITING ── writeInCallback ──▶ DRAINING by the container's thread ── nothing left ──▶ LEAVING
 *  LEAVING ── run: has left ──▶ DRAINING                LEAVING ── run: not yet ──▶ scheduled for later
 *
 *  where the container ends a response whose write has failed (Tomcat):
 *  DRAINING ── a call failed ──▶ AWAITING ── lost: told by the container, or the watchdog ──▶ DRAINING ──▶ CLOSED
 * </pre>
 *
 * <ul>
 *   <li>IDLE: nobody writes and the container would take bytes. Any thread may schedule a run; the run takes the arrow
 *       to DRAINING by compare-and-set.
 *   <li>DRAINING: one thread owns the response. Only it leaves this state.
 *   <li>SIGNALLED: DRAINING, and somebody woke it meanwhile; the owner looks again before it leaves.
 *   <li>AWAITING: the container has been asked, or is about to be; it owns the next step. Entered <em>before</em>
 *       {@code isReady()} is called, because the container may call {@link #writable} on another thread before the
 *       thread that got {@code false} has executed its next statement. On {@code true} the thread that asked moves the
 *       state back to DRAINING. A turn number in the state keeps it from moving back a later AWAITING than its own.
 *   <li>LEAVING: as IDLE, but the thread by which the container called last may still be on its way out of the request.
 *       A write of ours that fails beside it is handled twice by Tomcat, and the second time in a response that is
 *       another user's already. The first thread that sees that it has left moves the state to DRAINING.
 *   <li>CLOSED: the response was completed and is never touched again. Entered once, by the owner.
 * </ul>
 *
 * <p>A close for a peaceful reason waits for the bytes that are still to be written, and never completes between
 * {@code isReady() == false} and the next {@code onWritePossible} (Jetty truncates there). {@link #lost} does not wait:
 * there is nobody left to be truncated. It makes its caller the owner, unless there is one: then that one completes, as
 * soon as it comes back from the container. Then another thread may still be asking {@code isReady()} of a response that
 * is being recycled; whatever that answers, nothing is written after it.
 *
 * <p>What the end means to others ({@link #ended}) is told once, and need not wait for an owner that is stuck within
 * the container.
 */
abstract class WriteLoop extends Drainers.Task {

    static final int IDLE = 0;
    static final int DRAINING = 1;
    static final int SIGNALLED = 2;
    static final int AWAITING = 3;
    static final int CLOSED = 4;
    static final int LEAVING = 5;
    private static final int STATE = 7;
    private static final int TURN = 8;

    /** Batches that one run writes before it lets other streams have their turn. */
    static final int BATCHES_A_RUN = 16;

    private static final VarHandle WORD;
    private static final VarHandle CLOSING;
    private static final VarHandle TOLD;
    private static final VarHandle ASKER;

    static {
        try {
            var lookup = MethodHandles.lookup();
            WORD = lookup.findVarHandle(WriteLoop.class, "word", int.class);
            CLOSING = lookup.findVarHandle(WriteLoop.class, "closing", CloseReason.class);
            ASKER = lookup.findVarHandle(WriteLoop.class, "asker", Thread.class);
            TOLD = lookup.findVarHandle(WriteLoop.class, "told", boolean.class);
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

    /** A call to the container has failed: nothing may be written, and the container is to end it. Stays true. */
    private volatile boolean failed;

    /** Whether the end was told; see {@link #ended}. */
    private volatile boolean told;

    /** Who is DRAINING; for {@link #isWriter} only, where each thread asks about itself: what it wrote last it sees. */
    private @Nullable Thread owner;

    /** Who is within {@link #isReady}, in AWAITING; for {@link #isWithinContainer} only. */
    private volatile @Nullable Thread asker;

    /** Since when the container has the next step, by having said no or by being within a call (nanoTime). */
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

    abstract Next next();

    /** Why {@link Next#END} was answered. */
    abstract CloseReason endOfContent();

    abstract boolean isReady();

    /** Writes what {@link #next} found; the container takes all of it. */
    abstract void write() throws IOException;

    abstract void flush() throws IOException;

    /** Completes the response; called exactly once, by the owner. */
    abstract void complete(CloseReason reason);

    /** Tells the others of the end; called exactly once, on any thread. */
    abstract void ended(CloseReason reason);

    // ---- what the container asks for; the defaults are those of one that asks for nothing ----

    /** Whether the thread by which the container called last has left the request. True for ever until the next call. */
    boolean hasLeft() {
        return true;
    }

    /** As {@link #schedule}, but in a moment: it has not left yet. */
    void scheduleLater() {
        schedule();
    }

    /** Whether the container ends a response by itself when a write has failed, and tells. */
    boolean endsAfterFailure() {
        return false;
    }

    // ---- signals, from any thread ----

    /** There may be something to write. */
    void wake() {
        while (true) {
            int w = word();
            switch (w & STATE) {
                case IDLE, LEAVING -> {
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
            if (failed) {
                return; // it has failed since, and waits for the container's end
            }
            if (compareAndSet(w, withState(w, hasLeft() ? IDLE : LEAVING))) {
                schedule();
                return;
            }
            // lost: the asker got true and took itself back, or somebody closed
        }
    }

    /**
     * As {@link #writable}, on the container's own thread in a container that wants no other beside it: writes what is
     * there.
     */
    final void writeInCallback() {
        while (true) {
            int w = word();
            if ((w & STATE) != AWAITING || failed) {
                writable();
                return;
            }
            if (compareAndSet(w, withState(w, DRAINING))) {
                drain(LEAVING);
                return;
            }
            // lost: as in writable()
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
        while (true) {
            int w = word();
            switch (w & STATE) {
                case IDLE, AWAITING, LEAVING -> {
                    if (compareAndSet(w, withState(w, DRAINING))) {
                        owner = Thread.currentThread();
                        finish(reason());
                        return;
                    }
                    // lost: somebody began to drain, or was called back; it may have looked at 'broken' already
                }
                case DRAINING -> {
                    if (compareAndSet(w, withState(w, SIGNALLED))) {
                        return; // the owner looks at 'broken' before it leaves
                    }
                    // lost: the owner moved on, or another signal came
                }
                default -> {
                    return; // SIGNALLED: likewise; CLOSED: done
                }
            }
        }
    }

    /** The container has found an error, and will end the response and call {@link #lost}: no write until then. */
    final void failed() {
        CLOSING.compareAndSet(this, null, CloseReason.CLIENT_GONE);
        failed = true;
    }

    final boolean hasFailed() {
        return failed;
    }

    /**
     * As {@link #lost}, for a stream that {@link #isStalled}. Where a thread is stuck within the container nobody else
     * may touch the response: it completes when it comes back. For all others the stream has ended.
     */
    final void giveUp(CloseReason reason) {
        lost(reason);
        tell(reason());
    }

    /** True for a stream that the container has kept from writing since before that time: by a no, or within a call. */
    final boolean isStalled(long nanoTime) {
        int state = word() & STATE;
        return (state == AWAITING || state == DRAINING || state == SIGNALLED) && awaitingSince - nanoTime < 0;
    }

    final boolean isIdle() {
        return (word() & STATE) == IDLE;
    }

    /** Nobody writes, and there is nothing to wait for but a thread of the container that is on its way out, if at all. */
    final boolean isResting() {
        int state = word() & STATE;
        return state == IDLE || state == LEAVING;
    }

    /** It has ended for all but perhaps a thread that is stuck within the container. */
    final boolean isClosed() {
        return told;
    }

    final boolean isClosing() {
        return closing != null;
    }

    /** Some thread is inside a call to the container, or about to make one. */
    final boolean isDraining() {
        int state = word() & STATE;
        return state == DRAINING || state == SIGNALLED;
    }

    /** The same, or it is asking; the answer may have been overtaken. */
    final boolean isWithinContainer() {
        return isDraining() || asker != null;
    }

    final boolean isWriter(Thread thread) {
        return isDraining() && owner == thread;
    }

    // ---- the loop ----

    /** Writes what is there, as far as the container takes it. */
    @Override
    void run() {
        if (begin()) {
            drain();
        }
    }

    boolean begin() {
        while (true) {
            int w = word();
            switch (w & STATE) {
                case LEAVING -> {
                    if (!hasLeft()) {
                        scheduleLater();
                        return false;
                    }
                    if (compareAndSet(w, withState(w, DRAINING))) {
                        return true;
                    }
                    // lost: as below
                }
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
    final void drain() {
        drain(IDLE);
    }

    /** @param resting the state in which this thread leaves it: LEAVING where it is the container's */
    private void drain(int resting) {
        owner = Thread.currentThread();
        awaitingSince = System.nanoTime();
        int batches = BATCHES_A_RUN;
        while (true) {
            if (broken) {
                finish(reason());
                return;
            }
            if (failed) {
                leaveToContainer();
                return;
            }
            // read before asking for content: what was appended before close() must still go out
            CloseReason toClose = closing;
            Next next;
            try {
                next = owesFlush ? Next.WRITE : next();
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
                if (rest(resting)) {
                    return;
                }
                continue;
            }
            if (batches == 0 && !owesFlush) {
                yieldTurn(resting);
                return;
            }
            if (!ask()) {
                return;
            }
            if (broken || failed) {
                continue;
            }
            try {
                if (owesFlush) {
                    flush();
                    owesFlush = false;
                } else {
                    write();
                    owesFlush = true;
                    batches--;
                }
            } catch (IOException | RuntimeException gone) {
                // containers also answer late calls with IllegalStateException or NullPointerException
                callFailed();
            }
        }
    }

    private void callFailed() {
        CLOSING.compareAndSet(this, null, CloseReason.CLIENT_GONE);
        if (endsAfterFailure()) {
            failed = true;
        } else {
            broken = true;
        }
    }

    /** DRAINING → AWAITING without asking: {@link #lost} comes, from the container or at last from the watchdog. */
    private void leaveToContainer() {
        int awaiting = withState(nextTurn(word()), AWAITING);
        awaitingSince = System.nanoTime();
        owner = null;
        moveOwned(awaiting);
        if (broken && compareAndSet(awaiting, withState(awaiting, DRAINING))) {
            finish(reason()); // lost() had found DRAINING, and left the end to us
        }
    }

    /** DRAINING → IDLE or LEAVING; false where somebody signalled: then it is DRAINING again and must look once more. */
    boolean rest(int resting) {
        int w = word();
        Thread me = owner;
        owner = null;
        if ((w & STATE) == DRAINING && compareAndSet(w, withState(w, resting))) {
            return true;
        }
        owner = me;
        // SIGNALLED, before or between the two statements: nobody else leaves that state, so a plain move back
        w = word();
        moveOwned(withState(w, DRAINING));
        return false;
    }

    /** Asks the container; true: still the owner, may write or flush once. False: leave, touch nothing. */
    boolean ask() {
        int awaiting = withState(nextTurn(word()), AWAITING);
        awaitingSince = System.nanoTime();
        Thread me = owner;
        owner = null;
        ASKER.set(this, me); // seen by others at the latest with the next statement
        moveOwned(awaiting);
        boolean ready;
        try {
            ready = isReady();
        } catch (RuntimeException gone) {
            callFailed();
            ready = true; // go on as the owner, if still so, and finish
        }
        if (asker == me) { // else a later one asks already
            ASKER.setRelease(this, null);
        }
        if (!ready && !broken) {
            return false; // writable() comes
        }
        // broken: lost() may have found DRAINING, and have left the end to us; the container need not call back any
        // more
        // lost: writable() came and has scheduled another run, or lost() closed
        if (compareAndSet(awaiting, withState(awaiting, DRAINING))) {
            owner = me;
            return true;
        }
        return false;
    }

    int nextTurn(int word) {
        return word + TURN;
    }

    /** Leaves the rest to a later run, so that other streams get their turn. */
    private void yieldTurn(int resting) {
        owner = null;
        moveOwned(withState(word(), resting)); // a signal that is overwritten here is answered by the run below
        schedule();
    }

    /** By the owner, which stays it until the response is completed: who waits for it may then go on. */
    private void finish(CloseReason reason) {
        CLOSING.compareAndSet(this, null, reason);
        complete(reason());
        owner = null;
        moveOwned(withState(word(), CLOSED));
        tell(reason());
    }

    private void tell(CloseReason reason) {
        if (TOLD.compareAndSet(this, false, true)) {
            ended(reason);
        }
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
            case LEAVING -> "LEAVING";
            default -> "CLOSED";
        };
        CloseReason why = closing;
        return why == null ? state : state + " (" + why.label() + ")";
    }
}
