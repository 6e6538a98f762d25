package millrace.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The threads that write to clients, and what they do next. */
class DrainersTest {

    private final Drainers drainers = new Drainers(1);
    private final Drainers.Drainer drainer = drainers.any();
    private long now;
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
            void run() {
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
                void run() {
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
    void aTaskPostponedByAReplacedThreadRunsOnTime() throws Exception {
        var held = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        Drainers.Task stuck = new Drainers.Task() {
            private boolean again;

            @Override
            void run() {
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
        awaitReplacement();
        assertEquals("other", next());
        goOn.countDown();
        assertEquals("postponed", next());
    }

    @Test
    void aStuckDrainerIsReplacedAlsoWhereItsNextWorkIsOnlyPostponed() throws Exception {
        var goOn = new CountDownLatch(1);
        var late = new Drainers.Task() {
            private boolean again;

            @Override
            void run() {
                if (again) {
                    done.add("late");
                } else {
                    again = true;
                    drainer.postpone(this, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20));
                    done.add("postponed");
                }
            }
        };
        drainer.enqueue(late);
        assertEquals("postponed", next());
        drainer.enqueue(stuck(goOn));
        assertEquals("stuck", next());
        awaitReplacement();
        assertEquals("late", next());
        goOn.countDown();
    }

    @Test
    void aDrainerThatHasNothingElseToDoIsNotReplaced() throws Exception {
        var goOn = new CountDownLatch(1);
        drainer.enqueue(stuck(goOn));
        assertEquals("stuck", next());
        look(500);
        assertEquals(0, drainers.replaced());
        goOn.countDown();
    }

    /** Its owner may be short of processors. After a long time it is taken for one that never lets go. */
    @Test
    void aDrainerThatWaitsForALockIsReplacedOnlyAfterManyLooks() throws Exception {
        var lock = new ReentrantLock();
        lock.lock();
        try {
            drainer.enqueue(new Drainers.Task() {
                @Override
                void run() {
                    lock.lock();
                    lock.unlock();
                }
            });
            drainer.enqueue(named("other"));
            while (!lock.hasQueuedThreads()) {
                Thread.onSpinWait();
            }
            look(90);
            assertEquals(0, drainers.replaced());
            awaitReplacement();
            assertEquals("other", next());
        } finally {
            lock.unlock();
        }
    }

    /** A timer that was late itself catches up on what it has missed. */
    @Test
    void looksCloseTogetherCountAsOne() throws Exception {
        var goOn = new CountDownLatch(1);
        drainer.enqueue(stuck(goOn));
        assertEquals("stuck", next());
        drainer.enqueue(named("other"));
        for (int i = 0; i < 100; i++) {
            drainers.replaceStuck(now + i);
        }
        assertEquals(0, drainers.replaced());
        awaitReplacement();
        assertEquals("other", next());
        goOn.countDown();
    }

    @Test
    void noDrainerIsReplacedBesideTwentyBusyThreads() throws Exception {
        var over = new AtomicBoolean();
        var busy = new ArrayList<Thread>();
        for (int i = 0; i < 20; i++) {
            busy.add(Thread.ofPlatform().daemon().start(() -> {
                while (!over.get()) {
                    Thread.onSpinWait();
                }
            }));
        }
        try (var timed = new Timer(() -> drainers.replaceStuck(System.nanoTime()))) {
            for (int i = 0; i < 10; i++) {
                drainer.enqueue(new Drainers.Task() {
                    @Override
                    void run() {
                        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(200);
                        while (System.nanoTime() - end < 0) {
                            Thread.onSpinWait(); // works, or would if it got a processor
                        }
                        done.add("worked");
                    }
                });
            }
            for (int i = 0; i < 10; i++) {
                assertEquals("worked", done.poll(60, TimeUnit.SECONDS));
            }
        } finally {
            over.set(true);
        }
        assertEquals(0, drainers.replaced());
    }

    private Drainers.Task stuck(CountDownLatch until) {
        return new Drainers.Task() {
            @Override
            void run() {
                done.add("stuck");
                try {
                    until.await();
                } catch (InterruptedException unexpected) {
                    Thread.currentThread().interrupt();
                }
            }
        };
    }

    private void awaitReplacement() {
        while (drainers.replaced() == 0) {
            look(1); // it may be on its way to where it waits
            Thread.onSpinWait();
        }
    }

    /** As the timer does, so many times. */
    private void look(int times) {
        for (int i = 0; i < times; i++) {
            now += TimeUnit.MILLISECONDS.toNanos(50);
            drainers.replaceStuck(now);
        }
    }

    private Drainers.Task named(String name) {
        return new Drainers.Task() {
            @Override
            void run() {
                done.add(name);
            }
        };
    }

    private String next() throws InterruptedException {
        return done.poll(10, TimeUnit.SECONDS);
    }
}
