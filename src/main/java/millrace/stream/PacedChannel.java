package millrace.stream;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One producer that waits for its readers: the log of a request stream (its bound is the window, what was read is let
 * go of) or of a run (what was read is kept for those who come back, as far as the bounds allow). When the log is full
 * {@link #append} waits until the fastest reader has read the oldest event; a slower reader that is passed gets a
 * {@code gap}.
 */
public final class PacedChannel extends Channel {

    /** Makes the {@code gap} event for a reader that was passed. */
    interface Gap {
        byte[] event(long asked, long goesOnWith);
    }

    private final Condition room = lock.newCondition();
    private final boolean keepsRead;
    private final @Nullable Gap gap;
    private final @Nullable LongConsumer lastReaderLeft;

    /** Frees bytes of the budget elsewhere, if it can: true if it did. */
    private final BooleanSupplier relief;

    private long fastest = 1;

    /** Where there can be only one reader it is known here, and no audience is needed. */
    private volatile @Nullable EventStream sole;

    /** The reader that came when there was no other, until another comes. */
    private volatile @Nullable EventStream lone;

    PacedChannel(
            Drainers drainers,
            ByteBudget budget,
            int maxEvents,
            long maxBytes,
            boolean keepsRead,
            @Nullable Gap gap,
            @Nullable LongConsumer lastReaderLeft,
            BooleanSupplier relief) {
        super(drainers, budget, maxEvents, maxBytes, 0);
        this.keepsRead = keepsRead;
        this.gap = gap;
        this.lastReaderLeft = lastReaderLeft;
        this.relief = relief;
    }

    /**
     * Appends, wakes the readers, and returns the number of the event. Blocks while the log is full.
     *
     * @return the event's number; -1 where the channel has ended: nothing was appended
     */
    public long append(EncodedEvent event) throws InterruptedException {
        long number = add(event);
        EventStream only = sole;
        if (number < 0) {
            return number;
        }
        if (only != null) {
            only.wakeByAppender();
        } else {
            wakeReaders();
        }
        return number;
    }

    /** As {@link #append}, but wakes nobody: the caller does. */
    long add(EncodedEvent event) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (ended() == null && isFullFor(event)) {
                if (isOverBudget() && relief.getAsBoolean()) {
                    continue; // rather an ended run than what this one still needs
                }
                if (oldestHeld() < fastest) {
                    forgetOldest();
                } else if (isAtItsBounds(event)) {
                    room.await();
                } else {
                    room.await(100, TimeUnit.MILLISECONDS); // others' readers make room, and do not tell us
                }
            }
            if (ended() != null) {
                return -1;
            }
            long number = next();
            put(event);
            return number;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The only reader of a run, if there is just one. Who asks after {@link #add} and gets an answer need wake nobody
     * else: a reader that comes later looks for itself.
     */
    @Nullable
    EventStream loneReader() {
        return lone;
    }

    /** The one reader that this channel has. */
    void soleReader(EventStream stream) {
        sole = stream;
    }

    @Override
    void wakeReaders() {
        EventStream only = sole;
        if (only != null) {
            only.wake();
        } else {
            super.wakeReaders();
        }
    }

    @Override
    public void end(CloseReason reason) {
        super.end(reason);
        lock.lock();
        try {
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends it for good: nobody will read what is held, so that it no longer counts in the budget. */
    public void abandon(CloseReason reason) {
        end(reason); // first: nothing is appended after the end
        discard();
    }

    @Override
    void advanced(long number) {
        lock.lock();
        try {
            if (number > fastest) {
                fastest = number;
                if (!keepsRead) {
                    while (oldestHeld() < Math.min(number, next())) {
                        forgetOldest();
                    }
                }
                room.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    void passed(long number) {
        // kept for those who come back, or let go of in advanced()
    }

    @Override
    byte @Nullable [] gap(long asked, long goesOnWith) {
        return gap == null ? null : gap.event(asked, goesOnWith);
    }

    @Override
    void readerCame(EventStream stream, int nowThere) {
        lone = nowThere == 1 ? stream : null;
    }

    @Override
    void readerLeft(int stillThere, long came) {
        if (stillThere == 0) {
            lone = null; // perhaps one that has come meanwhile: then the drainers write to it
        }
        if (stillThere == 0 && lastReaderLeft != null) {
            lastReaderLeft.accept(came);
        }
    }
}
