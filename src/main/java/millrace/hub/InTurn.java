package millrace.hub;

import java.lang.System.Logger.Level;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs tasks one after the other, in the order in which they came, on a virtual thread that is there while there are some.
 * So nobody waits for a task. Any thread may call it.
 */
final class InTurn {

    private static final System.Logger LOG = System.getLogger("millrace.hub");

    private final String name;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

    /** Tasks that are not done; who makes it one starts the thread. */
    private final AtomicInteger undone = new AtomicInteger();

    InTurn(String name) {
        this.name = name;
    }

    void run(Runnable task) {
        tasks.add(task);
        if (undone.getAndIncrement() == 0) {
            try {
                Thread.ofVirtual().name(name).start(this::work);
            } catch (Error noThread) { // of too little memory: then here, or nobody would ever do it
                work();
            }
        }
    }

    private void work() {
        do {
            Runnable task = tasks.remove();
            try {
                task.run();
            } catch (RuntimeException | Error bug) { // the others are to be done all the same
                LOG.log(Level.ERROR, name + " failed", bug);
            }
        } while (undone.decrementAndGet() > 0);
    }
}
