package millrace.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import java.time.Duration;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import millrace.auth.Dialect;
import millrace.auth.Grant;
import millrace.auth.Principal;
import millrace.auth.View;
import millrace.config.Config;
import millrace.harness.Wait;
import millrace.history.Stored;
import millrace.history.Update;
import millrace.log.CloseReason;
import millrace.metrics.Metrics;
import millrace.stream.EventStream;
import millrace.stream.PlayedReader;
import millrace.stream.PlayedReader.Received;
import millrace.stream.StreamEngine;
import millrace.stream.StreamOptions;
import millrace.topic.Selector;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The hub on a real engine, with played clients and a played history. */
class HubTest {

    private static final Principal ANYBODY = new Principal(null, Dialect.V0, true, List.of(), null, null);

    private final StreamEngine engine = new StreamEngine(config(), new Metrics());
    private PlayedHistory history;
    private Hub hub = newHub(100_000);

    private static final Logger NOISE = Logger.getLogger("millrace");

    @BeforeAll
    static void quiet() {
        NOISE.setLevel(Level.OFF);
    }

    @AfterAll
    static void loud() {
        NOISE.setLevel(null);
    }

    private static Config config() {
        Properties properties = new Properties();
        properties.setProperty("millrace.drain-time", "0s");
        properties.setProperty("millrace.hub.channel-events", "800");
        properties.setProperty("millrace.hub.checkpoint", "id"); // no event between those that are counted
        return Config.load(properties, Map.of(), Map.of());
    }

    private Hub newHub(int historyEvents) {
        return new Hub(config(), engine, new Metrics(), sink -> {
            history = new PlayedHistory(sink, historyEvents);
            return history;
        });
    }

    @AfterEach
    void close() {
        engine.close();
        hub.close();
    }

    @Test
    void aPublisherGetsItsAnswerWhenTheDrainersAreNotFarBehind() throws Exception {
        PlayedReader reader = subscribe(null, ANYBODY, "n");
        List<CompletableFuture<Stored>> answers = new ArrayList<>();
        synchronized (reader) { // its drainer waits in isReady()
            for (int i = 0; i < 200; i++) {
                answers.add(hub.publish(new Update("urn:" + i, List.of("n"), false, null, "" + i, null)));
            }
            assertTrue(answers.getFirst().isDone());
            assertFalse(answers.getLast().isDone());
        }
        assertEquals("urn:199", answers.getLast().get(10, TimeUnit.SECONDS).id());
        reader.awaitData("199");
    }

    // ---- routing ----

    @Test
    void anUpdateReachesWhoSelectedItAndNobodyElse() throws Exception {
        PlayedReader books = subscribe(null, ANYBODY, "books/1");
        PlayedReader films = subscribe(null, ANYBODY, "films/1");
        PlayedReader all = subscribe(null, ANYBODY, "*");
        publish("books/1", "a");
        publish("films/1", "b");
        publish("neither", "end");
        all.awaitData("end");
        books.awaitData("a");
        films.awaitData("b");
        assertEquals(List.of("a"), books.data());
        assertEquals(List.of("b"), films.data());
        assertEquals(List.of("a", "b", "end"), all.data());
    }

    @Test
    void subscribersWithEqualSelectorsAndViewsShareAChannelThatLivesAsLongAsTheyDo() throws Exception {
        PlayedReader one = subscribe(null, ANYBODY, "a", "b");
        PlayedReader two = subscribe(null, ANYBODY, "b", "a");
        awaitChannels(1);
        PlayedReader other = subscribe(null, mayRead("a"), "a", "b");
        awaitChannels(2);
        one.leave();
        publish("a", "still");
        two.awaitData("still");
        two.leave();
        other.leave();
        awaitChannels(0);
        assertEquals(0, hub.distinctPatterns());
    }

    @Test
    void aPrivateUpdateReachesOnlyWhomAGrantCoversLiveAndInReplay() throws Exception {
        PlayedReader anybody = subscribe(null, ANYBODY, "orders");
        PlayedReader granted = subscribe(null, mayRead("user/7"), "orders");
        publish("orders", "public 1");
        hub.publish(new Update("urn:x:1", List.of("orders", "user/7"), true, null, "private", null))
                .join();
        publish("orders", "public 2");
        anybody.awaitData("public 2");
        granted.awaitData("public 2");
        assertEquals(List.of("public 1", "public 2"), anybody.data());
        assertEquals(List.of("public 1", "private", "public 2"), granted.data());
        PlayedReader later = subscribe("earliest", ANYBODY, "orders");
        PlayedReader laterGranted = subscribe("earliest", mayRead("user/{id}"), "orders");
        later.awaitData("public 2");
        laterGranted.awaitData("public 2");
        assertEquals(List.of("public 1", "public 2"), later.data());
        assertEquals(List.of("public 1", "private", "public 2"), laterGranted.data());
    }

    /** Who leaves is not there at once: nobody waits for that. */
    private void awaitChannels(int count) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (hub.channelCount() != count && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(1_000_000);
        }
        assertEquals(count, hub.channelCount());
    }

    // ---- replay and joining ----

    @Test
    void aSubscriberThatComesBackGetsWhatItMissedAndThenWhatComesOnce() throws Exception {
        List<String> ids = publishNumbers(0, 500);
        PlayedReader reader = subscribe(ids.get(99), ANYBODY, "n");
        publishNumbers(500, 600);
        reader.awaitData("599");
        assertNumbers(100, 600, reader);
    }

    @Test
    void updatesPublishedDuringAReplayComeOnceAndInOrder() throws Exception {
        for (int more = 1; more <= 3; more++) {
            hub = newHub(100_000);
            publishNumbers(0, 450);
            AtomicInteger next = new AtomicInteger(450);
            AtomicBoolean over = new AtomicBoolean();
            int perPage = more;
            history.beforePage = after -> {
                synchronized (next) {
                    for (int i = 0; i < perPage && !over.get() && next.get() < 1000; i++) {
                        publish("n", Integer.toString(next.getAndIncrement()));
                    }
                }
            };
            PlayedReader reader = subscribe("earliest", ANYBODY, "n");
            reader.awaitData("449");
            int end;
            synchronized (next) {
                over.set(true);
                end = next.get();
            }
            publishNumbers(end, end + 50);
            reader.awaitData(Integer.toString(end + 49));
            assertNumbers(0, end + 50, reader);
        }
    }

    /** The history shows an update before its channels have it: it must not come out of both. */
    @Test
    void anUpdateVisibleInTheHistoryBeforeItsDeliveryComesOnce() throws Exception {
        publishNumbers(0, 300);
        history.holdDelivery();
        publishNumbers(300, 310);
        PlayedReader reader = subscribe("earliest", ANYBODY, "n");
        reader.awaitData("299");
        PlayedReader live = subscribe(null, ANYBODY, "n");
        history.deliverHeld();
        reader.awaitData("309");
        live.awaitData("309");
        assertNumbers(0, 310, reader);
        assertNumbers(300, 310, live);
    }

    /** A publisher may have told the id that it chose before the channels have the update. */
    @Test
    void aCursorThatNamesWhatTheChannelsDoNotHaveYetDoesNotGetItAgain() throws Exception {
        publishNumbers(0, 3);
        history.holdDelivery();
        List<String> ids = publishNumbers(3, 6);
        PlayedReader reader = subscribe(ids.get(1), ANYBODY, "n");
        PlayedReader live = subscribe(null, ANYBODY, "n");
        history.deliverHeld();
        publishNumbers(6, 8);
        reader.awaitData("7");
        assertNumbers(5, 8, reader);
        live.awaitData("7");
        assertNumbers(3, 8, live);
    }

    @Test
    void aCursorThatNamesWhatIsPublishedJustNowIsKnown() throws Exception {
        publishNumbers(0, 3);
        history.beforeFind = () -> publish("n", "3");
        Position position = hub.position("urn:test:n:3", View.PUBLIC);
        assertEquals("urn:test:n:3", position.precedingId());
        assertEquals(4, Place.sequence(position.after()));
    }

    /** As where there is no memory left: its channel lacks an update, and has it read from the history. */
    @Test
    void anUpdateThatAChannelCouldNotTakeIsReadFromTheHistory() throws Exception {
        PlayedReader reader = subscribe(null, ANYBODY, "n");
        publishNumbers(0, 3);
        reader.awaitData("2");
        history.failing = true;
        publishNumbers(3, 4);
        history.failing = false;
        reader.awaitData("3");
        publishNumbers(4, 6);
        reader.awaitData("5");
        assertNumbers(0, 6, reader);
        PlayedReader fresh = subscribe("earliest", ANYBODY, "n");
        fresh.awaitData("5");
        assertNumbers(0, 6, fresh);
    }

    /** The drainer is in the middle of a write to the reader when its channel lacks an update. */
    @Test
    void aDrainerThatIsAtWorkWhenAnUpdateCannotBeTakenSkipsNone() throws Exception {
        for (int before = 0; before < 3; before++) {
            PlayedReader reader = subscribe(null, ANYBODY, "n" + before);
            PlayedReader other = subscribe(null, ANYBODY, "*");
            awaitChannels(2); // both have joined
            int first = before * 10;
            synchronized (reader) { // its drainer waits in isReady()
                for (int i = 0; i < 8; i++) {
                    history.failing = i == before + 1;
                    hub.publish(new Update("urn:" + (first + i), List.of("n" + before), false, null, "" + i, null));
                }
                history.failing = false;
            }
            reader.awaitData("7");
            other.awaitData("7");
            assertNumbers(0, 8, reader);
            assertNumbers(0, 8, other);
            reader.leave();
            other.leave();
            awaitChannels(0);
        }
    }

    @Test
    void aReplayThatFailsForWhateverReasonEndsItsStream() throws Exception {
        publishNumbers(0, 3);
        history.beforePage = after -> {
            throw new IllegalStateException("a bug");
        };
        PlayedReader reader = subscribe("earliest", ANYBODY, "n");
        assertEquals(CloseReason.FAILED, reader.awaitEnd());
    }

    /** Between the moment when it is asked what a cursor means and the moment when the stream is open. */
    @Test
    void anUpdatePublishedWhileTheStreamOpensIsNotMissed() throws Exception {
        Subscription subscription = subscription(ANYBODY, "n");
        Position position = hub.position(null, subscription.view());
        publishNumbers(0, 3);
        PlayedReader reader = open(subscription, ANYBODY, position);
        publishNumbers(3, 6);
        reader.awaitData("5");
        assertNumbers(0, 6, reader);
    }

    @Test
    void noUpdateIsLostOrRepeatedWhileManyJoinAndLeaveAndPublishersGoOn() throws Exception {
        var publishing = new AtomicBoolean(true);
        List<String> ids = publishNumbers(0, 50);
        Thread publisher = Thread.ofVirtual().start(() -> {
            for (int i = 50; publishing.get(); i++) {
                ids.add(publish("n", Integer.toString(i)));
                if (i % 16 == 0) {
                    LockSupport.parkNanos(500_000); // the history must hold all of it until the test has read it
                }
            }
        });
        Random random = new Random(7);
        for (int round = 0; round < 60; round++) {
            List<PlayedReader> readers = new ArrayList<>();
            List<Integer> froms = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                int from = random.nextInt(ids.size() - 1);
                froms.add(from);
                readers.add(subscribe(ids.get(from), ANYBODY, "n"));
            }
            int goal = ids.size() + 20;
            for (int i = 0; i < readers.size(); i++) {
                PlayedReader reader = readers.get(i);
                int from = froms.get(i) + 1;
                reader.await(it -> it.data().size() >= goal - from, "number " + goal);
                reader.leave();
                assertNumbers(from, from + reader.data().size(), reader);
            }
        }
        publishing.set(false);
        publisher.join();
        awaitChannels(0);
    }

    /** The last one leaves a channel while the next one joins it: what is published then reaches the one who joined. */
    @Test
    void aReaderThatJoinsWhileTheLastOneLeavesIsServed() throws Exception {
        PlayedReader before = subscribe(null, ANYBODY, "n");
        for (int round = 0; round < 300; round++) {
            PlayedReader leaving = before;
            Thread leaves = Thread.ofPlatform().start(() -> {
                try {
                    leaving.leave();
                } catch (InterruptedException stopped) {
                    Thread.currentThread().interrupt();
                }
            });
            before = subscribe(null, ANYBODY, "n");
            String text = "round " + round;
            publish("n", text);
            before.awaitData(text);
            leaves.join();
        }
        before.leave();
        awaitChannels(0);
    }

    @Test
    void aSlowReaderIsServedFromTheHistoryHoweverMuchIsPublishedMeanwhile() throws Exception {
        publishNumbers(0, 10_000); // more than its window takes
        Subscription subscription = subscription(ANYBODY, "n");
        PlayedReader reader = PlayedReader.openHeld(
                engine,
                options(),
                stream -> hub.subscribe(
                        stream, subscription, List.of(), ANYBODY, hub.position("earliest", View.PUBLIC), false));
        publishNumbers(10_000, 30_000); // more than a channel holds
        reader.goOn();
        reader.awaitData("29999");
        assertNumbers(0, 30_000, reader);
    }

    @Test
    void aReaderThatFallsBehindItsChannelGoesOnFromTheHistoryOnTheSameConnection() throws Exception {
        PlayedReader slow = subscribe(null, ANYBODY, "n");
        PlayedReader fast = subscribe(null, ANYBODY, "n");
        publish("n", "first");
        slow.awaitData("first");
        slow.hold();
        for (int i = 0; i < 30_000; i++) { // a channel holds 800
            publish("n", Integer.toString(i));
            if (i % 1_000 == 999) {
                fast.awaitData(Integer.toString(i)); // the test is about the slow one
            }
        }
        slow.goOn();
        slow.awaitData("29999");
        publish("n", "last");
        slow.awaitData("last");
        fast.awaitData("last");
        List<String> expected = new ArrayList<>(List.of("first"));
        expected.addAll(numbers(0, 30_000));
        expected.add("last");
        assertSame(expected, slow.data());
        assertSame(expected, fast.data());
    }

    @Test
    void aReaderThatIsFartherBehindThanTheHistoryReachesIsToldByAGapAndGoesOn() throws Exception {
        hub = newHub(1_000);
        PlayedReader slow = subscribe(null, ANYBODY, "n");
        publish("n", "first");
        slow.awaitData("first");
        slow.hold();
        publishNumbers(0, 5_000);
        slow.goOn();
        slow.awaitData("4999");
        publish("n", "last");
        slow.awaitData("last");
        List<Received> gaps = slow.received().stream()
                .filter(event -> event.type().equals("gap"))
                .toList();
        assertEquals(1, gaps.size());
        int firstKept = 4_000;
        int before = slow.data().size() - 1_001;
        List<String> expected = new ArrayList<>(List.of("first"));
        expected.addAll(numbers(0, before - 1)); // what was on its way when the client stopped to read
        expected.addAll(numbers(firstKept, 5_000));
        expected.add("last");
        assertSame(expected, slow.data());
    }

    /** The pages that slow readers read have a budget, and readers that stand still pin nothing. */
    @Test
    void manySlowReadersAtDifferentPlacesGetEverythingOutOfASmallBudget() throws Exception {
        Properties settings = new Properties();
        settings.setProperty("millrace.hub.channel-events", "64");
        settings.setProperty("millrace.hub.backlog-bytes", "64k");
        settings.setProperty("millrace.hub.checkpoint", "off");
        hub.close();
        hub = new Hub(Config.load(settings, Map.of(), Map.of()), engine, new Metrics(), sink -> {
            history = new PlayedHistory(sink, 100_000);
            return history;
        });
        List<PlayedReader> readers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            readers.add(subscribe(i == 0 ? null : "urn:test:n:" + (i * 100 - 1), ANYBODY, "n"));
            if (i % 3 == 0) {
                readers.get(i).hold();
            }
            publishNumbers(i * 100, i * 100 + 100);
        }
        publishNumbers(2_000, 4_000);
        for (PlayedReader reader : readers) {
            reader.goOn();
        }
        for (int i = 0; i < 20; i++) {
            readers.get(i).awaitData("3999");
            assertNumbers(i * 100, 4_000, readers.get(i));
        }
        assertTrue(hub.backlogBytes() <= 64 << 10, "bytes: " + hub.backlogBytes());
    }

    // ---- cursors ----

    @Test
    void theLagIsWhatTheSlowestReaderHasNotHad() throws Exception {
        var metrics = new Metrics();
        hub.close();
        hub = new Hub(config(), engine, metrics, sink -> {
            history = new PlayedHistory(sink, 1000);
            return history;
        });
        PlayedReader slow = subscribe(null, ANYBODY, "n");
        PlayedReader quick = subscribe(null, ANYBODY, "n");
        slow.await(it -> it.lastEventId().startsWith("#"), "a cursor");
        slow.hold();
        publishNumbers(0, 10);
        quick.awaitData("9");
        double events = gauge(metrics, "millrace_hub_lag_events");
        assertTrue(events >= 9 && events <= 10, "events: " + events); // a write may have been on its way
        double bytes = gauge(metrics, "millrace_hub_lag_bytes");
        assertTrue(bytes > 9 * 10 && bytes < 2 * 1024, "bytes: " + bytes); // pages begin with a kilobyte
        slow.goOn();
        slow.awaitData("9");
        Wait.until("the lag is over", () -> gauge(metrics, "millrace_hub_lag_events") == 0);
        assertEquals(0, gauge(metrics, "millrace_hub_lag_events"), "though nothing was published since");
        assertEquals(0, gauge(metrics, "millrace_hub_lag_bytes"));
    }

    @Test
    void memoryIsFreedWhenASlowReaderCatchesUpInSilence() throws Exception {
        PlayedReader slow = subscribe(null, ANYBODY, "n");
        slow.await(it -> it.lastEventId().startsWith("#"), "a cursor");
        slow.hold();
        publishNumbers(0, 10);
        slow.goOn();
        slow.awaitData("9");
        var log = hub.channels().iterator().next().channel.log();
        Wait.until("nothing is held", () -> log.heldBytes() == 0);
    }

    private static double gauge(Metrics metrics, String name) {
        var found = metrics.registry().scrape(name::equals).stream()
                .filter(GaugeSnapshot.class::isInstance)
                .map(GaugeSnapshot.class::cast)
                .findFirst()
                .orElseThrow();
        return found.getDataPoints().getFirst().getValue();
    }

    @Test
    void anUnknownCursorIsToldByAGapAndEverythingHeldFollows() throws Exception {
        publishNumbers(0, 3);
        PlayedReader reader = subscribe("urn:uuid:unknown", ANYBODY, "n");
        reader.awaitData("2");
        Received gap = reader.received().getFirst();
        assertEquals("gap", gap.type());
        assertEquals("{\"requested\":\"urn:uuid:unknown\",\"continues_after\":\"" + gap.id() + "\"}", gap.data());
        assertNumbers(0, 3, reader);
        assertEquals("earliest", hub.position("urn:uuid:unknown", View.PUBLIC).precedingId());
        // the id of the gap is a cursor itself
        PlayedReader back = subscribe(gap.id(), ANYBODY, "n");
        back.awaitData("2");
        assertNumbers(0, 3, back);
        assertEquals("message", back.received().getFirst().type());
    }

    /** It would be held for each reader that takes its time. */
    @Test
    void aGapRepeatsNoMoreOfACursorThanAnIdMayHave() throws Exception {
        publishNumbers(0, 1);
        String smile = Character.toString(0x1F600);
        for (String cursor : List.of("x".repeat(1 << 20), "x" + smile.repeat(1 << 10))) {
            PlayedReader reader = subscribe(cursor, ANYBODY, "n");
            reader.awaitData("0");
            String gap = reader.received().getFirst().data();
            String repeated = gap.substring(14, gap.indexOf('"', 14));
            assertTrue(repeated.length() > 100 && repeated.length() <= 128, repeated);
            assertTrue(cursor.startsWith(repeated), repeated);
        }
    }

    @Test
    void aCursorThatTheHistoryHasDroppedIsToldByAGap() throws Exception {
        hub = newHub(10);
        List<String> ids = publishNumbers(0, 30);
        PlayedReader reader = subscribe(ids.get(4), ANYBODY, "n");
        reader.awaitData("29");
        assertEquals("gap", reader.received().getFirst().type());
        assertNumbers(20, 30, reader);
    }

    /** The update itself is dropped, but nothing that came after it. */
    @Test
    void anOpaqueCursorIsGoodAsLongAsEverythingAfterItIsHeld() throws Exception {
        hub = newHub(10);
        publishNumbers(0, 20);
        String now = hub.opaqueCursor();
        publishNumbers(20, 30);
        PlayedReader reader = subscribe(now, ANYBODY, "n");
        reader.awaitData("29");
        assertNumbers(20, 30, reader);
        publishNumbers(30, 31);
        PlayedReader late = subscribe(now, ANYBODY, "n");
        late.awaitData("30");
        assertEquals("gap", late.received().getFirst().type());
    }

    /** As many updates as a page has are dropped while a replay stands before them. */
    @Test
    void updatesDroppedDuringAReplayAreToldByAGap() throws Exception {
        hub = newHub(1_000);
        publishNumbers(0, 1_000);
        AtomicBoolean once = new AtomicBoolean();
        history.beforePage = after -> {
            if (after == 300 && once.compareAndSet(false, true)) {
                publishNumbers(1_000, 1_500);
            }
        };
        PlayedReader reader = subscribe("earliest", ANYBODY, "n");
        reader.awaitData("1499");
        List<String> expected = new ArrayList<>(numbers(0, 300));
        expected.addAll(numbers(500, 1_500));
        assertSame(expected, reader.data());
        assertEquals("gap", reader.received().get(300).type());
    }

    @Test
    void aCursorOfAnIdUsedTwiceGoesOnAfterItsFirstHolder() throws Exception {
        for (String data : List.of("0", "1", "2")) {
            hub.publish(new Update(data.equals("1") ? "other" : "same", List.of("n"), false, null, data, null))
                    .join();
        }
        PlayedReader reader = subscribe("same", ANYBODY, "n");
        reader.awaitData("2");
        assertEquals(List.of("1", "2"), reader.data());
    }

    @Test
    void anOpaqueCursorOfAnotherHistoryOrAChangedOneIsUnknown() throws Exception {
        publishNumbers(0, 3);
        String cursor = hub.opaqueCursor();
        char[] changed = cursor.toCharArray();
        changed[5] = changed[5] == 'A' ? 'B' : 'A';
        assertEquals(cursor, hub.position(cursor, View.PUBLIC).precedingId());
        assertEquals("earliest", hub.position(new String(changed), View.PUBLIC).precedingId());
        hub = newHub(100);
        publishNumbers(0, 3);
        assertEquals("earliest", hub.position(cursor, View.PUBLIC).precedingId());
    }

    @Test
    void theIdOfAnUpdateThatAReaderMayNotSeeIsNotTold() {
        hub.publish(new Update("urn:secret:1", List.of("n"), true, null, "x", null))
                .join();
        View granted = mayRead("n").view();
        assertEquals("urn:secret:1", hub.newestCursor(granted));
        assertTrue(hub.newestCursor(View.PUBLIC).matches("#[A-Za-z0-9_-]{22}"), hub.newestCursor(View.PUBLIC));
        assertEquals(
                hub.newestCursor(View.PUBLIC), hub.position("", View.PUBLIC).precedingId());
    }

    /** As after a start beside a process that still had the history. */
    @Test
    void streamsFromBeforeTheHistoryOpenedEndAndComeBackToAGap() throws Exception {
        PlayedReader early = subscribe(null, ANYBODY, "n");
        early.await(it -> it.lastEventId().startsWith("#"), "a cursor");
        String foreign = "urn:foreign:";
        history.openLate(
                new Update(foreign + 0, List.of("n"), false, null, "0", null),
                new Update(foreign + 1, List.of("n"), false, null, "1", null));
        early.awaitEnd();
        PlayedReader live = subscribe(null, ANYBODY, "n");
        PlayedReader back = subscribe(early.lastEventId(), ANYBODY, "n");
        PlayedReader of = subscribe(foreign + 0, ANYBODY, "n");
        publish("n", "2");
        back.awaitData("2");
        assertEquals("gap", back.received().getFirst().type());
        assertEquals(List.of("0", "1", "2"), back.data());
        of.awaitData("2");
        assertEquals(List.of("1", "2"), of.data());
        live.awaitData("2");
        assertEquals(List.of("2"), live.data());
    }

    @Test
    void publishersThatWaitWhenTheHubEndsAreAnswered() throws Exception {
        history.getStuck();
        Map<String, String> answers = new ConcurrentHashMap<>();
        CountDownLatch taken = new CountDownLatch(1);
        for (String name : List.of("first", "second")) {
            var published = hub.publish(new Update("urn:x:" + name, List.of("n"), false, null, "x", null));
            hub.answer(published, (stored, failure) -> {
                try {
                    taken.await(); // a client that takes its time
                } catch (InterruptedException stopped) {
                    answers.put(name, "interrupted");
                }
                answers.putIfAbsent(name, stored != null ? stored.id() : "failed");
            });
        }
        engine.close();
        assertEquals(Map.of(), answers);
        Thread closing = Thread.ofPlatform().start(hub::close);
        Wait.until(
                "the end waits for them",
                () -> closing.getState() == Thread.State.WAITING || closing.getState() == Thread.State.TIMED_WAITING);
        assertEquals(Map.of(), answers);
        taken.countDown();
        closing.join();
        assertEquals(Map.of("first", "urn:durable", "second", "failed"), answers);
    }

    @Test
    void aSubscriberHasACursorBeforeItsFirstEvent() throws Exception {
        publishNumbers(0, 5);
        PlayedReader reader = subscribe(null, ANYBODY, "n");
        reader.await(it -> it.lastEventId().startsWith("#"), "a cursor");
        reader.leave();
        publishNumbers(5, 8);
        PlayedReader back = subscribe(reader.lastEventId(), ANYBODY, "n");
        back.awaitData("7");
        assertNumbers(5, 8, back);
    }

    @Test
    void aQuietSubscriberGetsACheckpointWithItsHeartbeatAndMissesNothingByIt() throws Exception {
        PlayedReader reader = subscribe(null, ANYBODY, "n");
        reader.await(it -> it.lastEventId().startsWith("#"), "a cursor");
        String first = reader.lastEventId();
        for (int i = 0; i < 20; i++) {
            publish("elsewhere", "x");
            String now = hub.opaqueCursor();
            reader.await(it -> it.lastEventId().equals(now), "the checkpoint");
        }
        assertNotEquals(first, reader.lastEventId());
        assertTrue(reader.data().isEmpty());
        // what it has not read is never skipped by one
        reader.hold();
        publish("n", "not read");
        publish("elsewhere", "y");
        PlayedReader other = subscribe(null, ANYBODY, "o");
        for (int i = 0; i < 3; i++) { // several heartbeats
            publish("elsewhere", "z");
            String now = hub.opaqueCursor();
            other.await(it -> it.lastEventId().equals(now), "a checkpoint");
        }
        String held = reader.lastEventId();
        reader.leave();
        PlayedReader back = subscribe(held, ANYBODY, "n");
        back.awaitData("not read");
    }

    @Test
    void checkpointsComeInTheFormThatTheSettingSays() throws Exception {
        checkpoint("event", false, true);
        checkpoint("event", true, true);
        checkpoint("off", false, false);
        checkpoint("off", true, false);
        checkpoint("auto", false, false);
        checkpoint("auto", true, true);
    }

    private void checkpoint(String how, boolean dispatchesByType, boolean expected) throws Exception {
        hub.close();
        Properties properties = new Properties();
        properties.setProperty("millrace.hub.checkpoint", how);
        hub = new Hub(Config.load(properties, Map.of(), Map.of()), engine, new Metrics(), sink -> {
            history = new PlayedHistory(sink, 1000);
            return history;
        });
        Subscription subscription = subscription(ANYBODY, "n");
        Subscriber subscriber = new Subscriber(hub, subscription, List.of(), ANYBODY, dispatchesByType);
        AtomicReference<EventStream> stream = new AtomicReference<>();
        PlayedReader.openHeld(engine, options(), opening -> {
            stream.set(opening);
            hub.join(opening, subscriber, hub.position(null, View.PUBLIC));
        });
        publish("elsewhere", "x");
        assertEquals(
                expected ? "event: checkpoint\nid: " + hub.opaqueCursor() + "\ndata: {}\n\n" : ":\n",
                new String(subscriber.bytes(stream.get()), UTF_8));
        assertEquals(":\n", new String(subscriber.bytes(stream.get()), UTF_8), "told once");
    }

    /** A drainer asks for the heartbeat in silence, but an update may come in just then. */
    @Test
    void aCheckpointIsNeverNewerThanWhatWasWritten() throws Exception {
        Subscription subscription = subscription(ANYBODY, "n");
        Subscriber subscriber = new Subscriber(hub, subscription, List.of(), ANYBODY, false);
        AtomicReference<EventStream> stream = new AtomicReference<>();
        PlayedReader reader = PlayedReader.openHeld(engine, options(), opening -> {
            stream.set(opening);
            hub.join(opening, subscriber, hub.position(null, View.PUBLIC));
        });
        publish("n", "not written");
        publish("elsewhere", "x");
        assertEquals(":\n", new String(subscriber.bytes(stream.get()), UTF_8));
        reader.goOn();
        reader.awaitData("not written");
        reader.await(
                it -> new String(subscriber.bytes(stream.get()), UTF_8).equals("id: " + hub.opaqueCursor() + "\n\n"),
                "a checkpoint, now that it is written");
    }

    // ---- presence ----

    @Test
    void presenceIsToldLiveToPermittedReadersAndNotStored() throws Exception {
        String everybody = "/.well-known/mercure/subscriptions{/topic}{/subscriber}";
        PlayedReader granted = subscribe(null, mayRead(everybody), everybody);
        PlayedReader stranger = subscribe(null, ANYBODY, everybody);
        granted.await(it -> it.data().size() == 2, "itself and the stranger");
        PlayedReader reader = subscribe(null, ANYBODY, "a b/1");
        granted.await(it -> it.data().size() == 3, "the third");
        String came = granted.data().get(2);
        assertTrue(came.contains("\"active\":true"), came);
        assertTrue(came.contains("\"id\":\"/.well-known/mercure/subscriptions/a%20b%2F1/urn%3Auuid%3A"), came);
        assertTrue(hub.presence()
                .collection(new Presence.Filter(null, "a b/1", null), Dialect.V0, "x")
                .contains("\"topic\":\"a b/1\""));
        reader.leave();
        granted.await(it -> it.data().size() == 4, "the end of the third");
        assertTrue(granted.data().get(3).contains("\"active\":false"));
        assertFalse(hub.presence()
                .collection(new Presence.Filter(null, null, null), Dialect.V0, "x")
                .contains("a b/1"));
        assertTrue(stranger.data().isEmpty());
        assertEquals(0, history.bounds().newest());
        // its ids are good cursors
        publish(everybody.replace("{/topic}{/subscriber}", "x"), "later");
        assertEquals(
                0,
                Place.sequence(hub.position(granted.received().getLast().id(), View.PUBLIC)
                        .after()));
    }

    /** A client may know that it is connected before it stands in the order: its headers go out first. */
    @Test
    void anOpeningStreamIsToldWhoCameMeanwhile() throws Exception {
        Subscription everybody = subscription(mayRead("*"), "/.well-known/mercure/subscriptions{/topic}{/subscriber}");
        for (boolean replays : new boolean[] {false, true}) {
            Position position = hub.position(null, everybody.view());
            String name = "other" + replays;
            PlayedReader other = subscribe(null, ANYBODY, name);
            if (replays) {
                publish("n", "x");
            }
            PlayedReader reader = open(everybody, mayRead("*"), position);
            reader.await(it -> it.data().stream().anyMatch(data -> data.contains(name)), "the other");
            List<String> others =
                    reader.data().stream().filter(it -> it.contains(name)).toList();
            assertEquals(1, others.size(), reader.data().toString());
            assertTrue(others.getFirst().contains("\"active\":true"), others.toString());
            reader.leave();
            other.leave();
        }
    }

    @Test
    void eachSelectorOfASubscriberIsToldOnceLiveAndLater() throws Exception {
        String everybody = Presence.ROOT + "{/topic}{/subscriber}";
        PlayedReader live = subscribe(null, mayRead("*"), everybody);
        live.await(it -> it.data().size() == 1, "itself");
        Position before = hub.position(null, mayRead("*").view());
        PlayedReader many = subscribe(null, ANYBODY, "a", "b", "c");
        live.await(it -> it.data().size() == 4, "all three");
        PlayedReader later = open(subscription(mayRead("*"), everybody), mayRead("*"), before);
        later.await(it -> it.data().size() >= 4, "the three and itself");
        assertEquals(live.data().subList(1, 4), later.data().subList(0, 3));
        many.leave();
        later.await(it -> it.data().size() >= 7, "that all three have left");
        assertEquals(7, later.data().size(), later.data().toString());
    }

    @Test
    void wherePresenceIsOffItIsNotToldLaterEither() throws Exception {
        Properties settings = new Properties();
        settings.setProperty("millrace.hub.presence", "false");
        hub.close();
        hub = new Hub(Config.load(settings, Map.of(), Map.of()), engine, new Metrics(), sink -> {
            history = new PlayedHistory(sink, 1000);
            return history;
        });
        Position before = hub.position(null, mayRead("*").view());
        PlayedReader other = subscribe(null, ANYBODY, "n");
        publish("n", "1");
        PlayedReader reader = open(subscription(mayRead("*"), "*"), mayRead("*"), before);
        reader.awaitData("1");
        assertEquals(List.of("1"), reader.data());
        other.leave();
    }

    /**
     * Whoever mixes the parameters of both dialects: the ids that it is told live are the topics that it selected, and so
     * those of the collection in the same form.
     */
    @Test
    void presenceIdsAreTheTopicsThatWereSelected() throws Exception {
        String old = Presence.ROOT + "{/topic}{/subscriber}";
        String modern = Presence.ROOT + "/exact{/match}{/subscriber}";
        for (Dialect other : Dialect.values()) {
            PlayedReader olds = open(
                    new Subscription(selectors(old, "news"), mayRead("*").view(), other),
                    mayRead("*"),
                    hub.position(null, View.PUBLIC));
            olds.await(it -> !it.data().isEmpty(), "itself");
            PlayedReader moderns = open(
                    new Subscription(selectors(modern, "news"), mayRead("*").view(), other),
                    mayRead("*"),
                    hub.position(null, View.PUBLIC));
            moderns.await(it -> !it.received().isEmpty(), "itself");
            PlayedReader there = subscribe(null, ANYBODY, "books/1");
            olds.await(it -> it.data().getLast().contains("books%2F1"), "that it came");
            String collection = hub.presence().collection(new Presence.Filter(null, "books/1", null), Dialect.V0, "x");
            String id = collection.substring(collection.indexOf(Presence.ROOT + "/books%2F1/"));
            id = id.substring(0, id.indexOf('"'));
            String oldId = "\"id\":\"" + id + "\"";
            olds.await(it -> it.data().getLast().contains(oldId), oldId);
            String modernId = "\"id\":\"" + id.replace("/books%2F1/", "/exact/books%2F1/") + "\"";
            moderns.await(it -> it.received().getLast().data().contains(modernId), modernId);
            assertEquals("message", olds.received().getLast().type());
            assertEquals("mercure", moderns.received().getLast().type());
            there.leave();
            olds.await(it -> it.data().getLast().contains("\"active\":false"), "that it left");
            assertTrue(olds.data().getLast().contains(oldId));
            olds.leave();
            moderns.leave();
        }
    }

    /** A selector whose matching takes as long as the test wants. */
    @Test
    void nobodyWaitsForAMatch() throws Exception {
        PlayedReader leaving = subscribe(null, ANYBODY, "other");
        PlayedReader reader = subscribe(null, ANYBODY, "n");
        history.holdDelivery();
        publish("n", "x");
        CountDownLatch matching = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        List<String> slow = new AbstractList<>() {
            @Override
            public String get(int index) {
                matching.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException stopped) {
                    throw new IllegalStateException(stopped);
                }
                return "n";
            }

            @Override
            public int size() {
                return 1;
            }
        };
        history.replaceTopics(slow);
        Thread committer = Thread.ofPlatform().start(history::deliverHeld);
        matching.await();
        PlayedReader joining = subscribe(null, ANYBODY, "n", "while it is matched");
        assertEquals(3, hub.channelCount());
        leaving.leave();
        assertEquals(2, hub.channelCount());
        assertEquals(0, Place.sequence(hub.delivered()));
        goOn.countDown();
        committer.join();
        reader.awaitData("x");
        joining.awaitData("x");
        assertEquals(List.of("x"), joining.data(), "who came while it was matched gets it, and once");
    }

    /** Many come and go while updates are matched against a lot of patterns: each gets what follows, and once. */
    @Test
    void aSubscriberThatComesDuringMatchingMissesNothing() throws Exception {
        for (int i = 0; i < 200; i++) {
            subscribe(null, ANYBODY, "{+a" + i + "}");
        }
        var publishing = new AtomicBoolean(true);
        var count = new AtomicInteger();
        Thread publisher = Thread.ofVirtual().start(() -> {
            while (publishing.get()) {
                String number = Integer.toString(count.getAndIncrement());
                hub.publish(new Update("urn:" + number, List.of("/" + "n".repeat(500)), false, null, number, null))
                        .join();
            }
        });
        for (int i = 0; i < 100; i++) {
            PlayedReader reader = subscribe(null, ANYBODY, "{/x" + i + "}");
            reader.await(it -> it.data().size() >= 3, "three updates");
            reader.leave();
            int first = Integer.parseInt(reader.data().getFirst());
            assertNumbers(first, first + reader.data().size(), reader);
        }
        publishing.set(false);
        publisher.join();
    }

    @Test
    void presenceIsToldInTheReadersDialect() throws Exception {
        PlayedReader modern = open(
                new Subscription(Set.of(Selector.everything()), mayRead("*").view(), Dialect.V1),
                List.of(Selector.everything()),
                mayRead("*"),
                hub.position(null, View.PUBLIC));
        modern.await(it -> it.received().size() == 1, "itself");
        Received itself = modern.received().getFirst();
        assertEquals("mercure", itself.type());
        assertTrue(itself.data().contains("\"match_type\":\"exact\",\"match\":\"*\""), itself.data());
        assertFalse(itself.data().contains("@context"));
    }

    // ----

    private PlayedReader subscribe(String cursor, Principal principal, String... topics) {
        Subscription subscription = subscription(principal, topics);
        return open(subscription, principal, hub.position(cursor, subscription.view()));
    }

    private PlayedReader open(Subscription subscription, Principal principal, Position position) {
        return open(subscription, List.copyOf(subscription.selectors()), principal, position);
    }

    private PlayedReader open(
            Subscription subscription, List<Selector> selectors, Principal principal, Position position) {
        return PlayedReader.open(
                engine,
                options(),
                stream -> hub.subscribe(stream, subscription, selectors, principal, position, false));
    }

    private StreamOptions options() {
        return StreamOptions.of(engine.config(), "hub").withHeartbeat(Duration.ofMillis(70));
    }

    private static Subscription subscription(Principal principal, String... topics) {
        return new Subscription(selectors(topics), principal.view(), Dialect.V0);
    }

    private static Set<Selector> selectors(String... topics) {
        Set<Selector> selectors = new HashSet<>();
        for (String topic : topics) {
            try {
                selectors.add(Selector.ofTemplate(topic));
            } catch (millrace.topic.SelectorException wrong) {
                throw new AssertionError(wrong);
            }
        }
        return selectors;
    }

    private static Principal mayRead(String... topics) {
        Grant grant = new Grant(false, true, selectors(topics), null);
        return new Principal("somebody", Dialect.V0, true, List.of(grant), null, null);
    }

    private String publish(String topic, String data) {
        Stored stored = hub.publish(
                        new Update("urn:test:" + topic + ":" + data, List.of(topic), false, null, data, null))
                .join();
        return stored.id();
    }

    private List<String> publishNumbers(int from, int to) {
        List<String> ids = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int i = from; i < to; i++) {
            ids.add(publish("n", Integer.toString(i)));
        }
        return ids;
    }

    /** Exactly these, in order; says the first that is wrong. */
    private static void assertNumbers(int from, int to, PlayedReader reader) {
        assertSame(numbers(from, to), reader.data());
    }

    private static void assertSame(List<String> expected, List<String> actual) {
        for (int i = 0; i < Math.min(expected.size(), actual.size()); i++) {
            int at = i;
            assertEquals(expected.get(i), actual.get(i), () -> "at " + at + " of " + actual.size());
        }
        assertEquals(expected.size(), actual.size(), "how many");
    }

    private static List<String> numbers(int from, int to) {
        return Arrays.asList(
                IntStream.range(from, to).mapToObj(Integer::toString).toArray(String[]::new));
    }
}
