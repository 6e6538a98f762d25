package millrace.history;

import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** Stands for a history that could not be opened: everything else of the application goes on. */
final class UnavailableHistory implements History {
    private final HistoryException reason;
    private final AtomicLong failed = new AtomicLong();

    UnavailableHistory(HistoryException reason) {
        this.reason = reason;
    }

    @Override
    public CompletableFuture<Stored> append(Update update) {
        failed.incrementAndGet();
        return CompletableFuture.failedFuture(reason);
    }

    @Override
    public Page after(long sequence, int maxEvents, long maxBytes) {
        throw reason;
    }

    @Override
    public OptionalLong find(String id) {
        throw reason;
    }

    @Override
    public Bounds bounds() {
        return new Bounds(1, 0, null);
    }

    @Override
    public byte[] secret() {
        return new byte[16]; // without an order there is no place that a cursor could stand for
    }

    @Override
    public Stats stats() {
        return new Stats(0, 0, 0, failed.get(), 0, 0);
    }

    @Override
    public void close() {
        // nothing was opened
    }
}
