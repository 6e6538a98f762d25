package millrace.history;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.LongAdder;
import millrace.sse.Event;

/**
 * What the durable history takes from many publishers, each of which waits until its update is on the disk: no hub, no HTTP.
 * In this package because the file is nobody else's business.
 */
public final class StoreAlone {

    private static final int PUBLISHERS = 64;

    private StoreAlone() {}

    public static void main(String[] args) throws Exception {
        Retention retention = new Retention(100_000, 1L << 30, Duration.ZERO);
        long warmup = (long) (Double.parseDouble(args[1]) * 1e9);
        long measure = (long) (Double.parseDouble(args[2]) * 1e9);
        LongAdder appended = new LongAdder();
        try (FileHistory history =
                FileHistory.open(Path.of(args[0]), retention, InstantSource.system(), update -> {})) {
            long end = System.nanoTime() + warmup + measure;
            List<Thread> publishers = new ArrayList<>();
            for (int i = 0; i < PUBLISHERS; i++) {
                publishers.add(Thread.ofVirtual().start(() -> {
                    while (System.nanoTime() < end) {
                        Event event = Event.of("x".repeat(100));
                        history.append(new Update("urn:uuid:" + UUID.randomUUID(), List.of("bench"), false, event))
                                .join();
                        appended.increment();
                    }
                }));
            }
            Thread.sleep(Duration.ofNanos(warmup));
            long start = System.nanoTime();
            long before = appended.sum();
            long cpu = ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos();
            Thread.sleep(Duration.ofNanos(measure));
            long measured = appended.sum() - before;
            System.out.println("nanos=" + (System.nanoTime() - start));
            System.out.println("serverCpuNanos="
                    + (ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() - cpu));
            System.out.println("measured=" + measured);
            for (Thread publisher : publishers) {
                publisher.join();
            }
        }
    }
}
