package millrace.hub;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import millrace.history.HistoryException;
import millrace.log.Archive;
import millrace.log.Archive.Answer;
import millrace.log.Archive.Events;
import org.jspecify.annotations.Nullable;

/**
 * Pages out of the history, for readers that are behind: each is made once, on a virtual thread, and lies here for all
 * who are as far behind. Up to so many bytes lie here in all; what nobody asked for the longest goes first.
 */
final class Shelf {

    private static final System.Logger LOG = System.getLogger("millrace.hub");

    /** After a failure nobody reads again before this time: those who want to come back often. */
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long PAGE_OVERHEAD = 256;

    /** So many are read at once: more would not be faster, and each holds what it reads in memory. */
    private static final int READ_AT_ONCE = 8;

    private record Entry(Backlog of, long from, Events events) {}

    private record Question(Backlog of, long from) {}

    private final long maxBytes;
    private final Consumer<Runnable> threads;
    private final Semaphore reading = new Semaphore(READ_AT_ONCE, true);
    private final ReentrantLock lock = new ReentrantLock();

    // under the lock
    private final Map<Backlog, TreeMap<Long, Entry>> pages = new HashMap<>();
    private final SequencedSet<Entry> byUse = new LinkedHashSet<>();
    private final Map<Question, List<Runnable>> asked = new HashMap<>();
    private long bytes;
    private long failedAt = System.nanoTime() - PAUSE_NANOS;

    /** @param threads runs what may wait for a disk */
    Shelf(long maxBytes, Consumer<Runnable> threads) {
        this.maxBytes = maxBytes;
        this.threads = threads;
    }

    /** What follows that position in a backlog, if it lies here. Any thread. */
    @Nullable
    Events find(Backlog of, long position) {
        lock.lock();
        try {
            Entry entry = entry(of, position);
            if (entry == null) {
                return null;
            }
            byUse.remove(entry);
            byUse.addLast(entry);
            return entry.events;
        } finally {
            lock.unlock();
        }
    }

    /** Has what follows that position made; any thread, does not wait. */
    Answer ask(Backlog of, long position, Runnable whenKnown) {
        Question question = new Question(of, position);
        lock.lock();
        try {
            if (System.nanoTime() - failedAt < PAUSE_NANOS) {
                return new Archive.Unreadable();
            }
            List<Runnable> others = asked.get(question);
            if (others != null) {
                others.add(whenKnown);
                return new Archive.Later();
            }
            asked.put(question, new ArrayList<>(List.of(whenKnown)));
        } finally {
            lock.unlock();
        }
        try {
            threads.accept(() -> answer(question));
        } catch (Throwable noThread) { // of too little memory, say: whoever waits must hear of it
            LOG.log(Level.ERROR, "no thread to read what a subscriber has missed", noThread);
            answered(question, null, true);
        }
        return new Archive.Later();
    }

    /** A page that begins there or before, and reaches farther. */
    private @Nullable Entry entry(Backlog of, long position) {
        TreeMap<Long, Entry> own = pages.get(of);
        Map.Entry<Long, Entry> floor = own == null ? null : own.floorEntry(position);
        return floor == null || floor.getValue().events.upTo() <= position ? null : floor.getValue();
    }

    private void answer(Question question) {
        Events read = null;
        boolean failed = true;
        try {
            reading.acquire();
            try {
                read = question.of.read(question.from);
            } finally {
                reading.release();
            }
            failed = false;
        } catch (HistoryException | InterruptedException expected) {
            // the history has logged why, once; or the application ends
        } catch (RuntimeException | Error bug) {
            LOG.log(Level.ERROR, "reading what a subscriber has missed failed", bug);
        }
        answered(question, read, failed);
    }

    /** @param read {@code null} where the question has another answer now */
    private void answered(Question question, @Nullable Events read, boolean failed) {
        List<Runnable> waiting;
        lock.lock();
        try {
            if (failed) {
                failedAt = System.nanoTime();
            } else if (read != null && !question.of.isDiscarded()) {
                put(new Entry(question.of, question.from, read));
            }
            waiting = asked.remove(question);
        } finally {
            lock.unlock();
        }
        if (waiting != null) {
            waiting.forEach(Runnable::run);
        }
    }

    private void put(Entry entry) {
        Entry before = pages.computeIfAbsent(entry.of, of -> new TreeMap<>()).put(entry.from, entry);
        if (before != null) {
            byUse.remove(before);
            bytes -= size(before);
        }
        byUse.addLast(entry);
        bytes += size(entry);
        while (bytes > maxBytes && byUse.size() > 1) {
            Entry unused = byUse.getFirst();
            remove(unused);
            unused.events.page().forget(); // else a reader that stands in it would keep it in memory
        }
    }

    private void remove(Entry entry) {
        byUse.remove(entry);
        bytes -= size(entry);
        TreeMap<Long, Entry> own = pages.get(entry.of);
        if (own != null) {
            own.remove(entry.from);
            if (own.isEmpty()) {
                pages.remove(entry.of);
            }
        }
    }

    /** Nobody reads that backlog any more. */
    void clear(Backlog of) {
        lock.lock();
        try {
            TreeMap<Long, Entry> own = pages.get(of);
            if (own != null) {
                List.copyOf(own.values()).forEach(this::remove);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Bytes that lie here. */
    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    private static long size(Entry entry) {
        return PAGE_OVERHEAD + entry.events.page().heldBytes();
    }
}
