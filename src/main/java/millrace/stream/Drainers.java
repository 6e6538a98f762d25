package millrace.stream;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The few threads that write to clients, about one per core. Each has a queue of tasks (an audience to walk over, a
 * stream to look at); a task that is queued already is not queued again. Never a thread per reader, never the
 * publisher's, never a container's.
 *
 * <p>Some containers block in a "non-blocking" write now and then. A drainer that is stuck in one is replaced: another
 * thread takes its queue, goes on with the walk that it was in, and the old one ends when it comes back. To be short of
 * processors is not to be stuck; see {@link Shift#isStuck}.
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
        abstract void run();

        /** Goes on with what a thread was in that is stuck and has been replaced; where that was more than one step. */
        void takeOver() {}

        /** Whether {@link #takeOver} would find something. */
        boolean hasMoreToDo() {
            return false;
        }
    }

    private final Drainer[] drainers;
    private final AtomicInteger turn = new AtomicInteger();
    private volatile boolean closed;

    private final LongAdder replaced = new LongAdder();

    /** Counted by the streams, for the metrics. */
    final LongAdder delivered = new LongAdder();

    final LongAdder sentBytes = new LongAdder();

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

    /** Replaces drainers that are stuck; called a few times a second or more often, by one thread. */
    void replaceStuck(long nanoTime) {
        for (Drainer drainer : drainers) {
            drainer.replaceIfStuck(nanoTime);
        }
    }

    /** How many drainers were stuck and replaced, in all. */
    long replaced() {
        return replaced.sum();
    }

    /** Events that the drainers have handed to containers, in all. */
    long delivered() {
        return delivered.sum();
    }

    long sentBytes() {
        return sentBytes.sum();
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

    /** One queue, and the thread that serves it at the moment. */
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
            this.shift = new Shift(this, null);
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
         * Runs the task at that time (nanoTime) instead of now. Until then it counts as queued: who enqueues it
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

        /** Called by a task that walks over many streams: it is not stuck, only busy. False: it was replaced and should return. */
        boolean goesOn() {
            Shift now = shift;
            if (now.thread != Thread.currentThread()) {
                return false;
            }
            now.step(2);
            return true;
        }

        private void replaceIfStuck(long nanoTime) {
            Shift now = shift;
            if (now.isStuck(nanoTime) && (laters > 0 || now.hasMoreToDo() || !queue.isEmpty()) && !closed) {
                Shift next = new Shift(this, now.current);
                shift = next;
                replaced.increment();
                next.thread.start();
            }
        }
    }

    /** One thread's time at a drainer's queue. */
    private final class Shift {

        /** Looks at the queue before it goes to sleep: sleeping and waking cost a system call each. */
        private static final int SPINS = 50;

        private static final long BETWEEN_LOOKS_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

        /** Five seconds and more. */
        private static final int LOOKS_IN_VAIN = 100;

        private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

        final Thread thread;
        private final Drainer drainer;
        volatile boolean asleep;

        /** Odd while in a task; written by the thread only. */
        private volatile long steps;

        private long stepsTaken;

        /** What it is in; what it has taken over before its first own task. */
        private volatile @Nullable Task current;

        // by the timer
        private long stepsAtLastLook = -1;
        private long cpuAtLastLook = -1;
        private long lastLook = Long.MIN_VALUE;
        private int looksInVain;

        /** @param takenOver what the thread before is stuck in */
        Shift(Drainer drainer, @Nullable Task takenOver) {
            this.drainer = drainer;
            this.current = takenOver;
            this.thread = new Thread(this::serve, "millrace-drainer-" + drainer.index);
            thread.setDaemon(true);
        }

        void step(int by) {
            stepsTaken += by;
            steps = stepsTaken;
        }

        private void serve() {
            Task takenOver = current;
            if (takenOver != null) {
                work(takenOver, true);
            }
            while (!closed && drainer.shift == this) {
                Task task = drainer.next();
                if (task == null) {
                    task = await();
                }
                if (task != null) {
                    current = task;
                    task.queued = false; // before it runs: what comes during the run asks for another
                    work(task, false);
                }
            }
        }

        private void work(Task task, boolean takenOver) {
            step(1);
            try {
                if (takenOver) {
                    task.takeOver();
                } else {
                    task.run();
                }
            } catch (Throwable bug) {
                System.getLogger("millrace.stream").log(System.Logger.Level.ERROR, "a drainer's task failed", bug);
            }
            step(1);
            current = null;
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

        /** The rest of a walk counts as work that waits. */
        private boolean hasMoreToDo() {
            Task task = current;
            return task != null && task.hasMoreToDo();
        }

        /**
         * Dead, or could not be started, or in the same step of the same task as at the last look and
         *
         * <ul>
         *   <li>waiting for something to happen, as a blocking write does: at two looks;
         *   <li>or without any progress, but perhaps only short of a processor, or waiting for a lock whose owner is: at so
         *       many looks that a thread that only waits for its turn would have had it.
         * </ul>
         *
         * Only looks count that lie apart: a timer that was short of processors itself makes many at once. By the timer.
         */
        private boolean isStuck(long nanoTime) {
            if (!thread.isAlive()) {
                return true;
            }
            if (lastLook != Long.MIN_VALUE && nanoTime - lastLook < BETWEEN_LOOKS_NANOS) {
                return false;
            }
            lastLook = nanoTime;
            long now = steps;
            boolean same = (now & 1) == 1 && now == stepsAtLastLook;
            stepsAtLastLook = now;
            if (!same) {
                looksInVain = 0;
                cpuAtLastLook = -1;
                return false;
            }
            if (waitsForAnEvent()) {
                return true;
            }
            long cpu = cpuTime();
            looksInVain = cpu >= 0 && cpu == cpuAtLastLook ? looksInVain + 1 : 0;
            cpuAtLastLook = cpu;
            return looksInVain >= LOOKS_IN_VAIN;
        }

        private boolean waitsForAnEvent() {
            Thread.State state = thread.getState();
            return (state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING)
                    && !isLock(LockSupport.getBlocker(thread));
        }

        /** Locks of java.util.concurrent: their owner may be short of processors, and so may who has just got one. */
        private static boolean isLock(@Nullable Object blocker) {
            return blocker != null && blocker.getClass().getName().startsWith("java.util.concurrent.locks.Reentrant");
        }

        private long cpuTime() {
            try {
                return THREADS.getThreadCpuTime(thread.threadId());
            } catch (UnsupportedOperationException unknown) {
                return -1;
            }
        }
    }
}
