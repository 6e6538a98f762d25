package millrace.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import millrace.sse.Event;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Kills a process that publishes, with {@code kill -9}, ten times, and asks its own acknowledgements what must be there. */
class FileHistoryKillTest {
    private static final int KILLS = 10;
    private static final int PUBLISHERS = 64;
    private static final Retention RETENTION = new Retention(50_000_000, 4L << 30, Duration.ZERO);

    @TempDir
    Path directory;

    /** Publishes until it is killed, and says each number and id that was acknowledged. Arguments: place, life. */
    static final class Publisher {
        public static void main(String[] arguments) throws InterruptedException {
            History history = FileHistory.open(Path.of(arguments[0]), RETENTION, InstantSource.system(), update -> {});
            List<Thread> threads = new ArrayList<>();
            for (int p = 0; p < PUBLISHERS; p++) {
                String prefix = arguments[1] + "-" + p + "-";
                threads.add(Thread.ofVirtual().start(() -> {
                    for (int i = 0; ; i++) {
                        Update update = new Update(prefix + i, List.of("t"), false, Event.of("x".repeat(i % 400)));
                        Stored stored = history.append(update).join();
                        System.out.println(stored.sequence() + " " + stored.id());
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS)
    void everythingAcknowledgedIsThereAfterEachKill() throws Exception {
        Map<Long, String> acknowledged = new HashMap<>();
        long seen = 0;
        for (int life = 0; life < KILLS; life++) {
            acknowledged.putAll(publishAndKill(life));
            try (History history = FileHistory.open(directory, RETENTION, InstantSource.system(), update -> {})) {
                Set<String> ids = new HashSet<>();
                for (Stored stored : HistoryContract.everything(history, 1000)) {
                    assertTrue(ids.add(stored.id()), "twice: " + stored);
                    String known = acknowledged.get(stored.sequence());
                    assertTrue(known == null || known.equals(stored.id()), stored + " was acknowledged as " + known);
                }
                assertTrue(ids.containsAll(acknowledged.values()), "acknowledged updates are missing");
                Bounds bounds = history.bounds();
                assertEquals(ids.size(), bounds.count());
                assertEquals(1, bounds.oldest());
                assertTrue(bounds.newest() > seen, "nothing was published in life " + life);
                seen = bounds.newest() + 1;
                assertEquals(
                        seen,
                        history.append(HistoryContract.update("check" + life))
                                .join()
                                .sequence());
            }
        }
        assertTrue(acknowledged.size() > KILLS * PUBLISHERS, "only " + acknowledged.size() + " were acknowledged");
    }

    private Map<Long, String> publishAndKill(int life) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        Publisher.class.getName(),
                        directory.toString(),
                        Integer.toString(life))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Map<Long, String> acknowledged = new HashMap<>();
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            assertNotNull(output.readLine(), "the publisher did not start");
            long killAt =
                    System.nanoTime() + Duration.ofMillis(100 + life * 37L).toNanos();
            StringBuilder line = new StringBuilder();
            for (int c = output.read(); c >= 0; c = output.read()) {
                if (c != '\n') {
                    line.append((char) c);
                    continue;
                }
                int space = line.indexOf(" ");
                long sequence = Long.parseLong(line.substring(0, space));
                assertNull(acknowledged.put(sequence, line.substring(space + 1).strip()), "number used twice");
                line.setLength(0);
                if (System.nanoTime() > killAt) {
                    process.toHandle()
                            .destroyForcibly(); // Process.destroyForcibly would close what is still to be read
                }
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        return acknowledged;
    }
}
