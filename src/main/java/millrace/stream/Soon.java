package millrace.stream;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;

/** Tasks that run once, a little later, and at the latest at the end of the application. Any thread. */
final class Soon implements AutoCloseable {

    private final Timer timer;
    private final Set<Runnable> waiting = ConcurrentHashMap.newKeySet();

    Soon(Timer timer) {
        this.timer = timer;
    }

    /** Runs it once, after that time; at once where this is closed. */
    void run(Duration delay, Runnable task) {
        Runnable once = new Runnable() { // an object of its own: the same task may wait twice
                    @Override
                    public void run() {
                        if (waiting.remove(this)) {
                            task.run();
                        }
                    }
                };
        waiting.add(once);
        try {
            var unused = timer.schedule(delay, once);
        } catch (RejectedExecutionException stopped) {
            once.run();
        }
    }

    /** Runs what waits. The timer has been closed before: it takes nothing more. */
    @Override
    public void close() {
        waiting.forEach(Runnable::run);
    }
}
