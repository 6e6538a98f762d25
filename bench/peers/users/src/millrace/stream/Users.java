package millrace.stream;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import millrace.auth.Dialect;
import millrace.auth.Principal;
import millrace.auth.View;
import millrace.config.Config;
import millrace.history.History;
import millrace.history.Update;
import millrace.hub.Hub;
import millrace.hub.Subscription;
import millrace.metrics.Metrics;
import millrace.topic.Selector;

/**
 * The hub with very many subscribers whose responses take everything and go nowhere: what the hub itself costs per user.
 * Each user has a topic of its own and all have one in common, so each has a channel of its own. In this package because
 * the {@link Outlet} is nobody else's business.
 */
public final class Users {

    /** With so many the cost of a publish is measured first, to be compared. */
    private static final int FEW = 10;

    private static final AtomicLong WRITES = new AtomicLong();

    private Users() {}

    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[0]);
        Properties settings = new Properties();
        settings.setProperty("millrace.history", "memory");
        settings.setProperty("millrace.drain-time", "0s");
        settings.setProperty("millrace.heartbeat", "1h");
        Config config = Config.load(settings, Map.of(), Map.of());
        Metrics metrics = new Metrics();
        StreamEngine engine = new StreamEngine(config, metrics);
        Hub hub = new Hub(config, engine, metrics, sink -> History.open(config, "bench", metrics, sink));

        long before = usedBytes();
        long start = System.nanoTime();
        long begun = 0;
        Selector common = Selector.ofTemplate("news");
        Principal nobody = new Principal(null, Dialect.V0, true, List.of(), null, null);
        EventStream[] streams = new EventStream[count]; // what a container would hold
        for (int i = 0; i < count; i++) {
            if (i == FEW) {
                await(FEW);
                System.out.println("ownNanosOfFew=" + ownNanos(hub, FEW));
                start = System.nanoTime();
                begun = WRITES.get() - FEW;
            }
            List<Selector> selectors = List.of(Selector.ofTemplate("user/" + i), common);
            Subscription subscription = new Subscription(Set.copyOf(selectors), View.PUBLIC, Dialect.V0);
            streams[i] = engine.open(
                    new Nowhere(),
                    StreamOptions.of(config, "hub"),
                    stream -> hub.subscribe(stream, subscription, selectors, nobody, hub.position(null, View.PUBLIC), true));
            streams[i].writable();
        }
        await(begun + count); // the retry hints and first cursors
        System.out.println("subscribeNanos=" + (System.nanoTime() - start) / count);
        System.out.println("bytesPerUser=" + (usedBytes() - before) / count);

        long[] nanos = new long[15];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = publish(hub, "common-" + i, "news", count);
        }
        Arrays.sort(nanos, 5, nanos.length); // the first five are warm-up
        System.out.println("commonNanos=" + nanos[10]);
        System.out.println("ownNanos=" + ownNanos(hub, count));
        System.out.println("bytesPerUserAfter=" + (usedBytes() - before) / count);
        System.out.println("streams=" + Arrays.stream(streams).filter(stream -> !stream.isClosed()).count());
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    /** The mean of 10,000 publishes, one after the other, each to the own topic of another user if there are so many. */
    private static long ownNanos(Hub hub, int users) throws Exception {
        int publishes = 10_000;
        long nanos = 0;
        for (int round = 0; round < 5; round++) { // the last counts
            long begun = WRITES.get();
            long start = System.nanoTime();
            for (int i = 0; i < publishes; i++) {
                String topic = "user/" + (3 * i + round) % users;
                hub.publish(new Update("own-" + i, List.of(topic), false, null, "x".repeat(100), null))
                        .get();
            }
            nanos = (System.nanoTime() - start) / publishes;
            await(begun + (users < publishes ? 1 : publishes)); // with few users a write carries many
            Thread.sleep(100);
        }
        return nanos;
    }

    private static long publish(Hub hub, String id, String topic, int readers) throws Exception {
        long begun = WRITES.get();
        long start = System.nanoTime();
        hub.publish(new Update(id, List.of(topic), false, null, "x".repeat(100), null))
                .get();
        await(begun + readers);
        return System.nanoTime() - start;
    }

    private static void await(long writes) throws InterruptedException {
        long until = System.nanoTime() + 60_000_000_000L;
        while (WRITES.get() < writes) {
            if (System.nanoTime() > until) {
                System.out.println("error=" + WRITES.get() + " of " + writes + " writes came");
                System.out.flush();
                Runtime.getRuntime().halt(3);
            }
            Thread.onSpinWait();
        }
    }

    private static long usedBytes() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        memory.gc();
        memory.gc();
        return memory.getHeapMemoryUsage().getUsed();
    }

    private static final class Nowhere implements Outlet {
        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            WRITES.getAndIncrement();
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
