package millrace.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import millrace.harness.Wait;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The wheel on which streams are looked at. */
class TimerTest {

    private final Timer timer = new Timer(() -> {});

    @AfterEach
    void close() {
        timer.close();
    }

    @Test
    void aWatchIsCalledAgainAsLongAsItAsks() throws Exception {
        AtomicInteger looks = new AtomicInteger();
        CountDownLatch three = new CountDownLatch(3);
        CountDownLatch other = new CountDownLatch(1);
        timer.watch(
                now -> {
                    three.countDown();
                    return looks.incrementAndGet() < 3 ? 1 : -1;
                },
                1);
        assertTrue(three.await(10, TimeUnit.SECONDS));
        timer.watch(
                now -> {
                    other.countDown();
                    return -1;
                },
                TimeUnit.MILLISECONDS.toNanos(300)); // later than a fourth look would be
        assertTrue(other.await(10, TimeUnit.SECONDS));
        assertEquals(3, looks.get());
    }

    @Test
    void anEndedWatchIsNotCalledAndNotHeld() throws Exception {
        AtomicInteger looks = new AtomicInteger();
        WeakReference<Object> held = watchAndEnd(looks, TimeUnit.SECONDS.toNanos(40));
        Wait.until("it is let go", () -> {
            System.gc();
            return held.get() == null;
        });

        watchAndEnd(looks, 1);
        CountDownLatch later = new CountDownLatch(1);
        timer.watch(
                now -> {
                    later.countDown();
                    return -1;
                },
                TimeUnit.MILLISECONDS.toNanos(200));
        assertTrue(later.await(10, TimeUnit.SECONDS));
        assertEquals(0, looks.get());
    }

    @Test
    void aFailingWatchDoesNotStopTheOthers() throws Exception {
        CountDownLatch looks = new CountDownLatch(6);
        for (int i = 0; i < 3; i++) { // in one turn, or in turns one after the other
            timer.watch(
                    now -> {
                        throw new OutOfMemoryError("on purpose");
                    },
                    1);
            timer.watch(
                    now -> {
                        looks.countDown();
                        return 1;
                    },
                    1);
        }
        assertTrue(looks.await(10, TimeUnit.SECONDS));
    }

    private WeakReference<Object> watchAndEnd(AtomicInteger looks, long nanos) {
        Timer.Ticked ticked = new Timer.Ticked() {
            @Override
            public long tick(long now) {
                looks.incrementAndGet();
                return -1;
            }
        };
        timer.watch(ticked, nanos).end();
        return new WeakReference<>(ticked);
    }
}
