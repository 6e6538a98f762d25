package millrace.history;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import millrace.sse.Event;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link History} has to do. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
abstract class HistoryContract {
    static final Retention MUCH = new Retention(1_000_000, 1 << 30, Duration.ZERO);

    final AtomicLong now = new AtomicLong(1_800_000_000_000L);
    final List<Stored> sunk = Collections.synchronizedList(new ArrayList<>());
    private final List<History> opened = new ArrayList<>();

    /** Opens an empty history. */
    abstract History open(Retention retention, InstantSource clock, Sink sink);

    History open(Retention retention) {
        return open(retention, sunk::add);
    }

    final History open(Retention retention, Sink sink) {
        History history = open(retention, () -> java.time.Instant.ofEpochMilli(now.get()), sink);
        opened.add(history);
        return history;
    }

    @AfterEach
    void closeAll() {
        opened.forEach(History::close);
    }

    static Update update(String id) {
        return new Update(id, List.of("https://example.com/" + id), false, Event.of("data of " + id));
    }

    static Stored append(History history, String id) {
        return history.append(update(id)).join();
    }

    static List<String> ids(List<Stored> updates) {
        return updates.stream().map(Stored::id).toList();
    }

    /** Everything held, read in pages of this many. */
    static List<Stored> everything(History history, int pageSize) {
        List<Stored> all = new ArrayList<>();
        Page page;
        long from = 0;
        do {
            page = history.after(from, pageSize, Long.MAX_VALUE);
            all.addAll(page.updates());
            from = page.end();
        } while (!page.last());
        return all;
    }

    @Test
    void anEmptyHistoryHoldsNothing() {
        History history = open(MUCH);
        assertEquals(new Bounds(1, 0, null), history.bounds());
        assertEquals(0, history.bounds().count());
        assertEquals(new Page(List.of(), 0, 0, true), history.after(0, 10, 1000));
        assertEquals(OptionalLong.empty(), history.find("a"));
    }

    @Test
    void anUpdateComesBackAsItWasGiven() {
        History history = open(MUCH);
        Update given = new Update(
                "urn:ä", List.of("https://example.com/ü", "b"), true, "tick", "one\ntwo€", Duration.ofMillis(1500));
        Stored appended = history.append(given).join();
        Stored read = history.after(0, 1, 1).updates().getFirst();
        for (Stored stored : List.of(appended, sunk.getFirst(), read)) {
            assertEquals(1, stored.sequence());
            assertEquals(now.get(), stored.timeMillis());
            assertEquals("urn:ä", stored.id());
            assertEquals(List.of("https://example.com/ü", "b"), stored.topics());
            assertTrue(stored.isPrivate());
            assertEquals(
                    "event: tick\nretry: 1500\nid: urn:ä\ndata: one\ndata: two€\n\n",
                    new String(stored.event(), UTF_8));
        }
    }

    @Test
    void numbersGoFromOneWithoutGaps() {
        History history = open(MUCH);
        for (int i = 1; i <= 100; i++) {
            assertEquals(i, append(history, "id" + i).sequence());
        }
        assertEquals(new Bounds(1, 100, "id100"), history.bounds());
        assertTrue(history.bounds().holds(1));
        assertTrue(history.bounds().holds(100));
        assertFalse(history.bounds().holds(0));
        assertFalse(history.bounds().holds(101));
    }

    @Test
    void replayGoesOnAfterANumber() {
        History history = open(MUCH);
        for (int i = 1; i <= 10; i++) {
            append(history, "id" + i);
        }
        Page page = history.after(4, 3, Long.MAX_VALUE);
        assertEquals(List.of("id5", "id6", "id7"), ids(page.updates()));
        assertEquals(7, page.end());
        assertEquals(0, page.missed());
        assertFalse(page.last());
        page = history.after(7, 3, Long.MAX_VALUE);
        assertEquals(List.of("id8", "id9", "id10"), ids(page.updates()));
        assertTrue(page.last());
        assertEquals(new Page(List.of(), 0, 10, true), history.after(10, 3, Long.MAX_VALUE));
    }

    @Test
    void aNumberThatWasNeverGivenIsTheEnd() {
        History history = open(MUCH);
        append(history, "a");
        assertEquals(new Page(List.of(), 0, 1, true), history.after(99, 3, Long.MAX_VALUE));
    }

    @Test
    void aPageIsBoundedInBytesButHoldsOne() {
        History history = open(MUCH);
        long size = append(history, "id1").size();
        append(history, "id2");
        append(history, "id3");
        assertEquals(List.of("id1"), ids(history.after(0, 10, 1).updates()));
        assertEquals(List.of("id1"), ids(history.after(0, 10, 2 * size - 1).updates()));
        assertEquals(List.of("id1", "id2"), ids(history.after(0, 10, 2 * size).updates()));
    }

    @Test
    void anIdIsFoundAndOfDuplicatesTheEarliestHeld() {
        History history = open(new Retention(4, 1 << 30, Duration.ZERO));
        append(history, "a");
        append(history, "b");
        append(history, "a");
        append(history, "a");
        assertEquals(OptionalLong.of(1), history.find("a"));
        assertEquals(OptionalLong.of(2), history.find("b"));
        append(history, "c");
        assertEquals(OptionalLong.of(3), history.find("a"));
        append(history, "d");
        assertEquals(OptionalLong.empty(), history.find("b"));
        append(history, "a");
        assertEquals(OptionalLong.of(4), history.find("a"));
        append(history, "e");
        assertEquals(OptionalLong.of(7), history.find("a"));
        append(history, "f");
        append(history, "g");
        append(history, "h");
        assertEquals(OptionalLong.empty(), history.find("a"));
        assertEquals(OptionalLong.empty(), history.find(""));
    }

    @Test
    void theOldestAreDroppedByNumber() {
        History history = open(new Retention(3, 1 << 30, Duration.ZERO));
        for (int i = 1; i <= 10; i++) {
            append(history, "id" + i);
        }
        assertEquals(new Bounds(8, 10, "id10"), history.bounds());
        assertEquals(3, history.stats().events());
        Page page = history.after(2, 2, Long.MAX_VALUE);
        assertEquals(List.of("id8", "id9"), ids(page.updates()));
        assertEquals(5, page.missed());
    }

    @Test
    void theOldestAreDroppedByBytesButNotTheNewest() {
        long size = append(open(MUCH), "id1").size();
        History history = open(new Retention(1000, 3 * size, Duration.ZERO));
        for (int i = 1; i <= 5; i++) {
            append(history, "id" + i);
        }
        assertEquals(new Bounds(3, 5, "id5"), history.bounds());
        assertEquals(3 * size, history.stats().bytes());
        history.append(new Update("big", List.of("t"), false, Event.of("x".repeat(10_000))))
                .join();
        assertEquals(new Bounds(6, 6, "big"), history.bounds());
    }

    @Test
    void theOldestAreDroppedByAgeWithoutAnyAppend() {
        History history = open(new Retention(1000, 1 << 30, Duration.ofSeconds(10)));
        append(history, "a");
        now.addAndGet(6_000);
        append(history, "b");
        now.addAndGet(3_999);
        assertEquals(OptionalLong.of(1), history.find("a"));
        now.addAndGet(1);
        assertEquals(OptionalLong.empty(), history.find("a"));
        assertEquals(new Bounds(2, 2, "b"), history.bounds());
        now.addAndGet(60_000);
        assertEquals(new Page(List.of(), 1, 2, true), history.after(1, 10, Long.MAX_VALUE));
        assertEquals(new Bounds(3, 2, "b"), history.bounds());
        assertEquals(3, append(history, "c").sequence());
        assertEquals(new Bounds(3, 3, "c"), history.bounds());
    }

    @Test
    void aClockThatGoesBackDoesNotDisorderTheTimes() {
        History history = open(new Retention(1000, 1 << 30, Duration.ofSeconds(10)));
        append(history, "a");
        now.addAndGet(-5_000);
        Stored second = append(history, "b");
        assertEquals(now.get() + 5_000, second.timeMillis());
        assertEquals(2, history.bounds().count());
    }

    @Test
    void theSinkSeesAnUpdateBeforeItsPublisherIsAnswered() {
        AtomicReference<CompletableFuture<Stored>> future = new AtomicReference<>();
        AtomicReference<History> history = new AtomicReference<>();
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        history.set(open(MUCH, update -> {
            seen.add(ids(history.get().after(0, 10, 1 << 20).updates()).toString());
            seen.add(history.get().find("a").toString());
            seen.add(history.get().bounds().newestId());
            seen.add("done: " + (future.get() != null && future.get().isDone()));
        }));
        future.set(history.get().append(update("a")));
        assertEquals(1L, future.get().join().sequence());
        assertEquals(List.of("[a]", "OptionalLong[1]", "a", "done: false"), seen);
    }

    @Test
    void aSinkThatThrowsDoesNotStopTheLog() {
        List<String> calls = Collections.synchronizedList(new ArrayList<>());
        History history = open(MUCH, update -> {
            calls.add(update.id());
            if (update.id().equals("a")) {
                throw new StackOverflowError("on purpose");
            }
        });
        assertEquals(1, append(history, "a").sequence());
        assertEquals(2, append(history, "b").sequence());
        assertEquals(List.of("a", "b"), calls);
        assertEquals(2, history.bounds().count());
    }

    @Test
    void manyPublishersMakeOneOrderAndEachKeepsItsOwn() throws Exception {
        int publishers = 16;
        int each = 200;
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger together = new AtomicInteger();
        History history = open(MUCH, update -> {
            together.accumulateAndGet(inside.incrementAndGet(), Math::max);
            sunk.add(update);
            inside.decrementAndGet();
        });
        List<Thread> threads = new ArrayList<>();
        ConcurrentHashMap<String, Long> acknowledged = new ConcurrentHashMap<>();
        for (int p = 0; p < publishers; p++) {
            int publisher = p;
            threads.add(Thread.ofVirtual().start(() -> {
                List<CompletableFuture<Stored>> pending = new ArrayList<>();
                for (int i = 0; i < each; i++) {
                    pending.add(history.append(update(publisher + "-" + i)));
                }
                pending.forEach(future ->
                        acknowledged.put(future.join().id(), future.join().sequence()));
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(1, together.get());
        assertEquals(
                LongStream.rangeClosed(1, publishers * each).boxed().toList(),
                sunk.stream().map(Stored::sequence).toList());
        assertEquals(ids(sunk), ids(everything(history, 77)));
        assertEquals(publishers * each, acknowledged.size());
        for (int p = 0; p < publishers; p++) {
            long before = 0;
            for (int i = 0; i < each; i++) {
                long sequence = acknowledged.get(p + "-" + i);
                assertEquals(p + "-" + i, sunk.get((int) sequence - 1).id());
                assertTrue(sequence > before, "update " + i + " of publisher " + p + " came before its predecessor");
                before = sequence;
            }
        }
    }

    /** The way in which the hub joins replay and live delivery, against full speed publishing and dropping. */
    @Test
    void replayJoinsTheLiveUpdatesWithoutGapAndWithoutRepetition() throws Exception {
        int readers = 8;
        int total = 5_000;
        List<List<Stored>> live = new ArrayList<>();
        for (int r = 0; r < readers; r++) {
            live.add(null);
        }
        Object gate = new Object();
        History history = open(new Retention(2_000, 1 << 30, Duration.ZERO), update -> {
            synchronized (gate) {
                for (List<Stored> subscriber : live) {
                    if (subscriber != null) {
                        subscriber.add(update);
                    }
                }
            }
        });
        CountDownLatch half = new CountDownLatch(total / 5);
        Thread publisher = Thread.ofVirtual().start(() -> {
            CompletableFuture<Stored> last = new CompletableFuture<>();
            for (int i = 0; i < total; i++) {
                last = history.append(update("id" + i));
                if (i % 50 == 0) {
                    last.join();
                }
                half.countDown();
            }
            last.join();
        });
        half.await();
        List<Long> starts = new ArrayList<>();
        List<Long> ends = new ArrayList<>();
        for (int r = 0; r < readers; r++) {
            synchronized (gate) {
                live.set(r, new ArrayList<>());
            }
            starts.add(history.bounds().newest());
            long at = 0;
            Page page;
            do {
                page = history.after(at, 64, 1 << 20);
                at += page.missed();
                for (Stored update : page.updates()) {
                    assertEquals(++at, update.sequence());
                }
                assertEquals(at, page.end());
            } while (!page.last());
            ends.add(at);
        }
        publisher.join();
        for (int r = 0; r < readers; r++) {
            long end = ends.get(r);
            assertTrue(end >= starts.get(r), "replay ended before what was there when it began");
            assertEquals(
                    LongStream.rangeClosed(end + 1, total).boxed().toList(),
                    live.get(r).stream()
                            .map(Stored::sequence)
                            .filter(sequence -> sequence > end)
                            .toList());
        }
    }

    @Test
    void anInterruptOfTheCallerHarmsNothing() {
        History history = open(MUCH);
        for (int i = 1; i <= 50; i++) {
            Thread.currentThread().interrupt();
            CompletableFuture<Stored> future = history.append(update("id" + i));
            history.after(0, 10, 1000);
            history.find("id1");
            assertTrue(Thread.interrupted());
            assertEquals(i, future.join().sequence());
        }
        assertEquals(50, everything(history, 7).size());
    }

    @Test
    void aClosedHistoryRefusesAndMayBeClosedAgain() {
        History history = open(MUCH);
        append(history, "a");
        history.close();
        history.close();
        CompletionException refused = assertThrows(CompletionException.class, () -> append(history, "b"));
        assertInstanceOf(HistoryException.class, refused.getCause());
        assertThrows(HistoryException.class, () -> history.after(0, 1, 1));
        assertThrows(HistoryException.class, () -> history.find("a"));
        assertEquals(List.of("a"), ids(sunk));
    }

    @Test
    void updatesAppendedBeforeTheCloseAreFinished() {
        History history = open(MUCH);
        List<CompletableFuture<Stored>> pending = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            pending.add(history.append(update("id" + i)));
        }
        history.close();
        for (int i = 0; i < 500; i++) {
            assertEquals(i + 1, pending.get(i).join().sequence());
        }
        assertEquals(500, sunk.size());
    }

    @Test
    void illegalUpdatesCannotBeBuilt() {
        assertThrows(IllegalArgumentException.class, () -> update(""));
        assertThrows(IllegalArgumentException.class, () -> update("a\nid: b"));
        assertThrows(IllegalArgumentException.class, () -> new Update("a", List.of(), false, Event.of("x")));
        assertNull(
                new Update("a", List.of("t"), false, null, null, null).event().data());
    }

    @Test
    void theStatisticsCount() {
        History history = open(new Retention(3, 1 << 30, Duration.ZERO));
        for (int i = 1; i <= 5; i++) {
            append(history, "id" + i);
        }
        History.Stats stats = history.stats();
        assertEquals(3, stats.events());
        assertEquals(5, stats.appended());
        assertEquals(0, stats.failed());
    }
}
