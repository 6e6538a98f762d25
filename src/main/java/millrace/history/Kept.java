package millrace.history;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link FileHistory} keeps: segments on the disk, and the newest updates also in memory. Any thread reads; only the
 * history's writer adds and removes. Whoever looks first drops what is to be kept no longer.
 */
final class Kept {
    private static final System.Logger LOG = System.getLogger(FileHistory.class.getName());

    private static final int READ_BYTES = 1 << 20;

    private static final int PAGES_AT_ONCE = Math.max(1, Runtime.getRuntime().availableProcessors() - 1);

    private final Disk disk;
    private final Retention retention;
    private final InstantSource clock;
    private final Segment.Hash hash;
    private final long tailBytes;

    /**
     * Who reads a page: a hundred replays at once must leave a processor to those who publish. Apart for those whose page
     * is in memory: they do not wait for a disk.
     */
    private final Semaphore pagesInMemory = new Semaphore(PAGES_AT_ONCE);

    private final Semaphore pagesOnDisk = new Semaphore(PAGES_AT_ONCE);

    /** Guards everything below, which only the writer changes, except that every reader may drop. */
    private final ReentrantLock lock = new ReentrantLock();

    private final List<Segment> segments;
    private final Ring tail;
    private long oldest;
    private long next;
    private long bytes;
    private long lastTimeMillis;
    private @Nullable String newestId;
    private long appended;
    private boolean closed;

    /** @param segments what was found on the disk; this object's from now on */
    Kept(Disk disk, Retention retention, InstantSource clock, Segment.Hash hash, long tailBytes, List<Segment> segments)
            throws IOException {
        this.disk = disk;
        this.retention = retention;
        this.clock = clock;
        this.hash = hash;
        this.tailBytes = tailBytes;
        this.segments = segments;
        this.next = segments.isEmpty() ? 1 : segments.getLast().next();
        this.oldest = segments.isEmpty() ? 1 : segments.getFirst().base;
        for (Segment segment : segments) {
            for (long i = segment.base; i < segment.next(); i++) {
                bytes += segment.size(i);
                lastTimeMillis = segment.timeMillis(i);
            }
        }
        drop(clock.millis());
        this.tail = new Ring(tailStart());
        fillTail();
    }

    private long tailStart() {
        long start = next;
        long size = 0;
        while (start > oldest && (size += segmentOf(start - 1).size(start - 1)) <= tailBytes) {
            start--;
        }
        return start;
    }

    private void fillTail() throws IOException {
        while (tail.next() < next) {
            Segment segment = segmentOf(tail.next());
            segment.read(segment.piece(tail.next(), 1000, READ_BYTES)).forEach(tail::add);
        }
        for (Segment segment : segments.reversed()) {
            if (segment.count() > 0) {
                newestId =
                        segment.read(segment.piece(next - 1, 1, 1)).getFirst().id();
                break;
            }
        }
    }

    // ---- by the writer

    /** The newest segment; {@code null} where there is none. */
    @Nullable
    Segment newest() {
        return segments.isEmpty() ? null : segments.getLast();
    }

    /** The number of the next update. */
    long next() {
        return next;
    }

    /** When the newest update was published. */
    long lastTimeMillis() {
        return lastTimeMillis;
    }

    /** Has another segment for what comes. */
    void begin(Segment segment) {
        lock.lock();
        try {
            segments.add(segment);
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is in it. */
    void remove(Segment segment) {
        lock.lock();
        try {
            segments.remove(segment);
        } finally {
            lock.unlock();
        }
    }

    /** Takes the memory for that many more, so that {@link #add} cannot fail half-way. */
    void reserve(Segment segment, int count) {
        lock.lock();
        try {
            segment.reserve(count);
            tail.reserve(count);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Has the updates of one frame, which was forced to the end of that segment.
     *
     * @param lengths of the updates' records in the frame
     */
    void add(Segment segment, List<Stored> updates, int[] lengths, int frameLength, long now) {
        lock.lock();
        try {
            int offset = (int) segment.end() + Frame.HEADER;
            for (int i = 0; i < lengths.length; i++) {
                Stored added = updates.get(i);
                next++;
                segment.add(added, offset, hash);
                offset += lengths[i];
                tail.add(added);
                bytes += added.size();
                newestId = added.id();
            }
            segment.end(segment.end() + frameLength);
            while (tail.bytes() > tailBytes && tail.next() - tail.oldest() > 1) {
                tail.removeOldest();
            }
            lastTimeMillis = now;
            appended += lengths.length;
            drop(now);
        } finally {
            lock.unlock();
        }
    }

    /** Takes out the oldest segment where nothing of it is kept, but never the one that knows the newest number and id. */
    @Nullable
    Segment removeDropped() {
        lock.lock();
        try {
            drop(clock.millis());
            Segment segment = segments.isEmpty() ? null : segments.getFirst();
            if (segment == null || segment.next() > oldest || segment.next() == next) {
                return null;
            }
            segments.removeFirst();
            return segment;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Closes the files: nobody reads any more.
     *
     * @param forgets lets go of everything in memory, too
     */
    void close(boolean forgets) {
        lock.lock();
        try {
            closed = true;
            Segment.close(segments, disk);
            if (forgets) {
                segments.clear();
                while (!tail.isEmpty()) {
                    tail.removeOldest();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- reading: any thread

    Page after(long sequence, int maxEvents, long maxBytes) {
        Page page = null;
        pagesInMemory.acquireUninterruptibly();
        try {
            page = read(sequence, maxEvents, maxBytes, false);
        } finally {
            pagesInMemory.release();
        }
        if (page != null) {
            return page;
        }
        pagesOnDisk.acquireUninterruptibly();
        try {
            return Objects.requireNonNull(read(sequence, maxEvents, maxBytes, true));
        } finally {
            pagesOnDisk.release();
        }
    }

    /** {@code null} where it is on the disk alone and that is not to be asked. */
    private @Nullable Page read(long sequence, int maxEvents, long maxBytes, boolean fromDisk) {
        while (true) {
            long asked;
            long from;
            long newest;
            Segment segment;
            Segment.Piece piece;
            lock.lock();
            try {
                requireOpen();
                drop(clock.millis());
                newest = next - 1;
                asked = Math.min(sequence, newest);
                from = Math.max(asked + 1, oldest);
                if (from == next || from >= tail.oldest()) {
                    return page(asked, from, tail.from(from, maxEvents, maxBytes), newest);
                }
                if (!fromDisk) {
                    return null;
                }
                segment = segmentOf(from);
                piece = segment.piece(from, maxEvents, maxBytes);
            } finally {
                lock.unlock();
            }
            try {
                return page(asked, from, segment.read(piece), newest);
            } catch (IOException e) {
                boolean known;
                lock.lock();
                try {
                    requireOpen();
                    if (!segments.contains(segment)) {
                        continue; // it was dropped meanwhile: go on with what is left
                    }
                    known = segment.isKnownUnreadable;
                    segment.isKnownUnreadable = true;
                } finally {
                    lock.unlock();
                }
                HistoryException unreadable = new HistoryException(
                        "The history in " + disk + " cannot be read: file " + segment.name + " (" + e
                                + "). Mend what the disk reports, or restart to have the file checked.",
                        e);
                if (!known) { // those who want to read it come back again and again
                    LOG.log(Level.ERROR, unreadable.getMessage(), e);
                }
                throw unreadable;
            }
        }
    }

    private static Page page(long asked, long from, List<Stored> updates, long newest) {
        long end = from - 1 + updates.size();
        return new Page(updates, from - 1 - asked, end, end == newest);
    }

    OptionalLong find(String id) {
        int wanted = hash.of(id);
        long from = 0;
        while (true) {
            long candidate;
            lock.lock();
            try {
                requireOpen();
                drop(clock.millis());
                candidate = candidate(wanted, Math.max(from, oldest));
            } finally {
                lock.unlock();
            }
            if (candidate < 0) {
                return OptionalLong.empty();
            }
            List<Stored> found = after(candidate - 1, 1, 1).updates();
            if (!found.isEmpty()
                    && found.getFirst().sequence() == candidate
                    && found.getFirst().id().equals(id)) {
                return OptionalLong.of(candidate);
            }
            from = candidate + 1;
        }
    }

    /** The smallest number from this one on of an update that may have an id with this hash; -1 for none. */
    private long candidate(int wanted, long from) {
        for (Segment segment : segments) {
            long found = segment.next() > from ? segment.candidate(wanted, from) : -1;
            if (found >= 0) {
                return found;
            }
        }
        return -1;
    }

    Bounds bounds() {
        lock.lock();
        try {
            drop(clock.millis());
            return new Bounds(oldest, next - 1, newestId);
        } finally {
            lock.unlock();
        }
    }

    History.Stats stats(long failed, long forces) {
        lock.lock();
        try {
            long diskBytes = 0;
            for (Segment segment : segments) {
                diskBytes += segment.end();
            }
            return new History.Stats(next - oldest, bytes, appended, failed, forces, diskBytes);
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new HistoryException("The history is closed.");
        }
    }

    /** The segment of an update that is held. */
    private Segment segmentOf(long sequence) {
        int low = 0;
        int high = segments.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (segments.get(middle).base <= sequence) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return segments.get(low);
    }

    private void drop(long now) {
        while (oldest < next && !segments.isEmpty()) {
            Segment segment = segmentOf(oldest);
            if (next - oldest <= retention.maxEvents()
                    && (bytes <= retention.maxBytes() || oldest == next - 1)
                    && !retention.outdated(segment.timeMillis(oldest), now)) {
                return;
            }
            bytes -= segment.size(oldest);
            oldest++;
        }
    }
}
