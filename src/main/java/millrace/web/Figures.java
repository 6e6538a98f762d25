package millrace.web;

import com.sun.management.OperatingSystemMXBean;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.spi.JsonProvider;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.DoubleSupplier;
import millrace.metrics.Metrics;

/**
 * This server's own figures, once a second, as JSON; the last two minutes are kept, so that who comes sees a whole chart
 * at once. What is counted is read from the metrics, what is of the process from the JVM.
 *
 * <p>One thread measures for all; any thread may read.
 */
final class Figures implements AutoCloseable {

    /** A measurement: {@code json} is one object, {@code number} counts from 1. */
    record Sample(long number, String json) {}

    private static final JsonProvider JSON = JsonProvider.provider();
    private static final int KEPT = 120;
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Metrics metrics;
    private final Thread measuring;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition measured = lock.newCondition();
    private final Deque<Sample> samples = new ArrayDeque<>();

    // of the measuring thread
    private final Map<String, Double> before = new HashMap<>();
    private long measuredAt;

    Figures(Metrics metrics) {
        this.metrics = metrics;
        measuring = Thread.ofVirtual().name("millrace-figures").start(this::run);
    }

    /** All samples after that one, at least one: waits for it. */
    List<Sample> after(long number) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (samples.isEmpty() || samples.getLast().number() <= number) {
                measured.await();
            }
            List<Sample> newer = new ArrayList<>();
            for (Sample sample : samples) {
                if (sample.number() > number) {
                    newer.add(sample);
                }
            }
            return newer;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        measuring.interrupt();
    }

    private void run() {
        measure(); // the first has nothing to compare with
        long number = 0;
        while (!Thread.interrupted()) {
            try {
                TimeUnit.NANOSECONDS.sleep(Math.max(0, measuredAt + INTERVAL_NANOS - System.nanoTime()));
            } catch (InterruptedException closed) {
                return;
            }
            String json = measure();
            lock.lock();
            try {
                samples.addLast(new Sample(++number, json));
                if (samples.size() > KEPT) {
                    samples.removeFirst();
                }
                measured.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private String measure() {
        Map<String, Double> now = counted();
        long time = System.nanoTime();
        double seconds = Math.max(0.001, (time - measuredAt) / 1e9);
        JsonObjectBuilder json = JSON.createObjectBuilder().add("at", System.currentTimeMillis());
        put(json, "streams", now.getOrDefault("millrace_streams_open", 0.0));
        json.add("kinds", kinds());
        put(json, "in", rate(now, "millrace_hub_published", seconds));
        put(json, "out", rate(now, "millrace_events_delivered", seconds));
        put(json, "bytesOut", rate(now, "millrace_sent_bytes", seconds));
        double published = change(now, "millrace_hub_publish_seconds_count");
        put(
                json,
                "publishMillis",
                published == 0 ? 0 : 1000 * change(now, "millrace_hub_publish_seconds_sum") / published);
        put(json, "tokens", rate(now, "millrace_chat_tokens", seconds));
        put(json, "lagEvents", now.getOrDefault("millrace_hub_lag_events", 0.0));
        put(json, "lagBytes", now.getOrDefault("millrace_hub_lag_bytes", 0.0));
        put(json, "heldBytes", now.getOrDefault("millrace_held_bytes", 0.0));
        put(json, "runs", now.getOrDefault("millrace_runs_held", 0.0));
        put(json, "historyEvents", now.getOrDefault("millrace_history_events", 0.0));
        put(json, "historyBytes", now.getOrDefault("millrace_history_bytes", 0.0));
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        put(json, "heapBytes", (double) heap.getUsed());
        put(json, "heapMaxBytes", (double) heap.getMax());
        put(json, "gcMillis", rate(now, "gc_millis", seconds));
        put(json, "cpu", cpu());
        before.clear();
        before.putAll(now);
        measuredAt = time;
        return json.build().toString();
    }

    /** Whole numbers stay whole: there are many of them in what is kept. */
    private static void put(JsonObjectBuilder json, String name, double value) {
        if (value == Math.rint(value)) {
            json.add(name, (long) value);
        } else {
            json.add(name, Math.round(value * 100) / 100.0);
        }
    }

    private double rate(Map<String, Double> now, String name, double seconds) {
        return change(now, name) / seconds;
    }

    private double change(Map<String, Double> now, String name) {
        return Math.max(0, now.getOrDefault(name, 0.0) - before.getOrDefault(name, 0.0));
    }

    /** How many streams of each kind are open. */
    private JsonObjectBuilder kinds() {
        JsonObjectBuilder kinds = JSON.createObjectBuilder();
        for (GaugeSnapshot.GaugeDataPointSnapshot point :
                metrics.streamsOpen.collect().getDataPoints()) {
            put(kinds, String.valueOf(point.getLabels().get("kind")), point.getValue());
        }
        return kinds;
    }

    /** All metrics by name, their labels added up. */
    private Map<String, Double> counted() {
        Map<String, Double> sums = new HashMap<>();
        for (MetricSnapshot snapshot : metrics.registry().scrape()) {
            String name = snapshot.getMetadata().getName();
            switch (snapshot) {
                case CounterSnapshot counter ->
                    counter.getDataPoints().forEach(point -> sums.merge(name, point.getValue(), Double::sum));
                case GaugeSnapshot gauge ->
                    gauge.getDataPoints().forEach(point -> sums.merge(name, point.getValue(), Double::sum));
                case HistogramSnapshot histogram ->
                    histogram.getDataPoints().forEach(point -> {
                        sums.merge(name + "_sum", point.getSum(), Double::sum);
                        sums.merge(name + "_count", (double) point.getCount(), Double::sum);
                    });
                default -> {} // there are no others
            }
        }
        double gc = 0;
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            gc += Math.max(0, collector.getCollectionTime());
        }
        sums.put("gc_millis", gc);
        return sums;
    }

    /** The share of the machine that this process uses, in percent; 0 where the JVM does not tell. */
    private static double cpu() {
        DoubleSupplier load = ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system::getProcessCpuLoad
                : () -> 0;
        return Math.max(0, load.getAsDouble()) * 100;
    }
}
