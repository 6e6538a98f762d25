package millrace.stream;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import millrace.log.CloseReason;
import millrace.log.EncodedEvent;
import millrace.log.Log;
import org.jspecify.annotations.Nullable;

/**
 * A log and the streams that read it, one {@link Audience} for each drainer. Whoever appends wakes them, and what all of
 * them have read the log may let go of. Any thread may call any method; none of them waits.
 */
public final class Channel {

    /** Far more than a full write for each reader, and far less than what sends a reader to the archive. */
    private static final int PART_TO_WAIT = 8;

    private static final int PART_TO_GO_ON = 16;

    /** Ten thousand readers may have a heartbeat within that time. One look is enough for all. */
    private static final long BETWEEN_QUIET_LOOKS_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Log log;
    private final boolean paced;
    private final LongConsumer lastReaderLeft;

    /** Guards the audiences; held for moments only, never while calling a container. */
    final ReentrantLock lock = new ReentrantLock();

    // under the lock
    private final @Nullable Audience[] audiences;
    private int readers;

    /** How many have come in all. */
    private long comings;

    /** The only reader, if it came when there was no other. */
    private volatile @Nullable EventStream lone;

    private volatile long lastQuietLook = System.nanoTime() - BETWEEN_QUIET_LOOKS_NANOS;

    /** There while the drainers are behind; written under the lock. */
    private volatile @Nullable CompletableFuture<Void> caughtUp;

    /**
     * @param paced whether somebody waits for the fastest reader
     * @param lastReaderLeft told how many had come, when no reader is left, on the thread by which the last one ended
     */
    Channel(Drainers drainers, Log log, boolean paced, LongConsumer lastReaderLeft) {
        this.log = log;
        this.paced = paced;
        this.lastReaderLeft = lastReaderLeft;
        this.audiences = new Audience[drainers.count()];
    }

    public Log log() {
        return log;
    }

    boolean isPaced() {
        return paced;
    }

    /** How many streams read this. */
    public int readers() {
        lock.lock();
        try {
            return readers;
        } finally {
            lock.unlock();
        }
    }

    // ---- appending ----

    /** Appends and wakes the readers. Nothing is appended after {@link #end}. */
    public void append(EncodedEvent event) {
        log.append(event);
        if (caughtUp == null && drainersAreBehind(PART_TO_WAIT)) {
            lock.lock();
            try {
                if (caughtUp == null) {
                    caughtUp = new CompletableFuture<>();
                }
            } finally {
                lock.unlock();
            }
        }
        wakeReaders();
    }

    /** Every idle reader looks whether there is something to write. */
    void wakeReaders() {
        for (Audience audience : audiences) { // slots are filled once and never emptied; a missed one is empty
            if (audience != null) {
                audience.wake();
            }
        }
    }

    /** What has a position up to that one is not here, and readers find it in the archive. */
    public void skipTo(long position) {
        log.skipTo(position);
        wakeReaders();
    }

    /** No further event comes: each reader's stream ends for that reason as soon as it has read what is here. */
    public void end(CloseReason reason) {
        log.end(reason);
        wakeReaders();
    }

    // ---- drainers that are behind ----

    /**
     * Where the drainers are far behind: what a drainer completes when they no longer are. Who appends as fast as it can
     * should wait for it, or readers that are not slow go to the archive.
     */
    public @Nullable CompletableFuture<Void> behind() {
        return caughtUp;
    }

    /** Whether more than one of so many parts of what may be held waits for drainers, and not for clients. */
    private boolean drainersAreBehind(int part) {
        for (Audience audience : audiences) {
            if (audience != null && !audience.isEmpty() && log.holdsMoreThanAPart(part, audience.served())) {
                return true;
            }
        }
        return false;
    }

    /** Called after a walk over one audience: frees what all readers have had. True if the audience should walk again. */
    boolean walked() {
        long slowest = log.next();
        CompletableFuture<Void> done = null;
        lock.lock();
        try {
            for (Audience audience : audiences) {
                if (audience != null && !audience.isEmpty()) {
                    slowest = Math.min(slowest, audience.slowest());
                }
            }
            if (caughtUp != null) {
                if (drainersAreBehind(PART_TO_GO_ON)) {
                    return true;
                }
                done = caughtUp;
                caughtUp = null;
            }
        } finally {
            lock.unlock();
        }
        log.allHaveReadTo(slowest);
        if (done != null) {
            done.complete(null);
        }
        return false;
    }

    // ---- readers ----

    /** A place for a reader, which is woken from now on; see {@link EventStream#read}. */
    void attach(EventStream stream) {
        lock.lock();
        try {
            int home = stream.home().index();
            Audience audience = audiences[home];
            if (audience == null) {
                audience = new Audience(this, stream.home());
                audiences[home] = audience;
            }
            audience.add(stream);
            readers++;
            comings++;
            lone = readers == 1 ? stream : null;
        } finally {
            lock.unlock();
        }
    }

    void detach(EventStream stream) {
        long came;
        lock.lock();
        try {
            Audience audience = audiences[stream.home().index()];
            if (audience == null || !audience.remove(stream)) {
                return;
            }
            readers--;
            if (readers > 0) {
                return;
            }
            came = comings;
            lone = null; // even if another has come meanwhile: then the drainers write to it
        } finally {
            lock.unlock();
        }
        lastReaderLeft.accept(came);
    }

    /** Nobody reads it, and nobody has come since it was so many. */
    boolean isUnreadSince(long came) {
        lock.lock();
        try {
            return readers == 0 && comings == came;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The only reader, if there is just one. Who asks after it has appended, and gets an answer, need wake nobody else: a
     * reader that comes later looks for itself.
     */
    @Nullable
    EventStream loneReader() {
        return lone;
    }

    /** Called when a reader was quiet for a heartbeat's time: without a walk nothing else frees what a slow reader held. */
    void quiet() {
        long now = System.nanoTime();
        if (log.heldBytes() > 0 && now - lastQuietLook >= BETWEEN_QUIET_LOOKS_NANOS) {
            lastQuietLook = now;
            letGoOfWhatAllHaveRead();
        }
    }

    /** Asks each reader for its position: one that was behind may have caught up by itself, or left. */
    private void letGoOfWhatAllHaveRead() {
        long slowest = log.next();
        lock.lock();
        try {
            for (Audience audience : audiences) {
                if (audience != null) {
                    slowest = Math.min(slowest, audience.slowestNow());
                }
            }
        } finally {
            lock.unlock();
        }
        log.allHaveReadTo(slowest);
    }

    /** How many events in memory the slowest reader has not had. */
    public long lagEvents() {
        letGoOfWhatAllHaveRead();
        return log.next() - log.oldest();
    }

    /** How many bytes that is. */
    public long lagBytes() {
        letGoOfWhatAllHaveRead();
        return log.heldBytes();
    }
}
