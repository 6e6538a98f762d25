package millrace.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The threads that write to clients, and what they do next. */
class DrainersTest {

    private final Drainers drainers = new Drainers(1);
    private final Drainers.Drainer drainer = drainers.any();
    private final BlockingQueue<String> done = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        drainers.close();
    }

    @Test
    void aPostponedTaskRunsOnceInItsTimeAndHoldsUpNobody() throws Exception {
        long begin = System.nanoTime();
        long due = begin + TimeUnit.MILLISECONDS.toNanos(300);
        Drainers.Task late = new Drainers.Task() {
            @Override
            void run(Batch batch) {
                if (System.nanoTime() - due < 0) {
                    drainer.postpone(this, due);
                    done.add("postponed");
                } else {
                    done.add("late");
                }
            }
        };
        drainer.enqueue(late);
        assertEquals("postponed", next());
        drainer.enqueue(late); // counts as queued: wakes nobody, and does not run twice
        drainer.enqueue(named("other"));
        assertEquals("other", next());
        assertEquals("late", next());
        assertTrue(System.nanoTime() - due >= 0);
        drainer.enqueue(named("last"));
        assertEquals("last", next());
        assertEquals(List.of(), List.copyOf(done));
    }

    @Test
    void postponedTasksRunInTheOrderOfTheirTimes() throws Exception {
        long begin = System.nanoTime();
        for (int millis : new int[] {200, 50, 120}) {
            long due = begin + TimeUnit.MILLISECONDS.toNanos(millis);
            drainer.enqueue(new Drainers.Task() {
                @Override
                void run(Batch batch) {
                    if (System.nanoTime() - due < 0) {
                        drainer.postpone(this, due);
                    } else {
                        done.add("after " + millis);
                    }
                }
            });
        }
        assertEquals("after 50", next());
        assertEquals("after 120", next());
        assertEquals("after 200", next());
    }

    @Test
    void whatAReplacedThreadPostponesRunsInItsTimeAlthoughTheNewOneIsAsleep() throws Exception {
        var held = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        Drainers.Task stuck = new Drainers.Task() {
            private boolean again;

            @Override
            void run(Batch batch) {
                if (again) {
                    done.add("postponed");
                    return;
                }
                again = true;
                held.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException unexpected) {
                    return;
                }
                drainer.postpone(this, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20));
            }
        };
        drainer.enqueue(stuck);
        held.await();
        drainer.enqueue(named("other"));
        drainers.replaceStuck();
        drainers.replaceStuck();
        assertEquals("other", next());
        Thread.sleep(50); // long enough for the new thread to find nothing and to go to sleep
        goOn.countDown();
        assertEquals("postponed", next());
    }

    private Drainers.Task named(String name) {
        return new Drainers.Task() {
            @Override
            void run(Batch batch) {
                done.add(name);
            }
        };
    }

    private String next() throws InterruptedException {
        return done.poll(10, TimeUnit.SECONDS);
    }
}
