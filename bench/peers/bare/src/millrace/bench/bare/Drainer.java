package millrace.bench.bare;

import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** The one thread that writes: first to those who can be written to again, then to all readers of the rings. */
final class Drainer implements Runnable {

    /** What fits into the buffer of a container together with the head of a chunk. */
    private static final int BATCH = 8000;

    private static final long MILLISECOND = 1_000_000;

    /** Readers to whom the clock brings events. */
    final Set<Reader> paced = ConcurrentHashMap.newKeySet();

    private final List<Ring> rings;
    private final Queue<Reader> woken = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean signal = new AtomicBoolean();
    private final Thread thread = new Thread(this, "drainer");
    private volatile boolean stopped;

    Drainer(Ring... rings) {
        this.rings = List.of(rings);
        thread.setDaemon(true);
        thread.start();
    }

    void wake() {
        if (signal.compareAndSet(false, true)) {
            LockSupport.unpark(thread);
        }
    }

    void woken(Reader reader) {
        woken.add(reader);
        wake();
    }

    void stop() {
        stopped = true;
        LockSupport.unpark(thread);
    }

    @Override
    public void run() {
        byte[] batch = new byte[BATCH];
        while (!stopped) {
            if (!signal.get()) {
                if (paced.isEmpty()) {
                    LockSupport.park();
                } else {
                    LockSupport.parkNanos(MILLISECOND);
                }
            }
            boolean signalled = signal.getAndSet(false);
            for (Reader reader; (reader = woken.poll()) != null; ) {
                reader.drain(batch);
            }
            if (signalled) {
                for (Ring ring : rings) {
                    for (Reader reader : ring.readers) {
                        reader.drain(batch);
                    }
                }
            }
            for (Reader reader : paced) {
                reader.drain(batch);
            }
        }
    }
}
