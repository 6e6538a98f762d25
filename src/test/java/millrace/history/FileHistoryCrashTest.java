package millrace.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.logging.Level;
import java.util.logging.Logger;
import millrace.sse.Event;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Loses power, and kills the process, at thousands of random points, with full disks and failing forces before that, and
 * looks whether every update that was acknowledged or delivered is there afterwards: once, in order, with its own number.
 */
class FileHistoryCrashTest {
    private static final int RUNS = 600;
    private static final Logger NOISE = Logger.getLogger("millrace.history");

    @BeforeAll
    static void quiet() {
        NOISE.setLevel(Level.OFF);
    }

    @AfterAll
    static void loud() {
        NOISE.setLevel(null);
    }

    @Test
    @Timeout(120)
    void nothingAcknowledgedIsLostWhereverThePowerGoes() {
        int crashes = 0;
        for (int seed = 0; seed < RUNS; seed++) {
            Run run = new Run(seed, false);
            try {
                run.live();
            } catch (AssertionError | RuntimeException | IOException e) {
                throw new AssertionError("with seed " + seed + ": " + e.getMessage(), e);
            }
            crashes += run.crashes;
        }
        assertTrue(crashes == 8 * RUNS, "only " + crashes + " crashes");
    }

    @Test
    @Timeout(60)
    void aDiskThatDoesNotForceIsFoundOut() throws IOException {
        int found = 0;
        for (int seed = 0; seed < 100; seed++) {
            try {
                new Run(seed, true).live();
            } catch (AssertionError | HistoryException e) {
                found++;
            }
        }
        assertTrue(found > 50, "losses were seen in " + found + " runs of 100 only");
    }

    /** Some lives of one history, each ended by a crash. */
    private static final class Run {
        private final Random random;
        private final Retention retention;
        private CrashDisk disk;

        /** Every update that readers or publishers know to exist. */
        private final TreeMap<Long, String> known = new TreeMap<>();
        /** The size of every update that was ever tried. */
        private final Map<String, Update> tried = new HashMap<>();

        private final TreeMap<Long, String> delivered = new TreeMap<>();

        private final List<Stored> twice = new ArrayList<>();

        private int crashes;

        Run(long seed, boolean lies) {
            random = new Random(seed);
            disk = new CrashDisk(random);
            disk.lies = lies;
            retention = random.nextInt(3) > 0
                    ? HistoryContract.MUCH
                    : new Retention(1_000, 20_000 + random.nextInt(200_000), Duration.ZERO);
        }

        private FileHistory open() throws IOException {
            return new FileHistory(disk, retention, InstantSource.system(), this::deliver, random.nextInt(3) * 20_000);
        }

        private void deliver(Stored update) {
            synchronized (delivered) {
                if (delivered.put(update.sequence(), update.id()) != null) {
                    twice.add(update);
                }
            }
        }

        void live() throws IOException {
            for (int life = 0; life < 4; life++) {
                disk.crashIn(1 + random.nextInt(random.nextBoolean() ? 12 : 80));
                try (FileHistory history = open()) {
                    publish(history);
                } catch (IOException duringOpening) {
                    assertTrue(disk.dead(), "cannot be opened: " + duringOpening);
                }
                crashes++;
                disk = disk.restart(random.nextInt(4) > 0);
                try (FileHistory history = open()) {
                    verify(history);
                }
                crashes++;
                disk = disk.restart(random.nextBoolean());
            }
        }

        private void publish(FileHistory history) {
            int bursts = 1 + random.nextInt(20);
            for (int burst = 0; burst < bursts && !disk.dead(); burst++) {
                synchronized (disk) {
                    disk.capacity = random.nextInt(4) == 0 ? random.nextInt(100_000) : Long.MAX_VALUE;
                    disk.failingForces = random.nextInt(5) == 0 ? 1 + random.nextInt(3) : 0;
                }
                List<CompletableFuture<Stored>> pending = new ArrayList<>();
                for (int i = random.nextInt(8); i >= 0; i--) {
                    String id = "id" + tried.size();
                    int length = random.nextInt(random.nextInt(5) == 0 ? 30_000 : 300);
                    Update update = new Update(
                            id, List.of("topic of " + id), random.nextBoolean(), Event.of(id + "x".repeat(length)));
                    tried.put(id, update);
                    pending.add(history.append(update));
                }
                for (CompletableFuture<Stored> future : pending) {
                    try {
                        Stored stored = future.join();
                        assertNull(known.put(stored.sequence(), stored.id()), "number used twice: " + stored);
                    } catch (CompletionException refused) {
                        assertEquals(HistoryException.class, refused.getCause().getClass());
                    }
                }
            }
        }

        private void verify(FileHistory history) {
            assertEquals(List.of(), twice, "numbers delivered twice");
            delivered.forEach((sequence, id) -> {
                String other = known.putIfAbsent(sequence, id);
                assertTrue(other == null || other.equals(id), "#" + sequence + " was " + id + " and " + other);
            });
            Bounds bounds = history.bounds();
            assertTrue(known.isEmpty() || bounds.newest() >= known.lastKey(), "lost: " + known.lastEntry());
            long at = bounds.oldest() - 1;
            for (Stored stored : HistoryContract.everything(history, 1 + random.nextInt(20))) {
                assertEquals(++at, stored.sequence());
                String before = known.putIfAbsent(stored.sequence(), stored.id());
                assertTrue(before == null || before.equals(stored.id()), stored + " was " + before);
                Update update = tried.get(stored.id());
                assertNotNull(update, "never published: " + stored);
                assertEquals(update.topics(), stored.topics());
                assertEquals(update.isPrivate(), stored.isPrivate());
                assertEquals(
                        new String(update.event().encode(), StandardCharsets.UTF_8),
                        new String(stored.event(), StandardCharsets.UTF_8));
                assertEquals(OptionalLong.of(stored.sequence()), history.find(stored.id()));
            }
            assertEquals(bounds.newest(), at);
            assertEquals(bounds.newestId(), known.get(at));
            assertEquals(known.size(), known.values().stream().distinct().count(), "an update came twice: " + known);
            String dropped = known.get(bounds.oldest() - 1);
            if (dropped != null) { // else it was never acknowledged, and dropped before anybody saw it
                Update update = tried.get(dropped);
                long size = new Stored(
                                1,
                                1,
                                dropped,
                                update.topics(),
                                true,
                                update.event().encode())
                        .size();
                if (history.stats().bytes() + size <= retention.maxBytes()) {
                    fail("dropped without need: " + dropped + ", " + bounds);
                }
            }
        }
    }
}
