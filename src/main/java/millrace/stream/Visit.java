package millrace.stream;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A call from one of the container's threads about a request, and whether that thread has left the request since. No
 * call of the servlet API tells that: after our code has returned, the thread is still on its way out through the
 * container's. Each of these shows that it has left, and none of them can show it too early:
 *
 * <ul>
 *   <li>it has ended, as a virtual thread does;
 *   <li>it has called us about another request since;
 *   <li>it waits, and nothing of the container's request processing is on its stack: it is back in its pool;
 *   <li>it has used far more processor time than the way out takes. A thread that is only short of processors has not.
 * </ul>
 */
final class Visit {

    /** The way out takes some ten microseconds, and perhaps a millisecond where it is gone for the first time. */
    private static final long MORE_THAN_THE_WAY_OUT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final long FIRST_LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final long LAST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** A thread's number of visits. Only classes of the JDK: the container's threads outlive this application. */
    private static final ThreadLocal<AtomicLong> NUMBERS = new ThreadLocal<>();

    private final Thread thread = Thread.currentThread();
    private final AtomicLong numbers;
    private final long number;
    private final long begin = System.nanoTime();
    private volatile long cpuAtFirstLook = -1;

    private Visit(AtomicLong numbers) {
        this.numbers = numbers;
        this.number = numbers.incrementAndGet();
    }

    /** To be called on the container's thread when it comes to us. */
    static Visit now() {
        AtomicLong numbers = NUMBERS.get();
        if (numbers == null) {
            numbers = new AtomicLong();
            NUMBERS.set(numbers);
        }
        return new Visit(numbers);
    }

    /** Whether the thread has left the request. True for ever once it is. Any thread; does not block. */
    boolean isOver() {
        if (numbers.get() != number) {
            return true;
        }
        if (thread == Thread.currentThread()) {
            return false;
        }
        if (hasLeft(thread.getState())) {
            numbers.compareAndSet(number, number + 1); // this visit and all before it are over
            return true;
        }
        return false;
    }

    private boolean hasLeft(Thread.State state) {
        return switch (state) {
            case TERMINATED -> true;
            case WAITING, TIMED_WAITING -> !isWithinContainer(thread.getStackTrace());
            // asking a running thread for its stack would wait until it gets a processor
            default -> usedMuchTime();
        };
    }

    /** Tomcat's connectors are in these packages, and everything that handles a request is called by them. */
    private static boolean isWithinContainer(StackTraceElement[] stack) {
        for (StackTraceElement frame : stack) {
            String name = frame.getClassName();
            if (name.startsWith("org.apache.coyote.") || name.startsWith("org.apache.tomcat.util.net.")) {
                return true;
            }
        }
        return stack.length == 0 || startsVirtual(stack);
    }

    /** A virtual thread serves one request and ends: what it waits for is not the next one. */
    private static boolean startsVirtual(StackTraceElement[] stack) {
        return stack[stack.length - 1].getClassName().equals("java.lang.VirtualThread");
    }

    private boolean usedMuchTime() {
        long used = cpuTime();
        if (used < 0) {
            return false;
        }
        if (cpuAtFirstLook < 0) {
            cpuAtFirstLook = used;
            return false;
        }
        return used - cpuAtFirstLook > MORE_THAN_THE_WAY_OUT_NANOS;
    }

    private long cpuTime() {
        try {
            return thread.isVirtual() ? -1 : THREADS.getThreadCpuTime(thread.threadId());
        } catch (UnsupportedOperationException unknown) {
            return -1;
        }
    }

    /** When to look again (nanoTime): soon at first, more and more rarely then. */
    long nextLook() {
        long now = System.nanoTime();
        return now + Math.clamp(now - begin, FIRST_LOOK_NANOS, LAST_LOOK_NANOS);
    }

    /** Waits on a virtual thread until the visit is over. */
    static void awaitEnd(@Nullable Visit visit) throws InterruptedException {
        while (visit != null && !visit.isOver()) {
            TimeUnit.NANOSECONDS.sleep(Math.max(1, visit.nextLook() - System.nanoTime()));
        }
    }
}
