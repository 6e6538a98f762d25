package millrace.history;

import java.lang.System.Logger.Level;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A history that lives as long as the process. Durable means nothing here; everything else of the contract holds. The
 * appending thread itself calls the sink and completes the future.
 */
public final class MemoryHistory implements History {
    private static final System.Logger LOG = System.getLogger(MemoryHistory.class.getName());

    private final Retention retention;
    private final InstantSource clock;
    private final Sink sink;
    private final byte[] secret = new byte[16];

    /** Guards everything below; held while the sink is called, which makes the one order. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Ring ring = new Ring();
    /** The earliest holder of each id. */
    private final Map<String, Long> byId = new HashMap<>();
    /** Its later holders, in order, where publishers used an id again. */
    private final Map<String, ArrayDeque<Long>> again = new HashMap<>();

    private @Nullable Stored newest;
    private long failed;
    private boolean closed;

    public MemoryHistory(Retention retention, InstantSource clock, Sink sink) {
        this.retention = retention;
        this.clock = clock;
        this.sink = sink;
        new SecureRandom().nextBytes(secret);
    }

    @Override
    public CompletableFuture<Stored> append(Update update) {
        byte[] event = update.event().encode();
        lock.lock();
        try {
            if (closed) {
                failed++;
                return CompletableFuture.failedFuture(new HistoryException("the history is closed"));
            }
            if (lock.getHoldCount() > 1) {
                throw new IllegalStateException("a sink must not append");
            }
            long now = newest == null ? clock.millis() : Math.max(clock.millis(), newest.timeMillis());
            Stored stored = new Stored(ring.next(), now, update.id(), update.topics(), update.isPrivate(), event);
            ring.add(stored);
            newest = stored;
            if (byId.putIfAbsent(stored.id(), stored.sequence()) != null) {
                again.computeIfAbsent(stored.id(), id -> new ArrayDeque<>()).add(stored.sequence());
            }
            drop(now);
            try {
                sink.accept(stored);
            } catch (RuntimeException | Error bug) {
                LOG.log(Level.ERROR, "The sink failed for update " + stored, bug);
            }
            return CompletableFuture.completedFuture(stored);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Page after(long sequence, int maxEvents, long maxBytes) {
        lock.lock();
        try {
            requireOpen();
            drop(clock.millis());
            long newestNumber = ring.next() - 1;
            long asked = Math.min(sequence, newestNumber);
            long from = Math.max(asked + 1, ring.oldest());
            List<Stored> updates = ring.from(from, maxEvents, maxBytes);
            long end = from + updates.size() - 1;
            return new Page(updates, from - 1 - asked, end, end == newestNumber);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public OptionalLong find(String id) {
        lock.lock();
        try {
            requireOpen();
            drop(clock.millis());
            Long sequence = byId.get(id);
            return sequence == null ? OptionalLong.empty() : OptionalLong.of(sequence);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Bounds bounds() {
        lock.lock();
        try {
            drop(clock.millis());
            return new Bounds(ring.oldest(), ring.next() - 1, newest == null ? null : newest.id());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public byte[] secret() {
        return secret.clone();
    }

    @Override
    public Stats stats() {
        lock.lock();
        try {
            return new Stats(ring.next() - ring.oldest(), ring.bytes(), ring.next() - 1, failed, 0, 0);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new HistoryException("the history is closed");
        }
    }

    private void drop(long now) {
        while (!ring.isEmpty()
                && (ring.next() - ring.oldest() > retention.maxEvents()
                        || (ring.bytes() > retention.maxBytes() && ring.oldest() < ring.next() - 1)
                        || retention.outdated(ring.get(ring.oldest()).timeMillis(), now))) {
            String id = ring.removeOldest().id();
            ArrayDeque<Long> later = again.get(id);
            if (later == null) {
                byId.remove(id);
            } else {
                byId.put(id, later.remove());
                if (later.isEmpty()) {
                    again.remove(id);
                }
            }
        }
    }
}
