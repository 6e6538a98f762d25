package millrace.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class MemoryHistoryTest extends HistoryContract {

    @Override
    History open(Retention retention, InstantSource clock, Sink sink) {
        return new MemoryHistory(retention, clock, sink);
    }

    @Test
    void theCallersThreadDoesItAll() {
        AtomicReference<Thread> sinkThread = new AtomicReference<>();
        CompletableFuture<Stored> future =
                open(MUCH, update -> sinkThread.set(Thread.currentThread())).append(update("a"));
        assertTrue(future.isDone());
        assertSame(Thread.currentThread(), sinkThread.get());
    }

    @Test
    void aSinkThatAppendsIsRefused() {
        AtomicReference<History> history = new AtomicReference<>();
        AtomicReference<Throwable> refusal = new AtomicReference<>();
        history.set(open(MUCH, update -> {
            try {
                history.get().append(update("b"));
            } catch (IllegalStateException expected) {
                refusal.set(expected);
            }
        }));
        append(history.get(), "a");
        assertInstanceOf(IllegalStateException.class, refusal.get());
        assertEquals(1, history.get().bounds().count());
    }
}
