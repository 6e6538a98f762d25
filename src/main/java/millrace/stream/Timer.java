package millrace.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One thread for all time: a wheel on which each open stream is looked at when its next heartbeat may be due (no timer
 * per stream, nothing to do per event), and single tasks. What it runs must be short and must not block.
 */
final class Timer implements AutoCloseable {

    /** Something that wants to be looked at now and then. */
    interface Ticked {
        /** Returns the nanoseconds until the next look; negative for never again. */
        long tick(long nanoTime);
    }

    /**
     * One that is looked at. The wheel keeps this and not what is watched: at many thousand short streams a second
     * those would stay in memory until their next heartbeat would have been due.
     */
    static final class Watch {
        private volatile @Nullable Ticked ticked;

        private Watch(Ticked ticked) {
            this.ticked = ticked;
        }

        /** It is not looked at any more. Any thread. */
        void end() {
            ticked = null;
        }
    }

    /** Also how often stuck drainers are looked for. */
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final int SLOTS = 1024;

    private final ScheduledThreadPoolExecutor executor;
    private final List<List<Watch>> wheel = new ArrayList<>(SLOTS);
    private final long start = System.nanoTime();
    private long done; // ticks; by the timer's thread only

    Timer(Runnable everyTick) {
        for (int i = 0; i < SLOTS; i++) {
            wheel.add(new ArrayList<>(0));
        }
        executor = new ScheduledThreadPoolExecutor(1, work -> {
            Thread thread = new Thread(work, "millrace-timer");
            thread.setDaemon(true);
            return thread;
        });
        executor.setRemoveOnCancelPolicy(true);
        var unused = executor.scheduleAtFixedRate(
                () -> {
                    try {
                        everyTick.run();
                        turn(System.nanoTime());
                    } catch (Throwable failure) { // also an Error, e.g. no further thread: else time stands still
                        System.getLogger("millrace.stream")
                                .log(System.Logger.Level.ERROR, "a turn of the clock failed", failure);
                    }
                },
                TICK_NANOS,
                TICK_NANOS,
                TimeUnit.NANOSECONDS);
    }

    /** Has it looked at after that time, give or take a tick. Any thread. */
    Watch watch(Ticked ticked, long nanosFromNow) {
        Watch watch = new Watch(ticked);
        add(watch, nanosFromNow);
        return watch;
    }

    private void add(Watch watch, long nanosFromNow) {
        long ticks = Math.max(1, Math.min(SLOTS - 1L, nanosFromNow / TICK_NANOS));
        long at = (System.nanoTime() - start) / TICK_NANOS + ticks + 1;
        List<Watch> slot = wheel.get((int) (at % SLOTS));
        synchronized (slot) {
            slot.add(watch);
        }
    }

    /** Runs it once, later. */
    Future<?> schedule(Duration delay, Runnable task) {
        return executor.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void turn(long now) {
        long until = (now - start) / TICK_NANOS;
        if (until - done > SLOTS) {
            done = until - SLOTS; // the machine slept; each slot once is enough
        }
        while (done < until) {
            done++;
            List<Watch> slot = wheel.get((int) (done % SLOTS));
            List<Watch> due;
            synchronized (slot) {
                if (slot.isEmpty()) {
                    continue;
                }
                due = new ArrayList<>(slot);
                slot.clear();
                if (slot instanceof ArrayList<Watch> list && due.size() > 64) {
                    list.trimToSize();
                }
            }
            for (Watch watch : due) {
                Ticked ticked = watch.ticked;
                if (ticked == null) {
                    continue;
                }
                try {
                    long next = ticked.tick(now);
                    if (next >= 0) {
                        add(watch, next);
                    }
                } catch (RuntimeException | Error failure) { // the others are to be looked at all the same
                    System.getLogger("millrace.stream")
                            .log(System.Logger.Level.ERROR, "a look at a stream failed", failure);
                }
            }
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
        try {
            executor.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
