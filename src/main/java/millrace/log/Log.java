package millrace.log;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A bounded log of encoded events, numbered from 1 without gaps, in pages. A {@link Reader} is a number and costs
 * nothing for what it has not read.
 *
 * <pre>
 *            forgotten │           held in memory            │
 *  (archive)           │ page 1 … 57 ─▶ page 58 … 112 ─▶ page 113 … 131  ◀── append
 *                                            ▲
 *                                            a reader: the page, and how much of it has been read
 * </pre>
 *
 * <p>Who appends chooses what a full log means: {@link #append} lets go of the oldest page, and readers that stood there
 * go on from the {@link Archive}; {@link #appendPaced} waits until the fastest reader has read it.
 *
 * <p>Any thread may call any method. The lock is held for moments only; reading takes none.
 */
public final class Log {

    /** A full log has at least so many pages: a page is freed as a whole, and the bounds shall hold nearly all the time. */
    private static final int PAGES_AT_LEAST = 16;

    /** Bytes that a page costs in the budget beside its events: its objects. */
    private static final long PAGE_OVERHEAD = 128;

    private static final long LOOK_AGAIN_MILLIS = 100;

    private final ByteBudget budget;
    private final int maxEvents;
    private final long maxBytes;
    private final int pageEvents;
    private final int pageBytes;
    private final boolean keepsWhatWasRead;
    private final Archive archive;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();

    // under the lock
    private Page oldest;
    private Page newest;
    private long heldBytes;
    private long fastest = 1;
    private long forgottenPosition;

    /** The position of the newest event; written under the lock, before {@link #next}. */
    private volatile long newestPosition;

    /** The number of the next event; written under the lock. */
    private volatile long next = 1;

    private volatile @Nullable CloseReason ended;

    /**
     * @param maxEvents held at most, one at least
     * @param maxBytes held at most, but one event always is
     * @param keepsWhatWasRead what all have read stays, as far as the bounds allow, for readers that come later
     * @param after the position before the first event
     */
    public Log(ByteBudget budget, int maxEvents, long maxBytes, boolean keepsWhatWasRead, long after, Archive archive) {
        this.budget = budget;
        this.maxEvents = maxEvents;
        this.maxBytes = maxBytes;
        this.pageEvents = Math.max(1, maxEvents / PAGES_AT_LEAST);
        this.pageBytes = (int) Math.max(1, Math.min(Page.MAX_BYTES, maxBytes / PAGES_AT_LEAST));
        this.keepsWhatWasRead = keepsWhatWasRead;
        this.archive = archive;
        this.oldest = new Page(1, after);
        this.newest = oldest;
        this.newestPosition = after;
        this.forgottenPosition = after;
    }

    // ---- appending ----

    /**
     * Appends. Where the log is full it lets go of its oldest events. Does not wait.
     *
     * @return the event's number; -1 where the log has ended: nothing was appended
     */
    public long append(EncodedEvent event) {
        lock.lock();
        try {
            while (ended == null && isFullFor(event)) {
                forgetOldest();
            }
            return ended == null ? put(event) : -1;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Appends. Where the log is full it lets go of what its fastest reader has read, and waits until that is so.
     *
     * @param relief frees bytes of the budget elsewhere, if it can: true if it did
     * @return the event's number; -1 where the log has ended: nothing was appended
     */
    public long appendPaced(EncodedEvent event, BooleanSupplier relief) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (ended == null && isFullFor(event)) {
                if (budget.isExceeded() && relief.getAsBoolean()) {
                    continue; // rather what nobody needs than what this log still does
                }
                if (oldest.nextNumber() <= fastest) {
                    forgetOldest();
                } else if (isAtItsBounds(event)) {
                    room.await();
                } else {
                    room.await(LOOK_AGAIN_MILLIS, TimeUnit.MILLISECONDS); // others make room, and do not tell us
                }
            }
            return ended == null ? put(event) : -1;
        } finally {
            lock.unlock();
        }
    }

    /** No further event comes. May be called twice; the first reason stands. */
    public void end(CloseReason reason) {
        lock.lock();
        try {
            if (ended == null) {
                ended = reason;
            }
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private long put(EncodedEvent event) {
        long number = next;
        Page page = newest;
        if (!addTo(page, event)) {
            Page following = new Page(number, event);
            page.close();
            if (page.heldBytes() == 0) {
                oldest = following;
            }
            newest = following;
            heldBytes += event.length();
            budget.add(PAGE_OVERHEAD + (event.hold() ? event.length() : 0));
            page.follow(following); // last: a reader at the end of the page goes on now
        }
        newestPosition = event.position();
        next = number + 1;
        return number;
    }

    private boolean addTo(Page page, EncodedEvent event) {
        EncodedEvent lone = page.lone();
        int before = page.heldBytes();
        if (!page.add(event, pageBytes, pageEvents)) {
            return false;
        }
        int grown = page.heldBytes() - before;
        heldBytes += grown;
        if (lone != null) { // it has an array of its own from now on
            budget.add(page.heldBytes() - (lone.letGo() ? lone.length() : 0));
        } else if (grown > 0) {
            budget.add(grown);
        }
        return true;
    }

    private boolean isFullFor(EncodedEvent event) {
        return heldBytes > 0 && (isAtItsBounds(event) || budget.isExceeded());
    }

    /** The same without regard to what others hold. */
    private boolean isAtItsBounds(EncodedEvent event) {
        return next - oldest.firstNumber() >= maxEvents || heldBytes + event.length() > maxBytes;
    }

    private void forgetOldest() {
        Page page = oldest;
        Page following = page.next();
        letGoOf(page);
        page.forget();
        if (following == null) {
            following = new Page(next, newestPosition);
            newest = following;
        }
        oldest = following;
    }

    private void letGoOf(Page page) {
        int held = page.heldBytes();
        if (held > 0) {
            EncodedEvent lone = page.lone();
            heldBytes -= held;
            budget.add(-(PAGE_OVERHEAD + (lone == null || lone.letGo() ? held : 0)));
            forgottenPosition = page.lastPosition();
        }
    }

    // ---- letting go ----

    /** One of the readers has read everything before that number, or reads from the archive ({@link Reader#BEHIND}). */
    public void wasReadTo(long number) {
        lock.lock();
        try {
            pass(number);
        } finally {
            lock.unlock();
        }
    }

    private void pass(long number) {
        if (number > fastest && number != Reader.BEHIND) {
            fastest = number;
            room.signalAll();
        }
    }

    /** All readers have read everything before that number: unless it is to be kept, its memory is let go of. */
    public void allHaveReadTo(long number) {
        lock.lock();
        try {
            pass(number);
            if (keepsWhatWasRead) {
                return;
            }
            while (oldest.heldBytes() > 0 && oldest.nextNumber() <= number) {
                Page page = oldest;
                letGoOf(page);
                page.release();
                Page following = page.next();
                if (following == null) {
                    return; // it stays as the place where readers wait
                }
                oldest = following;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Lets go of everything held. For a log that nobody reads any more. */
    public void discard() {
        lock.lock();
        try {
            while (heldBytes > 0) {
                forgetOldest();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Frees everything up to that position, and says that the archive has it. */
    public void skipTo(long position) {
        lock.lock();
        try {
            while (heldBytes > 0) {
                forgetOldest();
            }
            newest.forget(); // readers that had read everything look again, too
            long skipped = next; // stands for all of it
            next = skipped + 1;
            newest = new Page(skipped + 1, position);
            oldest = newest;
            newestPosition = position;
            forgottenPosition = position;
        } finally {
            lock.unlock();
        }
    }

    // ---- where readers stand; by Reader ----

    /**
     * A page, and how many of its events and bytes have been read.
     *
     * @param isAhead the reader has read farther than the log has got: what comes up to its position is not for it
     */
    record Place(Page page, int events, int offset, boolean isAhead) {

        /** Under the lock, so that the page is not let go of meanwhile. One without a body has been read by all. */
        private static Place in(Page page, int events, boolean isAhead) {
            Page.Body body = page.body();
            return body == null
                    ? new Place(page, page.events(), Page.length(page.published()), isAhead)
                    : new Place(page, events, body.startOf(events), isAhead);
        }
    }

    /** Where memory has the event with that number, or waits for it; {@code null} where it has let go of it. */
    @Nullable
    Place placeOf(long number) {
        lock.lock();
        try {
            if (number < oldestHeld()) {
                return null;
            }
            Page page = oldest;
            for (Page following = page.next();
                    following != null && number >= page.nextNumber();
                    following = page.next()) {
                page = following;
            }
            return Place.in(page, (int) Math.min(number - page.firstNumber(), page.events()), false);
        } finally {
            lock.unlock();
        }
    }

    /** Where memory has the first event after that position, or waits for it; {@code null} where it has let go of some. */
    @Nullable
    Place placeAfter(long position) {
        lock.lock();
        try {
            if (position < forgottenPosition) {
                return null;
            }
            Page page = oldest;
            for (Page following = page.next();
                    following != null && page.lastPosition() <= position;
                    following = page.next()) {
                page = following;
            }
            Page.Body body = page.body();
            int read = body == null ? page.events() : body.firstAfter(position, page.events());
            return Place.in(page, read, position > newestPosition);
        } finally {
            lock.unlock();
        }
    }

    private long oldestHeld() {
        return heldBytes > 0 ? oldest.firstNumber() : next;
    }

    Archive archive() {
        return archive;
    }

    // ---- what others ask ----

    /** The number that the next event will get. */
    public long next() {
        return next;
    }

    /** The position of the newest event. */
    public long newestPosition() {
        return newestPosition;
    }

    /** The number of the oldest event held in memory; {@link #next} if none is. */
    public long oldest() {
        lock.lock();
        try {
            return oldestHeld();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of memory for the events held. */
    public long heldBytes() {
        lock.lock();
        try {
            return heldBytes;
        } finally {
            lock.unlock();
        }
    }

    /** About how many bytes stand from that number on: as if all events held were equally long. */
    public long bytesFrom(long number) {
        lock.lock();
        try {
            long from = oldestHeld();
            long held = next - from;
            return held == 0 ? 0 : heldBytes * Math.max(0, next - Math.max(number, from)) / held;
        } finally {
            lock.unlock();
        }
    }

    /** Whether more than one of so many parts of what may be held stands from that number on. */
    public boolean holdsMoreThanAPart(int parts, long number) {
        return number < next && (next - number > maxEvents / parts || bytesFrom(number) > maxBytes / parts);
    }

    /** Why no further event will come; {@code null} while some may. */
    public @Nullable CloseReason ended() {
        return ended;
    }
}
