package millrace.stream;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import millrace.harness.Wait;
import org.apache.coyote.PlayedProcessor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What shows that a thread of the container has left a request, and what does not. */
@Timeout(60)
class VisitTest {

    private final ExecutorService pool = Executors.newSingleThreadExecutor();
    private final CountDownLatch comeOut = new CountDownLatch(1);
    private volatile Thread visitor;
    private volatile Visit visit;
    private volatile boolean spins = true;

    @AfterEach
    void close() {
        spins = false;
        comeOut.countDown();
        pool.shutdownNow();
    }

    @Test
    void aThreadThatWaitsOnItsWayOutHasNotLeftUntilItIsBackInItsPool() throws Exception {
        Future<?> request = begin(this::waitInside);
        awaitState(Thread.State.WAITING);
        assertFalse(visit.isOver());
        comeOut.countDown();
        request.get();
        awaitState(Thread.State.WAITING); // for its next task
        assertTrue(visit.isOver());
    }

    @Test
    void aThreadThatWaitsForAProcessorHasNotLeft() throws Exception {
        begin(() -> {
            while (spins) {
                LockSupport.parkNanos(1_000_000); // uses next to none
            }
        });
        for (int i = 0; i < 100; i++) {
            assertFalse(visit.isOver());
            LockSupport.parkNanos(100_000);
        }
    }

    @Test
    void aThreadThatWorksForLongHasLeft() throws Exception {
        begin(() -> {
            while (spins) {
                Thread.onSpinWait(); // on a request of somebody else
            }
        });
        assertFalse(visit.isOver());
        awaitEnd();
    }

    @Test
    void aThreadThatServesAnotherRequestHasLeftTheFirst() throws Exception {
        Future<?> first = begin(() -> {});
        Visit before = visit;
        first.get();
        begin(this::waitInside);
        assertTrue(before.isOver());
        assertFalse(visit.isOver());
    }

    @Test
    void aVirtualThreadHasLeftWhenItHasEnded() throws Exception {
        var visited = new CountDownLatch(1);
        Thread virtual = Thread.ofVirtual().start(() -> {
            visit = Visit.now();
            visited.countDown();
            waitInside();
        });
        visited.await();
        visitor = virtual;
        awaitState(Thread.State.WAITING);
        assertFalse(visit.isOver());
        comeOut.countDown();
        virtual.join();
        assertTrue(visit.isOver());
    }

    @Test
    void whoVisitsHasNotLeft() {
        assertFalse(Visit.now().isOver());
    }

    private Future<?> begin(Runnable wayOut) throws InterruptedException {
        var visited = new CountDownLatch(1);
        Future<?> request = pool.submit(() -> PlayedProcessor.process(() -> {
            visitor = Thread.currentThread();
            visit = Visit.now();
            visited.countDown();
            wayOut.run();
        }));
        visited.await();
        return request;
    }

    private void waitInside() {
        try {
            comeOut.await();
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitState(Thread.State state) throws InterruptedException {
        Wait.until("the visitor is " + state, () -> visitor.getState() == state);
    }

    private void awaitEnd() throws InterruptedException {
        Wait.until("the visit is over", visit::isOver);
    }
}
