package millrace.stream;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The few threads that write to clients, about one per core. Each has a queue of tasks (an audience to walk over, a
 * stream to look at); a task that is queued already is not queued again. Never a thread per reader, never the
 * publisher's, never a container's.
 *
 * <p>Some containers block in a "non-blocking" write now and then. A drainer that has been in one task for too long is
 * replaced: another thread takes its queue, and the old one ends when it comes back.
 */
final class Drainers implements AutoCloseable {

    /** Something to be done by a drainer. */
    abstract static class Task {
        private static final VarHandle QUEUED;

        static {
            try {
                QUEUED = MethodHandles.lookup().findVarHandle(Task.class, "queued", boolean.class);
            } catch (ReflectiveOperationException impossible) {
                throw new LinkageError(impossible.getMessage(), impossible);
            }
        }

        private volatile boolean queued;

        /** It will run, and see all that was there before this answered true. */
        final boolean isQueued() {
            return queued;
        }

        /** Called by one thread at a time, except where a drainer was replaced in the middle of it. */
        abstract void run(Batch batch);
    }

    private final Drainer[] drainers;
    private final AtomicInteger turn = new AtomicInteger();
    private volatile boolean closed;

    /** Counted by the streams, for the metrics. */
    final LongAdder delivered = new LongAdder();

    Drainers(int count) {
        drainers = new Drainer[count];
        for (int i = 0; i < count; i++) {
            drainers[i] = new Drainer(i);
        }
        for (Drainer drainer : drainers) {
            drainer.shift.thread.start();
        }
    }

    int count() {
        return drainers.length;
    }

    /** The drainer of the next stream. */
    Drainer any() {
        return drainers[Math.floorMod(turn.getAndIncrement(), drainers.length)];
    }

    /** Replaces drainers that are stuck; called a few times a second or more often. */
    void replaceStuck() {
        for (Drainer drainer : drainers) {
            drainer.replaceIfStuck();
        }
    }

    /** Events that the drainers have handed to containers, in all. */
    long delivered() {
        return delivered.sum();
    }

    /** Ends the threads; what is queued is not done any more. */
    @Override
    public void close() {
        closed = true;
        for (Drainer drainer : drainers) {
            LockSupport.unpark(drainer.shift.thread);
        }
        for (Drainer drainer : drainers) {
            try {
                drainer.shift.thread.join(1_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** One queue, and whoever serves it at the moment. */
    final class Drainer {

        private final int index;
        private final ConcurrentLinkedQueue<Task> queue = new ConcurrentLinkedQueue<>();

        /** What is to run at a time of its own, the first one first. Locked by itself: a thread may take over. */
        private final PriorityQueue<Later> later = new PriorityQueue<>(1, (a, b) -> Long.signum(a.at - b.at));

        private volatile int laters;
        private volatile Shift shift;

        private record Later(Task task, long at) {}

        private Drainer(int index) {
            this.index = index;
            this.shift = new Shift(this);
        }

        int index() {
            return index;
        }

        /** Called on any thread; does not block. */
        void enqueue(Task task) {
            if (!task.isQueued() && Task.QUEUED.compareAndSet(task, false, true)) {
                queue.add(task);
                wakeIfAsleep();
            }
        }

        private void wakeIfAsleep() {
            Shift now = shift;
            if (now.asleep) {
                LockSupport.unpark(now.thread);
            }
        }

        /**
         * Has the task run at that time (nanoTime) instead of now. Until then it counts as queued: whoever enqueues it
         * wakes nobody. Called by the task itself, while it runs.
         */
        @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
        void postpone(Task task, long at) {
            if (Task.QUEUED.compareAndSet(task, false, true)) {
                synchronized (later) {
                    later.add(new Later(task, at));
                    laters++;
                }
                wakeIfAsleep(); // another thread, where this one was replaced in the middle of the task
            }
            // else it was enqueued meanwhile, and is asked again in its turn
        }

        private @Nullable Task next() {
            if (laters > 0) {
                Task due = due();
                if (due != null) {
                    return due;
                }
            }
            return queue.poll();
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
        private @Nullable Task due() {
            synchronized (later) {
                Later first = later.peek();
                if (first == null || first.at - System.nanoTime() > 0) {
                    return null;
                }
                laters--;
                return later.remove().task;
            }
        }

        /** Nanoseconds until a postponed task is due; MAX_VALUE where there is none. */
        private long untilNext() {
            synchronized (later) {
                Later first = later.peek();
                return first == null ? Long.MAX_VALUE : Math.max(1, first.at - System.nanoTime());
            }
        }

        /** Called by whoever walks over many: it is not stuck, only busy. False: it was replaced and should come home. */
        boolean goesOn() {
            Shift now = shift;
            if (now.thread != Thread.currentThread()) {
                return false;
            }
            now.step(2);
            return true;
        }

        private void replaceIfStuck() {
            Shift now = shift;
            if (now.isStuck() && !queue.isEmpty() && !closed) {
                shift = new Shift(this);
                shift.thread.start();
            }
        }
    }

    /** One thread's time at a drainer's queue. */
    private final class Shift {

        /** Looks at the queue before it goes to sleep: sleeping and waking cost a system call each. */
        private static final int SPINS = 50;

        final Thread thread;
        private final Drainer drainer;
        volatile boolean asleep;

        /** Odd while in a task; written by the thread only. */
        private volatile long steps;

        private long stepsTaken;

        private long stepsAtLastLook = -1;

        Shift(Drainer drainer) {
            this.drainer = drainer;
            this.thread = new Thread(this::serve, "millrace-drainer-" + drainer.index);
            thread.setDaemon(true);
        }

        void step(int by) {
            stepsTaken += by;
            steps = stepsTaken;
        }

        private void serve() {
            Batch batch = new Batch();
            while (!closed && drainer.shift == this) {
                Task task = drainer.next();
                if (task == null) {
                    batch.clear(); // the channel may be gone before the next event
                    task = await();
                }
                if (task != null) {
                    step(1);
                    task.queued = false; // before it runs: what comes during the run asks for another
                    try {
                        task.run(batch);
                    } catch (Throwable bug) {
                        System.getLogger("millrace.stream")
                                .log(System.Logger.Level.ERROR, "a drainer's task failed", bug);
                    }
                    step(1);
                }
            }
        }

        private @Nullable Task await() {
            for (int i = 0; i < SPINS; i++) {
                Thread.onSpinWait();
                Task task = drainer.next();
                if (task != null) {
                    return task;
                }
            }
            asleep = true;
            try {
                Task task = drainer.next(); // again: who enqueued before seeing 'asleep' did not wake us
                if (task == null && !closed) {
                    long nanos = drainer.untilNext();
                    if (nanos == Long.MAX_VALUE) {
                        LockSupport.park(this);
                    } else {
                        LockSupport.parkNanos(this, nanos);
                    }
                    task = drainer.next();
                }
                return task;
            } finally {
                asleep = false;
            }
        }

        /** In the same step of the same task as at the last look, or dead, or could not be started. By the timer only. */
        private boolean isStuck() {
            if (!thread.isAlive()) {
                return true;
            }
            long now = steps;
            boolean same = (now & 1) == 1 && now == stepsAtLastLook;
            stepsAtLastLook = now;
            return same;
        }
    }
}
