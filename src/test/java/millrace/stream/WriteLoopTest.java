package millrace.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.concurrent.TimeUnit;
import millrace.log.CloseReason;
import org.junit.jupiter.api.Test;

/** Who is the writer. That two threads are never, in whatever order, is what {@link WriteLoopModel} shows. */
class WriteLoopTest {

    private final Loop loop = new Loop();

    @Test
    void theWriterIsForgottenWhenAllIsWritten() {
        loop.next = WriteLoop.Next.NOTHING;
        beginAndWrite();
        assertTrue(loop.isIdle());
        loop.lost(CloseReason.CLIENT_GONE);
        assertEquals(1, loop.completed);
    }

    @Test
    void theWriterIsForgottenWhenTheContainerIsNotReady() {
        loop.ready = false;
        beginAndWrite();
        assertFalse(loop.isDraining());
        loop.lost(CloseReason.CLIENT_GONE);
        assertEquals(1, loop.completed);
    }

    @Test
    void theWriterIsForgottenWhenItYieldsItsTurn() {
        beginAndWrite();
        assertTrue(loop.isIdle());
        assertEquals(WriteLoop.BATCHES_A_RUN, loop.written);
        loop.run();
        assertEquals(2 * WriteLoop.BATCHES_A_RUN, loop.written);
        loop.lost(CloseReason.CLIENT_GONE);
        assertEquals(1, loop.completed);
    }

    @Test
    void theWriterIsForgottenWhenItsWriteFailed() {
        loop.fails = true;
        beginAndWrite();
        assertFalse(loop.isDraining());
        assertEquals(0, loop.completed);
        loop.lost(CloseReason.CLIENT_GONE);
        assertEquals(1, loop.completed);
    }

    @Test
    void theContainersThreadIsNotTheWriterAfterItLeaves() {
        loop.next = WriteLoop.Next.NOTHING;
        loop.writeInCallback();
        assertTrue(loop.isResting());
        loop.run();
        assertTrue(loop.isIdle());
    }

    /** A closed stream may be referred to for a while, by a timer or a run, and many of them by different threads. */
    @Test
    void aClosedStreamHoldsNoThreadInMemory() throws Exception {
        loop.next = WriteLoop.Next.END;
        WeakReference<Thread> writer = writeOnAThreadThatEnds();
        assertEquals(1, loop.completed);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (writer.get() != null) {
            assertTrue(System.nanoTime() < deadline, "still in memory");
            System.gc();
        }
        assertEquals("CLOSED (completed)", loop.toString());
    }

    private WeakReference<Thread> writeOnAThreadThatEnds() throws InterruptedException {
        Thread thread = new Thread(this::beginAndWrite);
        thread.start();
        thread.join();
        return new WeakReference<>(thread);
    }

    private void beginAndWrite() {
        loop.writable();
        loop.run();
    }

    /** Looks, whenever somebody begins, whether one who was the writer before is still taken for it. */
    private static final class Loop extends WriteLoop {
        Next next = Next.WRITE;
        boolean ready = true;
        boolean fails;
        int written;
        int completed;

        @Override
        boolean compareAndSet(int from, int to) {
            boolean done = super.compareAndSet(from, to);
            if (done && isDraining() && !isOwned(from)) {
                assertFalse(isWriter(Thread.currentThread()));
            }
            return done;
        }

        private static boolean isOwned(int word) {
            int state = word & 7;
            return state == DRAINING || state == SIGNALLED;
        }

        @Override
        void schedule() {}

        @Override
        Next next() {
            assertTrue(isWriter(Thread.currentThread()));
            return next;
        }

        @Override
        CloseReason endOfContent() {
            return CloseReason.COMPLETED;
        }

        @Override
        boolean isReady() {
            return ready;
        }

        @Override
        boolean endsAfterFailure() {
            return true;
        }

        @Override
        void write() throws IOException {
            if (fails) {
                throw new IOException("reset by peer");
            }
            written++;
        }

        @Override
        void flush() {}

        @Override
        void complete(CloseReason reason) {
            completed++;
        }

        @Override
        void ended(CloseReason reason) {}
    }
}
