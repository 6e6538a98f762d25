package millrace.stream;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Virtual threads that are interrupted when the application ends. Any thread. */
final class Producers implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger("millrace.stream");
    private static final Duration JOIN_TIME = Duration.ofSeconds(2);

    private final Set<Thread> running = ConcurrentHashMap.newKeySet();
    private final AtomicLong names = new AtomicLong();
    private volatile boolean closed;

    /** Not started yet. One that starts after the end is interrupted at once, and so can tell that its work was in vain. */
    Thread newThread(String kind, Runnable work) {
        Thread thread = Thread.ofVirtual()
                .name(kind + "-" + names.incrementAndGet())
                .unstarted(() -> {
                    running.add(Thread.currentThread());
                    try {
                        if (closed) {
                            Thread.currentThread().interrupt();
                        }
                        work.run();
                    } finally {
                        running.remove(Thread.currentThread());
                    }
                });
        return thread;
    }

    /** Interrupts all that run and waits for them, but not for long. */
    @Override
    public void close() {
        closed = true;
        long deadline = System.nanoTime() + JOIN_TIME.toNanos();
        for (Thread producer : running) {
            producer.interrupt();
        }
        for (Thread producer : running) {
            try {
                producer.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            } catch (InterruptedException hurried) {
                Thread.currentThread().interrupt();
            }
        }
        if (!running.isEmpty()) {
            LOG.log(
                    Level.WARNING,
                    running.size() + " producers ignore their interrupt and hold the application in memory");
        }
    }
}
