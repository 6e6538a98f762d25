package millrace.history;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a history that could not be opened, or was lost: everything else of the application goes on. Who publishes or
 * replays, or asks whether it is ready, lets it try again, on a thread of its own and only so often; that request is still refused. From the moment when it
 * is open it is that history.
 */
final class ReopeningHistory implements History {
    private static final System.Logger LOG = System.getLogger(History.class.getName());

    /** A damaged history is read again with each try. */
    static final Duration PAUSE = Duration.ofSeconds(5);

    private static final Duration CLOSE = Duration.ofSeconds(30);

    private final Supplier<History> open;
    private final Sink sink;
    private final LongSupplier nanoTime;
    private final AtomicLong failed = new AtomicLong();
    private volatile HistoryException reason;
    private volatile @Nullable History opened;

    private final ReentrantLock lock = new ReentrantLock();

    // guarded by the lock
    private long lastTry;
    private @Nullable Thread trying;
    private boolean closed;

    /** @param open throws {@link HistoryException} as long as it cannot; it just did, for this reason */
    ReopeningHistory(HistoryException reason, Supplier<History> open, Sink sink, LongSupplier nanoTime) {
        this.reason = reason;
        this.open = open;
        this.sink = sink;
        this.nanoTime = nanoTime;
        this.lastTry = nanoTime.getAsLong();
    }

    /** {@code null} as long as there is none; then it may be tried. */
    private @Nullable History needed() {
        History now = opened;
        if (now == null) {
            tryAgain();
        }
        return now;
    }

    private void tryAgain() {
        lock.lock();
        try {
            long now = nanoTime.getAsLong();
            if (!closed && opened == null && trying == null && now - lastTry >= PAUSE.toNanos()) {
                lastTry = now;
                trying = Thread.ofPlatform()
                        .name("millrace-history-open")
                        .daemon()
                        .start(this::attempt);
            }
        } finally {
            lock.unlock();
        }
    }

    private void attempt() {
        History made = null;
        try {
            made = open.get();
            sink.opened(made);
        } catch (HistoryException again) {
            if (!String.valueOf(again.getMessage()).equals(reason.getMessage())) {
                LOG.log(Level.ERROR, again.getMessage(), again);
            }
            reason = again;
        } finally {
            lock.lock();
            try {
                trying = null;
                if (made != null && closed) {
                    made.close();
                } else if (made != null) {
                    opened = made;
                    LOG.log(Level.INFO, "The history could be opened: updates are taken from now on");
                }
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public CompletableFuture<Stored> append(Update update) {
        History history = needed();
        if (history == null) {
            failed.incrementAndGet();
            return CompletableFuture.failedFuture(reason);
        }
        return history.append(update);
    }

    @Override
    public Page after(long sequence, int maxEvents, long maxBytes) {
        History history = needed();
        if (history == null) {
            throw reason;
        }
        return history.after(sequence, maxEvents, maxBytes);
    }

    @Override
    public OptionalLong find(String id) {
        History history = needed();
        if (history == null) {
            throw reason;
        }
        return history.find(id);
    }

    @Override
    public Bounds bounds() {
        History history = opened;
        return history == null ? new Bounds(1, 0, null) : history.bounds();
    }

    @Override
    public byte[] secret() {
        History history = opened;
        return history == null ? new byte[16] : history.secret(); // without an order a cursor stands for no place
    }

    /** Whoever asks lets it try again: where this is not ready nobody may publish or replay. */
    @Override
    public @Nullable HistoryException failure() {
        History history = needed();
        return history == null ? reason : history.failure();
    }

    @Override
    public Stats stats() {
        History history = opened;
        if (history == null) {
            return new Stats(0, 0, 0, failed.get(), 0, 0);
        }
        Stats now = history.stats();
        return new Stats(
                now.events(), now.bytes(), now.appended(), now.failed() + failed.get(), now.forces(), now.diskBytes());
    }

    @Override
    public void close() {
        Thread stillTrying;
        History history;
        lock.lock();
        try {
            closed = true;
            stillTrying = trying;
            history = opened;
        } finally {
            lock.unlock();
        }
        if (history != null) {
            history.close();
        }
        if (stillTrying != null) {
            try {
                stillTrying.join(CLOSE);
            } catch (InterruptedException hurried) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
