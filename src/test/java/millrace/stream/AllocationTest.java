package millrace.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import millrace.config.Config;
import millrace.log.Archive;
import millrace.log.EncodedEvent;
import millrace.metrics.Metrics;
import org.junit.jupiter.api.Test;

/** Whoever delivers an event to a thousand readers allocates nothing for any of them, behind or not. */
class AllocationTest {

    private static final int READERS = 1_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final AtomicLong bytes = new AtomicLong();
    private final Set<Thread> writers = ConcurrentHashMap.newKeySet();

    @Test
    void aDeliveryAllocatesNothing() throws Exception {
        try (StreamEngine engine =
                new StreamEngine(Config.load(properties(), java.util.Map.of(), java.util.Map.of()), new Metrics())) {
            Channel channel =
                    engine.newBroadcast(10_000, 1 << 20, 0, (position, whenKnown) -> new Archive.Unreadable());
            for (int i = 0; i < READERS; i++) {
                engine.open(new Nowhere(), StreamOptions.of(engine.config(), "test"), stream -> stream.read(channel, 1))
                        .writable();
            }
            deliver(channel, 1, 1_000, 1); // until it is compiled, and each array has its size
            deliver(channel, 1_001, 3_000, 10);

            long before = allocated();
            deliver(channel, 3_001, 3_300, 1);
            assertAllocatesNothing("one at a time", allocated() - before, 300);
            before = allocated();
            deliver(channel, 3_301, 6_300, 30);
            assertAllocatesNothing("30 at a time", allocated() - before, 3_000);
        }
    }

    /** A walk over all readers allocates a little; a reader that allocated even one object would have 16 bytes each. */
    private static void assertAllocatesNothing(String how, long allocated, long events) {
        double each = (double) allocated / (events * READERS);
        assertTrue(each < 0.5, how + ": " + each + " bytes for each delivery");
    }

    private void deliver(Channel channel, int first, int last, int atOnce) throws InterruptedException {
        assertEquals(0, (last - first + 1) % atOnce);
        for (int i = first; i <= last; i += atOnce) {
            long due = bytes.get();
            for (int j = i; j < i + atOnce; j++) {
                byte[] event = "data: %08d\n\n".formatted(j).getBytes(UTF_8);
                due += (long) event.length * READERS;
                channel.append(new EncodedEvent(event, j));
            }
            long deadline = System.nanoTime() + 20_000_000_000L;
            while (bytes.get() < due) {
                assertTrue(System.nanoTime() < deadline, bytes + " of " + due + " bytes came");
                Thread.onSpinWait();
            }
        }
    }

    private long allocated() {
        return writers.stream()
                .mapToLong(writer -> THREADS.getThreadAllocatedBytes(writer.threadId()))
                .sum();
    }

    private static Properties properties() {
        Properties properties = new Properties();
        properties.setProperty("millrace.drain-time", "0s");
        properties.setProperty("millrace.heartbeat", "1h");
        properties.setProperty("millrace.drainers", "2");
        return properties;
    }

    private final class Nowhere implements Outlet {
        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void write(byte[] all, int from, int length) {
            if (!writers.contains(Thread.currentThread())) {
                writers.add(Thread.currentThread());
            }
            bytes.getAndAdd(length);
        }

        @Override
        public void flush() {}

        @Override
        public void complete() {}

        @Override
        public boolean mayBlock() {
            return false;
        }
    }
}
