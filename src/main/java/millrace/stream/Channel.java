package millrace.stream;

import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A bounded log of encoded events, numbered from 1 without gaps, and the streams that read it. The log is a ring of
 * references, small at first; a reader is a number and costs nothing for what it has not read.
 *
 * <p>Any thread may append. What happens when the log is full is the difference between the two kinds:
 * {@link BroadcastChannel} moves on and lets slow readers lapse, {@link PacedChannel} makes the producer wait.
 */
public abstract sealed class Channel permits BroadcastChannel, PacedChannel {

    private static final int FIRST_CAPACITY = 4;

    private final Drainers drainers;
    private final ByteBudget budget;
    private final int maxEvents;
    private final long maxBytes;

    /** Guards the ring, the bounds and the audiences; held for moments only, never while calling a container. */
    final ReentrantLock lock = new ReentrantLock();

    private EncodedEvent[] ring = new EncodedEvent[FIRST_CAPACITY];
    private long oldest = 1;
    private long heldBytes;
    private long forgottenSequence;
    private final @Nullable Audience[] audiences;
    private int readers;

    /** How many have come in all. */
    private long comings;

    /** The number of the next event; written under the lock, read without. */
    private volatile long next = 1;

    private volatile @Nullable CloseReason ended;

    Channel(Drainers drainers, ByteBudget budget, int maxEvents, long maxBytes, long afterSequence) {
        this.drainers = drainers;
        this.budget = budget;
        this.maxEvents = maxEvents;
        this.maxBytes = maxBytes;
        this.forgottenSequence = afterSequence;
        this.audiences = new Audience[drainers.count()];
    }

    /** The number that the next event will get. */
    public final long next() {
        return next;
    }

    /** The number of the oldest event still held; {@link #next} if none is. */
    public final long oldest() {
        lock.lock();
        try {
            return oldest;
        } finally {
            lock.unlock();
        }
    }

    /** Why no further event will come; {@code null} while some may. */
    public final @Nullable CloseReason ended() {
        return ended;
    }

    /** How many streams read this. */
    public final int readers() {
        lock.lock();
        try {
            return readers;
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of the events held. */
    public final long heldBytes() {
        lock.lock();
        try {
            return heldBytes;
        } finally {
            lock.unlock();
        }
    }

    /**
     * No further event comes: each reader's stream ends for that reason as soon as it has read what is here. May be
     * called twice; the first reason stands.
     */
    public void end(CloseReason reason) {
        lock.lock();
        try {
            if (ended == null) {
                ended = reason;
            }
        } finally {
            lock.unlock();
        }
        wakeReaders();
    }

    /** Lets go of everything held, so that it no longer counts in the budget. For a channel that nobody reads any more. */
    public final void discard() {
        lock.lock();
        try {
            while (oldest < next) {
                forgetOldest();
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- the log; under the lock ----

    /** Puts it into the ring, for which there is room. */
    final void put(EncodedEvent event) {
        long mine = next;
        int held = (int) (mine - oldest);
        if (held == ring.length) {
            EncodedEvent[] larger = new EncodedEvent[ring.length * 2];
            for (long number = oldest; number < mine; number++) {
                larger[slot(number, larger)] = ring[slot(number, ring)];
            }
            ring = larger;
        }
        ring[slot(mine, ring)] = event;
        heldBytes += event.length();
        budget.add(event);
        next = mine + 1; // last: who sees the number may gather the event
    }

    /** True where one more event of that length does not fit beside those held. An empty log always has room for one. */
    final boolean isFullFor(EncodedEvent event) {
        return next > oldest && (isAtItsBounds(event) || budget.exceeded());
    }

    /** The same without regard to what others hold. */
    final boolean isAtItsBounds(EncodedEvent event) {
        return next - oldest >= maxEvents || heldBytes + event.length() > maxBytes;
    }

    final boolean isOverBudget() {
        return budget.exceeded();
    }

    final long oldestHeld() {
        return oldest;
    }

    @SuppressWarnings("NullAway") // an empty slot is no event
    final void forgetOldest() {
        int slot = slot(oldest, ring);
        EncodedEvent event = ring[slot];
        ring[slot] = null;
        oldest++;
        heldBytes -= event.length();
        forgottenSequence = event.sequence();
        budget.remove(event);
        if (oldest == next && ring.length > 1024) {
            ring = new EncodedEvent[FIRST_CAPACITY]; // a burst must not leave a large ring behind
        }
    }

    private static int slot(long number, EncodedEvent[] ring) {
        return (int) (number & (ring.length - 1));
    }

    /** Bytes that wait for a drainer to walk over that audience. */
    final long waitingBytes(Audience audience) {
        lock.lock();
        try {
            return bytesAfter(audience.served());
        } finally {
            lock.unlock();
        }
    }

    /** About: as if all events held were equally long. */
    private long bytesAfter(long number) {
        long held = next - oldest;
        return held == 0 ? 0 : heldBytes * Math.max(0, next - Math.max(number, oldest)) / held;
    }

    /**
     * Whether more than one of so many parts of what may be held waits for drainers; not for clients: those end as too
     * slow.
     */
    final boolean drainersAreBehind(int part) {
        for (Audience audience : audiences) {
            if (audience != null
                    && !audience.isEmpty()
                    && (next - audience.served() > maxEvents / part
                            || bytesAfter(audience.served()) > maxBytes / part)) {
                return true;
            }
        }
        return false;
    }

    // ---- reading ----

    enum Gathered {
        TAKEN,
        NOTHING,
        ENDED,
        /** The number has been passed: the event is no longer held. */
        LAPSED
    }

    /** Gathers events from that number on into the batch, unless it already holds them. */
    final Gathered gather(long from, Batch batch) {
        if (batch.holds(this, from) && batch.length > 0) {
            return Gathered.TAKEN; // still right, even where the log has moved on
        }
        lock.lock();
        try {
            if (from < oldest) {
                return Gathered.LAPSED;
            }
            if (from >= next) {
                return ended == null ? Gathered.NOTHING : Gathered.ENDED;
            }
            batch.begin(this, from);
            while (batch.next < next && batch.take(ring[slot(batch.next, ring)])) {
                // take the next
            }
            return Gathered.TAKEN;
        } finally {
            lock.unlock();
        }
    }

    /** A reader has read up to that number (exclusive); told by each reader after its flush. */
    abstract void advanced(long number);

    /** All readers of all audiences stand at that number or later, as far as known; called after a walk. */
    abstract void passed(long number);

    /** One of the readers had nothing to read for the time of a heartbeat. */
    void quiet() {}

    /**
     * Bytes for a reader whose number has been passed, before it goes on with the oldest event held; {@code null} where
     * it shall be ended as too slow instead.
     */
    abstract byte @Nullable [] gap(long asked, long goesOnWith);

    // ---- the readers ----

    /**
     * Has the stream read from that number on, and counts it as a reader until {@link #detach}. It is woken for what
     * comes; what is already here it finds at its next run.
     */
    final void attach(EventStream stream, long from) {
        lock.lock();
        try {
            attachLocked(stream, from);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #attach}, from the first event after that sequence; false if some of those are no longer here. */
    final boolean attachAfter(EventStream stream, long sequence) {
        lock.lock();
        try {
            if (forgottenSequence > sequence) {
                return false;
            }
            long from = oldest;
            long until = next;
            while (from < until) { // sequences grow with the numbers
                long middle = (from + until) >>> 1;
                if (ring[slot(middle, ring)].sequence() <= sequence) {
                    from = middle + 1;
                } else {
                    until = middle;
                }
            }
            attachLocked(stream, from);
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void attachLocked(EventStream stream, long from) {
        int home = stream.home().index();
        Audience audience = audiences[home];
        if (audience == null) {
            audience = new Audience(this, stream.home());
            audiences[home] = audience;
        }
        stream.startReading(this, from);
        audience.add(stream);
        readers++;
        comings++;
        readerCame(stream, readers);
    }

    final void detach(EventStream stream) {
        int left = -1;
        long came = 0;
        lock.lock();
        try {
            Audience audience = audiences[stream.home().index()];
            if (audience != null && audience.remove(stream)) {
                left = --readers;
                came = comings;
            }
        } finally {
            lock.unlock();
        }
        if (left >= 0) {
            readerLeft(left, came);
        }
    }

    /** A reader came, and so many are there now; under the lock. */
    void readerCame(EventStream stream, int nowThere) {}

    /** A reader left, and so many are still there, of so many that had come until then. */
    void readerLeft(int stillThere, long came) {}

    /** Nobody reads it, and nobody has come since it was so many. */
    final boolean isUnreadSince(long came) {
        lock.lock();
        try {
            return readers == 0 && comings == came;
        } finally {
            lock.unlock();
        }
    }

    /** Every idle reader looks whether there is something to write. */
    void wakeReaders() {
        for (Audience audience : audiences) { // slots are filled once and never emptied; a missed one is empty
            if (audience != null) {
                audience.wake();
            }
        }
    }

    /** After a walk of one audience: lets go of what all have read. True: it should walk on. */
    boolean walked() {
        long slowest = Long.MAX_VALUE;
        lock.lock();
        try {
            for (Audience audience : audiences) {
                if (audience != null && !audience.isEmpty()) {
                    slowest = Math.min(slowest, audience.slowest());
                }
            }
            passed(Math.min(slowest, next));
        } finally {
            lock.unlock();
        }
        return false;
    }

    /** As after a walk, but each reader is asked: one that was behind has caught up by itself, or left. */
    final void passAllReaders() {
        lock.lock();
        try {
            if (oldest == next) {
                return;
            }
            long slowest = next;
            for (Audience audience : audiences) {
                if (audience != null) {
                    slowest = Math.min(slowest, audience.slowestNow());
                }
            }
            passed(slowest);
        } finally {
            lock.unlock();
        }
    }

    final Drainers drainers() {
        return drainers;
    }
}
