package millrace.history;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import millrace.sse.Event;

/**
 * Durable appends and replay, in figures: {@code mvn -Phistory-bench}, with {@code -Ddirectory=…} on the disk to measure.
 * About half a minute. Every figure for appends stands beside what the disk itself did just before and after.
 */
final class HistoryBenchmark {
    private static final Retention RETENTION = new Retention(200_000, 1L << 30, Duration.ZERO);
    private static final String DATA = "x".repeat(100);
    private static final List<String> TOPICS = List.of("https://example.com/books/1");
    private static final int REPLAYED = 100_000;
    private static final int READERS = 100;

    private HistoryBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        Files.createDirectories(directory);
        Logger quiet = Logger.getLogger("millrace.history");
        quiet.setLevel(Level.WARNING);
        System.out.printf(
                "%s, Java %s, %d processors, %s%n%n",
                System.getProperty("os.name"),
                Runtime.version(),
                Runtime.getRuntime().availableProcessors(),
                Files.getFileStore(directory).type());
        System.out.println("appends of 100 bytes of data, each waited for      per s   forces/append   p50 µs   p99 µs"
                + "   bare forces/s before, after");
        appends(directory, 64, 2, "warm-up");
        appends(directory, 1, 4, "file, 1 publisher");
        appends(directory, 64, 4, "file, 64 publishers");
        appends(null, 64, 2, "memory, 64 publishers");
        System.out.println();
        replay(directory);
        delete(directory);
    }

    private static Update update() {
        return new Update("urn:uuid:" + UUID.randomUUID(), TOPICS, false, Event.of(DATA));
    }

    private static History open(Path directory) {
        return directory == null
                ? new MemoryHistory(RETENTION, InstantSource.system(), update -> {})
                : FileHistory.open(directory.resolve("history"), RETENTION, InstantSource.system(), update -> {});
    }

    private static void appends(Path directory, int publishers, int seconds, String name) throws Exception {
        String before = bareForces(directory);
        try (History history = open(directory)) {
            History.Stats atFirst = history.stats();
            long begin = System.nanoTime();
            long end = begin + Duration.ofSeconds(seconds).toNanos();
            List<Thread> threads = new ArrayList<>();
            List<long[]> latencies = new ArrayList<>();
            for (int p = 0; p < publishers; p++) {
                threads.add(Thread.ofVirtual().start(() -> {
                    long[] taken = new long[1 << 20];
                    int count = 0;
                    for (long now = System.nanoTime(); now < end; ) {
                        history.append(update()).join();
                        long done = System.nanoTime();
                        taken[count++ & (taken.length - 1)] = done - now;
                        now = done;
                    }
                    synchronized (latencies) {
                        latencies.add(Arrays.copyOf(taken, Math.min(count, taken.length)));
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            double took = (System.nanoTime() - begin) / 1e9;
            History.Stats stats = history.stats();
            long appended = stats.appended() - atFirst.appended();
            long[] sorted =
                    latencies.stream().flatMapToLong(Arrays::stream).sorted().toArray();
            System.out.printf(
                    "%-45s %10.0f %15.3f %8d %8d   %s, %s%n",
                    name,
                    appended / took,
                    (stats.forces() - atFirst.forces()) / (double) appended,
                    sorted[sorted.length / 2] / 1000,
                    sorted[(int) (sorted.length * 0.99)] / 1000,
                    before,
                    bareForces(directory));
        }
    }

    /** What the disk does without us: append as many bytes as a small batch has, and force. */
    private static String bareForces(Path directory) throws IOException {
        if (directory == null) {
            return "-";
        }
        Path path = directory.resolve("bare");
        int count = 0;
        long begin = System.nanoTime();
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            byte[] bytes = new byte[300];
            while (System.nanoTime() - begin < 500_000_000) {
                file.write(bytes);
                file.getFD().sync();
                count++;
            }
        }
        Files.delete(path);
        return Long.toString(2L * count);
    }

    private static void replay(Path directory) throws Exception {
        try (History history = open(directory)) {
            List<CompletableFuture<Stored>> pending = new ArrayList<>();
            for (int i = 0; i < REPLAYED; i++) {
                pending.add(history.append(update()));
                if (pending.size() == 5_000) {
                    pending.forEach(CompletableFuture::join);
                    pending.clear();
                }
            }
            replay(history, "nobody publishes");
            AtomicBoolean stop = new AtomicBoolean();
            Thread publisher = Thread.ofPlatform()
                    .start(
                            () -> { // as in a container
                                while (!stop.get()) {
                                    history.append(update()).join();
                                }
                            });
            long before = history.stats().appended();
            long begin = System.nanoTime();
            replay(history, "one publishes");
            System.out.printf(
                    "%46s %,.0f appends/s meanwhile%n",
                    "", (history.stats().appended() - before) / ((System.nanoTime() - begin) / 1e9));
            stop.set(true);
            publisher.join();
        }
    }

    private static void replay(History history, String name) throws InterruptedException {
        long last = history.bounds().newest();
        long begin = System.nanoTime();
        List<Thread> readers = new ArrayList<>();
        for (int r = 0; r < READERS; r++) {
            readers.add(Thread.ofVirtual().start(() -> {
                long at = last - REPLAYED;
                while (at < last) {
                    Page page = history.after(at, 100, 32 << 10); // as the hub reads
                    if (page.missed() > 0) {
                        throw new AssertionError("missed " + page.missed());
                    }
                    at = page.end();
                }
            }));
        }
        for (Thread reader : readers) {
            reader.join();
        }
        double took = (System.nanoTime() - begin) / 1e9;
        System.out.printf(
                "%-45s %10.2f s, %,.0f updates/s%n",
                "replay of 100,000 to 100 readers, " + name, took, READERS * (double) REPLAYED / took);
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("history"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory.resolve("history"));
    }
}
