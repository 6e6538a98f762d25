package millrace.history;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import millrace.harness.Wait;
import millrace.sse.Event;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a file history does beyond the contract: restarts, full and failing disks, damage, size. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FileHistoryFaultTest {

    private static final Logger NOISE = Logger.getLogger("millrace.history");

    @TempDir
    Path directory;

    private final List<Stored> sunk = Collections.synchronizedList(new ArrayList<>());

    @BeforeAll
    static void quiet() {
        NOISE.setLevel(Level.OFF);
    }

    @AfterAll
    static void loud() {
        NOISE.setLevel(null);
    }

    private FileHistory open() {
        return open(HistoryContract.MUCH);
    }

    private FileHistory open(Retention retention) {
        return FileHistory.open(directory, retention, InstantSource.system(), sunk::add);
    }

    private FileHistory open(CrashDisk disk) throws IOException {
        return new FileHistory(disk, HistoryContract.MUCH, InstantSource.system(), sunk::add, 1 << 20);
    }

    private static Update big(String id) {
        return new Update(id, List.of("t"), false, Event.of("x".repeat(10_000)));
    }

    private static String refusal(History history, Update update) {
        CompletionException refused = assertThrows(
                CompletionException.class, () -> history.append(update).join());
        return assertInstanceOf(HistoryException.class, refused.getCause()).getMessage();
    }

    private static List<String> ids(History history) {
        return HistoryContract.ids(HistoryContract.everything(history, 100));
    }

    @Test
    void afterARestartEverythingIsThereAtOnceAndNumbersGoOn() {
        try (History history = open()) {
            HistoryContract.append(history, "a");
            HistoryContract.append(history, "b");
            HistoryContract.append(history, "a");
        }
        sunk.clear();
        try (History history = open()) {
            assertEquals(new Bounds(1, 3, "a"), history.bounds());
            assertEquals(
                    List.of("b", "a"),
                    HistoryContract.ids(history.after(1, 10, 1000).updates()));
            assertEquals(OptionalLong.of(1), history.find("a"));
            assertEquals(OptionalLong.of(2), history.find("b"));
            assertEquals(List.of(), sunk);
            assertEquals(4, HistoryContract.append(history, "c").sequence());
            assertEquals(List.of("c"), HistoryContract.ids(sunk));
        }
    }

    @Test
    void theSecretSurvivesARestartAndBelongsToThisHistoryAlone() throws IOException {
        byte[] secret;
        try (History history = open()) {
            secret = history.secret();
            assertEquals(16, secret.length);
        }
        try (History history = open();
                History other = FileHistory.open(
                        directory.resolve("other"), HistoryContract.MUCH, InstantSource.system(), sunk::add)) {
            assertArrayEquals(secret, history.secret());
            assertFalse(Arrays.equals(secret, other.secret()));
        }
    }

    @Test
    void afterARestartTimeDoesNotGoBackAndAgeCounts() {
        AtomicLong now = new AtomicLong(1_000_000);
        InstantSource clock = () -> Instant.ofEpochMilli(now.get());
        Retention hour = new Retention(1000, 1 << 30, Duration.ofHours(1));
        try (History history = FileHistory.open(directory, hour, clock, sunk::add)) {
            HistoryContract.append(history, "a");
        }
        now.addAndGet(-5_000);
        try (History history = FileHistory.open(directory, hour, clock, sunk::add)) {
            assertEquals(1_000_000, HistoryContract.append(history, "b").timeMillis());
        }
        now.addAndGet(Duration.ofHours(2).toMillis());
        try (History history = FileHistory.open(directory, hour, clock, sunk::add)) {
            assertEquals(new Bounds(3, 2, "b"), history.bounds());
            assertEquals(3, HistoryContract.append(history, "c").sequence());
        }
    }

    @Test
    void onlyOneBatchAtATimeIsForcedHoweverManyPublish() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        CrashDisk disk = new CrashDisk(new Random(1));
        try (FileHistory history = new FileHistory(
                disk,
                HistoryContract.MUCH,
                InstantSource.system(),
                update -> {
                    blocked.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                },
                1 << 20)) {
            long before = history.stats().forces();
            CompletableFuture<Stored> first = history.append(HistoryContract.update("first"));
            blocked.await();
            List<CompletableFuture<Stored>> others = IntStream.range(0, 64)
                    .mapToObj(i -> history.append(HistoryContract.update("id" + i)))
                    .toList();
            assertFalse(first.isDone());
            goOn.countDown();
            others.forEach(CompletableFuture::join);
            assertEquals(2, history.stats().forces() - before);
            assertEquals(65, history.stats().appended());
        }
    }

    @Test
    void anInterruptOfTheWriterHarmsNothing() {
        try (History history = open()) {
            for (int i = 1; i <= 30; i++) {
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("millrace-history"))
                        .forEach(Thread::interrupt);
                assertEquals(i, HistoryContract.append(history, "id" + i).sequence());
            }
        }
        try (History history = open()) {
            assertEquals(30, history.bounds().count());
        }
    }

    @Test
    void aBugBetweenTwoBatchesDoesNotEndTheWriter() throws Exception {
        AtomicLong asked = new AtomicLong();
        InstantSource clock = () -> {
            // the writer asks once for the batch, and then for what is too old
            if (Thread.currentThread().getName().equals("millrace-history") && asked.incrementAndGet() == 2) {
                throw new IllegalStateException("a bug");
            }
            return Instant.EPOCH;
        };
        try (FileHistory history =
                FileHistory.open(directory, new Retention(1000, 1 << 20, Duration.ZERO), clock, sunk::add)) {
            for (int i = 1; i <= 3; i++) {
                Stored stored = history.append(HistoryContract.update("id" + i)).get(10, TimeUnit.SECONDS);
                assertEquals(i, stored.sequence());
            }
        }
    }

    @Test
    void aFullDiskRefusesUntilThereIsSpaceAgain() throws IOException {
        CrashDisk disk = new CrashDisk(new Random(1));
        disk.capacity = 50_000;
        List<String> acknowledged = new ArrayList<>();
        try (FileHistory history = open(disk)) {
            String refusal = null;
            for (int i = 0; i < 10; i++) {
                try {
                    acknowledged.add(history.append(big("id" + i)).join().id());
                } catch (CompletionException full) {
                    refusal = full.getCause().getMessage();
                }
            }
            assertEquals(List.of("id0", "id1", "id2", "id3"), acknowledged);
            assertEquals(
                    "The history in a disk that crashes cannot be written (java.io.IOException: No space left on device)."
                            + " Nothing is published until it can: free space there, or mend what the disk reports.",
                    refusal);
            assertEquals(acknowledged, ids(history));
            assertEquals(acknowledged, HistoryContract.ids(sunk));
            assertEquals(6, history.stats().failed());
            disk.capacity = 1_000_000;
            assertEquals(5, history.append(big("again")).join().sequence());
        }
        acknowledged.add("again");
        try (FileHistory history = open(disk.restart(true))) {
            assertEquals(acknowledged, ids(history));
        }
    }

    @Test
    void aReadOnlyDirectoryRefusesUntilItCanBeWrittenAgain() throws IOException {
        CrashDisk disk = new CrashDisk(new Random(1));
        try (FileHistory history = open(disk)) {
            HistoryContract.append(history, "a");
            byte[] secret = history.secret();
            disk.readOnly = true;
            await(() -> history.failure() != null); // although nobody publishes
            String refusal = refusal(history, big("b"));
            assertTrue(refusal.contains("the directory is read-only"), refusal);
            assertEquals(List.of("a"), ids(history), "it can be read all the same");
            disk.readOnly = false;
            await(() -> history.failure() == null); // although nobody publishes
            assertEquals(2, HistoryContract.append(history, "c").sequence());
            assertArrayEquals(secret, history.secret(), "cursors stay good");
            disk.readOnly = true;
            assertTrue(refusal(history, big("d")).contains("read-only"), "at once");
            disk.readOnly = false;
            assertEquals(3, HistoryContract.append(history, "e").sequence(), "at once");
        }
        assertEquals(List.of("a", "c", "e"), HistoryContract.ids(sunk));
        try (FileHistory history = open(disk.restart(true))) {
            assertEquals(List.of("a", "c", "e"), ids(history), "what was refused is not there");
        }
    }

    /** Waits for what must come true. */
    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) { // the class's timeout ends it
            LockSupport.parkNanos(2_000_000);
        }
    }

    /** A slow disk holds up those who read old updates, as many as there may be, and nobody who reads new ones. */
    @Test
    void readsFromMemoryDoNotWaitBehindReadsFromTheDisk() throws Exception {
        CrashDisk disk = new CrashDisk(new Random(1));
        try (FileHistory history =
                new FileHistory(disk, HistoryContract.MUCH, InstantSource.system(), sunk::add, 30_000)) {
            for (int i = 0; i < 20; i++) {
                history.append(big("id" + i)).join();
            }
            CountDownLatch reading = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            disk.beforeRead = () -> {
                reading.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException stopped) {
                    throw new IllegalStateException(stopped);
                }
            };
            List<CompletableFuture<Page>> old = new ArrayList<>();
            for (int i = 0; i < 2 * Runtime.getRuntime().availableProcessors() + 2; i++) {
                CompletableFuture<Page> page = new CompletableFuture<>();
                Thread.ofVirtual().start(() -> page.completeAsync(() -> history.after(0, 1, 1), Runnable::run));
                old.add(page);
            }
            reading.await();
            for (int i = 0; i < 100; i++) {
                assertEquals(
                        List.of("id19"),
                        HistoryContract.ids(history.after(19, 1, 1_000).updates()));
            }
            assertEquals(21, history.append(big("more")).join().sequence(), "nor does who publishes");
            assertTrue(old.stream().noneMatch(CompletableFuture::isDone));
            goOn.countDown();
            for (CompletableFuture<Page> page : old) {
                assertEquals(List.of("id0"), HistoryContract.ids(page.join().updates()));
            }
        }
    }

    @Test
    void afterAFailedForceNothingIsTrustedThatWasNotForced() throws IOException {
        for (int seed = 0; seed < 20; seed++) {
            CrashDisk disk = new CrashDisk(new Random(seed));
            try (FileHistory history = open(disk)) {
                history.append(big("a")).join();
                disk.failingForces = 1;
                assertTrue(refusal(history, big("lost")).contains("Input/output error"));
                assertEquals(List.of("a"), ids(history));
                assertEquals(2, history.append(big("b")).join().sequence());
            }
            try (FileHistory history = open(disk.restart(true))) {
                assertEquals(List.of("a", "b"), ids(history));
            }
        }
    }

    /** The cache of the system shows the next process what the disk does not have, and a plain force leaves it so. */
    @Test
    void updatesFoundAfterAFailedForceSurviveThePowerLoss() throws IOException {
        int found = 0;
        for (int seed = 0; seed < 40; seed++) {
            CrashDisk disk = new CrashDisk(new Random(seed));
            try (FileHistory history = open(disk)) {
                history.append(big("a")).join();
                disk.failingForces = 1;
                disk.crashIn(3); // write, force, and then it is killed before it can cut the frame off
                refusal(history, big("b"));
            }
            CrashDisk afterKill = disk.restart(false);
            List<String> shown;
            try (FileHistory history = open(afterKill)) {
                shown = ids(history);
            }
            try (FileHistory history = open(afterKill.restart(true))) {
                assertEquals(shown, ids(history), "seed " + seed);
            }
            found += shown.equals(List.of("a", "b")) ? 1 : 0;
        }
        assertTrue(found > 0, "it was never found, so nothing was shown here");
    }

    @Test
    void damageIsFoundAtTheStartAndNamed() throws IOException {
        try (History history = open()) {
            for (int i = 0; i < 20; i++) {
                HistoryContract.append(history, "id" + i);
            }
        }
        Path file = directory.resolve(Segment.name(1));
        byte[] good = Files.readAllBytes(file);
        long newestFrame = good.length - (good.length - Segment.HEADER) / 20 - 5;
        Random random = new Random(1);
        for (int i = 0; i < 300; i++) {
            int at = i < Segment.HEADER ? i : random.nextInt((int) newestFrame);
            byte[] bad = good.clone();
            bad[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, bad);
            HistoryException damaged = assertThrows(HistoryException.class, this::open, "byte " + at);
            assertTrue(
                    damaged.getMessage()
                            .startsWith("The history is damaged: file " + Segment.name(1) + " in " + directory),
                    damaged.getMessage());
            assertTrue(damaged.getMessage().contains("Put the file back from a backup, or move it away"));
            assertEquals(good.length, Files.size(file), "the file was touched");
        }
        Files.write(file, good);
        try (History history = open()) {
            assertEquals(20, history.bounds().count());
        }
    }

    @Test
    void aDamagedOrMissingOlderFileIsNamedAndCanBeGivenUp() throws IOException {
        try (History history = open(new Retention(1 << 20, 1 << 20, Duration.ZERO))) {
            for (int i = 0; i < 30; i++) {
                history.append(big("id" + i)).join();
            }
        }
        List<Path> files = files();
        assertTrue(files.size() > 3, files.toString());
        byte[] bytes = Files.readAllBytes(files.get(1));
        bytes[5_000] ^= 1;
        Files.write(files.get(1), bytes);
        String message = assertThrows(HistoryException.class, this::open).getMessage();
        assertTrue(message.contains(files.get(1).getFileName().toString()), message);
        assertTrue(message.contains("all older ones are given up"), message);
        Files.delete(files.get(1));
        try (History history = open()) {
            assertEquals(
                    Segment.base(files.get(2).getFileName().toString()),
                    history.bounds().oldest());
            assertEquals("id29", history.bounds().newestId());
            assertEquals(31, HistoryContract.append(history, "x").sequence());
        }
        assertFalse(Files.exists(files.getFirst()));
    }

    /** Its numbers go to others then; so no cursor that was made of them may mean anything. */
    @Test
    void theSecretChangesWhereTheNewestFileIsMissing() throws IOException {
        Retention small = new Retention(1000, 1 << 20, Duration.ZERO);
        byte[] secret;
        long newest;
        try (FileHistory history = open(small)) {
            for (int i = 0; i < 20; i++) {
                history.append(big("a" + i)).join();
            }
            secret = history.secret();
        }
        try (FileHistory history = open(small)) {
            assertArrayEquals(secret, history.secret(), "nothing was taken away");
            newest = Files.list(directory)
                    .mapToLong(file -> Segment.base(file.getFileName().toString()))
                    .max()
                    .orElseThrow();
            assertTrue(newest > 1);
        }
        Files.delete(directory.resolve(Segment.name(newest)));
        byte[] another;
        try (FileHistory history = open(small)) {
            another = history.secret();
            assertFalse(Arrays.equals(secret, another));
            assertEquals(new Bounds(1, newest - 1, "a" + (newest - 2)), history.bounds());
            assertEquals(newest, history.append(big("b")).join().sequence());
        }
        try (FileHistory history = open(small)) {
            assertArrayEquals(another, history.secret());
            assertEquals(newest, history.bounds().newest());
        }
    }

    /** A segment that was begun in vain leaves nothing that looks like one taken away. */
    @Test
    void afterAFullDiskTheSecretStays() throws IOException {
        CrashDisk disk = new CrashDisk(new Random(1));
        byte[] secret;
        try (FileHistory history = open(disk)) {
            secret = history.secret();
            history.append(big("a")).join();
            disk.capacity = 10_500; // with room for the header of the next file, and for no update
            refusal(history, big("b"));
            refusal(history, big("c"));
        }
        disk.capacity = Long.MAX_VALUE;
        try (FileHistory history = open(disk.restart(false))) {
            assertArrayEquals(secret, history.secret());
            assertEquals(2, history.append(big("d")).join().sequence());
        }
    }

    @Test
    void aBatchThatWasNotFinishedIsCutOff() throws IOException {
        try (History history = open()) {
            HistoryContract.append(history, "a");
            HistoryContract.append(history, "b");
        }
        Path file = directory.resolve(Segment.name(1));
        byte[] whole = Files.readAllBytes(file);
        int frame = (whole.length - Segment.HEADER) / 2;
        for (int cut = 1; cut < frame; cut++) {
            Files.write(file, Arrays.copyOf(whole, whole.length - cut));
            try (History history = open()) {
                assertEquals(new Bounds(1, 1, "a"), history.bounds());
            }
            assertEquals(whole.length - frame, Files.size(file));
        }
        try (History history = open()) {
            assertEquals(2, HistoryContract.append(history, "c").sequence());
        }
    }

    /** A publisher can send whatever bytes it likes, also such as look like a frame of this very file. */
    @Test
    void noPublisherCanForgeAFrame() throws IOException {
        byte[] old;
        try (History history = open()) {
            HistoryContract.append(history, "a");
            HistoryContract.append(history, "b");
        }
        old = Files.readAllBytes(directory.resolve(Segment.name(1)));
        Files.delete(directory.resolve(Segment.name(1)));
        try (History history = open()) {
            HistoryContract.append(history, "a");
        }
        Path file = directory.resolve(Segment.name(1));
        byte[] now = Files.readAllBytes(file);
        byte[] torn = Arrays.copyOf(now, now.length + 100 + old.length);
        System.arraycopy(old, 0, torn, now.length + 100, old.length);
        Files.write(file, torn);
        try (History history = open()) {
            assertEquals(List.of("a"), ids(history));
        }
    }

    @Test
    void theFilesStayWithinAnEighthOfWhatIsKept() throws IOException {
        Retention retention = new Retention(1 << 20, 2 << 20, Duration.ZERO);
        long most = 0;
        try (History history = open(retention)) {
            Random random = new Random(1);
            for (int round = 0; round < 200; round++) {
                List<CompletableFuture<Stored>> pending = new ArrayList<>();
                for (int i = 0; i < 10; i++) {
                    pending.add(history.append(new Update(
                            round + "-" + i, List.of("t"), false, Event.of("x".repeat(random.nextInt(20_000))))));
                }
                pending.forEach(CompletableFuture::join);
                most = Math.max(
                        most,
                        files().stream().mapToLong(FileHistoryFaultTest::size).sum());
            }
            assertTrue(history.stats().bytes() > retention.maxBytes() * 9 / 10);
            List<String> kept = ids(history);
            assertEquals("199-9", kept.getLast());
            assertEquals(history.bounds().count(), kept.size());
        }
        long limit = retention.maxBytes() + retention.maxBytes() / 8 + (1 << 20) / 4;
        assertTrue(most <= limit, most + " bytes on disk, kept are " + retention.maxBytes());
    }

    @Test
    void tooMuchAtOnceIsRefusedInsteadOfFillingTheMemory() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        try (FileHistory history = FileHistory.open(directory, HistoryContract.MUCH, InstantSource.system(), update -> {
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        })) {
            String text = "x".repeat(1 << 20);
            List<CompletableFuture<Stored>> pending = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                pending.add(history.append(new Update("id" + i, List.of("t"), false, Event.of(text))));
            }
            assertEquals(
                    "More is published than the disk takes.",
                    assertThrows(
                                    CompletionException.class,
                                    () -> pending.getLast().join())
                            .getCause()
                            .getMessage());
            goOn.countDown();
            assertNull(pending.getFirst().handle((stored, failure) -> failure).join());
            long taken = pending.stream()
                    .filter(future ->
                            future.handle((stored, failure) -> failure == null).join())
                    .count();
            assertEquals(taken, history.bounds().newest());
            assertEquals(60 - taken, history.stats().failed());
        }
    }

    /** It could be published never, and the answer would be that of a disk that is behind. */
    @Test
    void oneUpdateIsTakenHoweverLargeItIs() {
        try (FileHistory history = open()) {
            String text = "x".repeat(33 << 20);
            assertEquals(
                    1,
                    history.append(new Update("id", List.of("t"), false, Event.of(text)))
                            .join()
                            .sequence());
        }
    }

    @Test
    void anUnreadableFileIsLoggedOnce() throws IOException {
        List<String> logged = Collections.synchronizedList(new ArrayList<>());
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                if (entry.getLevel().intValue() > Level.INFO.intValue()) {
                    logged.add(entry.getMessage());
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        NOISE.setLevel(Level.WARNING);
        NOISE.setUseParentHandlers(false);
        NOISE.addHandler(handler);
        try (FileHistory history = new FileHistory(
                new DirectoryDisk(directory), HistoryContract.MUCH, InstantSource.system(), sunk::add, 1)) {
            for (String id : List.of("a", "b", "c")) {
                HistoryContract.append(history, id);
            }
            Files.write(directory.resolve(Segment.name(1)), new byte[10]);
            for (int i = 0; i < 3; i++) {
                String message = assertThrows(HistoryException.class, () -> history.after(0, 10, 1_000))
                        .getMessage();
                assertTrue(message.contains("cannot be read: file " + Segment.name(1)), message);
                assertThrows(HistoryException.class, () -> history.find("a"));
            }
            assertEquals(1, logged.size(), logged.toString());
        } finally {
            NOISE.removeHandler(handler);
            NOISE.setUseParentHandlers(true);
            NOISE.setLevel(Level.OFF);
        }
    }

    /** As a web application that is deployed again while a disk of the network is away. */
    @Test
    void filesLeftOpenForAStuckDiskAreClosedWhenItAnswers() throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        CountDownLatch answers = new CountDownLatch(1);
        DirectoryDisk disk = new DirectoryDisk(directory);
        FileHistory history = new FileHistory(
                disk,
                HistoryContract.MUCH,
                InstantSource.system(),
                update -> {
                    stuck.countDown();
                    try {
                        answers.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                },
                1 << 20);
        var appended = history.append(HistoryContract.update("a"));
        stuck.await();
        history.close(Duration.ofMillis(20));
        assertTrue(assertThrows(HistoryException.class, this::open).getMessage().contains("is in use"));
        answers.countDown();
        appended.join();
        Wait.until("it can be opened again", () -> {
            try (FileHistory next = open()) {
                assertEquals(List.of("a"), ids(next));
                return true;
            } catch (HistoryException notYet) {
                return false;
            }
        });
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .sorted()
                    .toList();
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException deletedMeanwhile) {
            return 0;
        }
    }
}
