package millrace.stream;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One source, many readers, and a history elsewhere: appending never waits. When the log is full its oldest events go;
 * a reader that stood there has lapsed, its stream ends as {@link CloseReason#TOO_SLOW} and the client comes back with
 * its last event id. What all readers have read is let go of at once; where the last of them caught up by itself, with the
 * next event or heartbeat.
 */
public final class BroadcastChannel extends Channel {

    /** Far more than a full batch each, so waiting loses nothing; far less than what makes a reader lapse. */
    private static final int PART_TO_WAIT = 8;

    private static final int PART_TO_GO_ON = 16;

    /** Ten thousand readers may have their heartbeats in such a time; one look does for all. */
    private static final long BETWEEN_QUIET_LOOKS_NANOS = TimeUnit.SECONDS.toNanos(1);

    private volatile long lastQuietLook = System.nanoTime() - BETWEEN_QUIET_LOOKS_NANOS;

    /** There while the drainers are behind; written under the lock. */
    private volatile @Nullable CompletableFuture<Void> caughtUp;

    BroadcastChannel(Drainers drainers, ByteBudget budget, int maxEvents, long maxBytes, long afterSequence) {
        super(drainers, budget, maxEvents, maxBytes, afterSequence);
    }

    /** Appends and wakes the readers. Does not block. Nothing is appended after {@link #end}. */
    public void append(EncodedEvent event) {
        lock.lock();
        try {
            if (ended() != null) {
                return;
            }
            while (isFullFor(event)) {
                forgetOldest();
            }
            put(event);
            if (caughtUp == null && drainersAreBehind(PART_TO_WAIT)) {
                caughtUp = new CompletableFuture<>();
            }
        } finally {
            lock.unlock();
        }
        wakeReaders();
    }

    /**
     * Where the drainers are far behind: what a drainer completes when they no longer are. Who appends as fast as it can
     * should wait for it, or readers lapse that are not slow.
     */
    public @Nullable CompletableFuture<Void> behind() {
        return caughtUp;
    }

    /** How many events the slowest reader has not had. */
    public long lagEvents() {
        passAllReaders();
        return next() - oldest();
    }

    /** How many bytes that is. */
    public long lagBytes() {
        passAllReaders();
        return heldBytes();
    }

    @Override
    boolean walked() {
        super.walked();
        CompletableFuture<Void> done;
        lock.lock();
        try {
            if (caughtUp == null) {
                return false;
            }
            if (drainersAreBehind(PART_TO_GO_ON)) {
                return true;
            }
            done = caughtUp;
            caughtUp = null;
        } finally {
            lock.unlock();
        }
        done.complete(null);
        return false;
    }

    /**
     * Has the stream read what comes after that sequence; false if this log no longer reaches back so far: then more
     * has to be replayed from the history first.
     */
    public boolean join(EventStream stream, long afterSequence) {
        if (!attachAfter(stream, afterSequence)) {
            return false;
        }
        if (stream.isClosed()) {
            detach(stream); // it ended before it could know that it reads this
        }
        stream.wake();
        return true;
    }

    @Override
    void advanced(long number) {
        // one reader tells nothing about the others: passed() does
    }

    /** What a slow reader held back would else go after the next event, which may be long in coming. */
    @Override
    void quiet() {
        long now = System.nanoTime();
        if (heldBytes() > 0 && now - lastQuietLook >= BETWEEN_QUIET_LOOKS_NANOS) {
            lastQuietLook = now;
            passAllReaders();
        }
    }

    @Override
    void passed(long number) {
        while (oldestHeld() < number) {
            forgetOldest();
        }
    }

    @Override
    byte @Nullable [] gap(long asked, long goesOnWith) {
        return null;
    }
}
