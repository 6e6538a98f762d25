package millrace.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import millrace.config.Config;
import millrace.harness.Wait;
import millrace.log.Archive;
import millrace.log.ByteBudget;
import millrace.log.CloseReason;
import millrace.log.EncodedEvent;
import millrace.log.Page;
import millrace.metrics.Metrics;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Channels on the real engine, read by streams whose container the test plays. */
class ChannelTest {

    private final StreamEngine engine = new StreamEngine(config(Map.of("millrace.drain-time", "0s")), new Metrics());

    @AfterEach
    void close() {
        engine.close();
    }

    // ---- broadcast ----

    @Test
    void everyReaderGetsEveryEventOnceAndInOrder() throws Exception {
        Channel channel = engine.newBroadcast(10_000, 1 << 20, 0, NOTHING_ELSE);
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            clients.add(new Client(channel, 1));
        }
        for (int i = 1; i <= 2000; i++) {
            channel.append(new EncodedEvent(("data: " + i + "\n\n").getBytes(UTF_8), i));
        }
        for (Client client : clients) {
            await(() -> client.text().endsWith("data: 2000\n\n"));
            assertEquals(numbers(1, 2000), client.text());
        }
    }

    @Test
    void aReaderThatIsBehindGetsMoreEventsInOneWrite() throws Exception {
        Channel channel = engine.newBroadcast(10_000, 1 << 20, 0, NOTHING_ELSE);
        var client = new Client(channel, 1);
        client.refuse();
        for (int i = 1; i <= 100; i++) {
            channel.append(new EncodedEvent(("data: " + i + "\n\n").getBytes(UTF_8), i));
        }
        int before = client.writes;
        client.accept();
        await(() -> client.text().endsWith("data: 100\n\n"));
        assertEquals(numbers(1, 100), client.text());
        assertTrue(client.writes - before <= 2, "so many writes: " + (client.writes - before));
    }

    @Test
    void aSlowReaderGoesOnFromTheArchiveAndTheOthersNeverLookThere() throws Exception {
        List<Long> asked = new CopyOnWriteArrayList<>();
        Channel channel = engine.newBroadcast(10, 1 << 20, 0, (position, whenKnown) -> {
            asked.add(position);
            return new Archive.Events(Page.of(List.of(event(position + 1))), position + 1);
        });
        var quick = new Client(channel, 1);
        var slow = new Client(channel, 1);
        slow.refuse();
        for (int i = 1; i <= 50; i++) {
            int number = i;
            channel.append(event(i));
            await(() -> quick.text().endsWith("data: " + number + "\n\n"));
        }
        assertEquals(List.of(), asked);
        await(() -> channel.log().heldBytes() == 0); // nothing is kept for one that memory has passed
        slow.accept();
        await(() -> slow.text().endsWith("data: 50\n\n"));
        assertEquals(numbers(1, 50), slow.text());
        assertEquals(numbers(1, 50), quick.text());
        channel.append(event(51));
        await(() -> slow.text().endsWith("data: 51\n\n"));
    }

    @Test
    void aReaderWaitsForAnArchiveThatLooksAndEndsWhereItCannotBeRead() throws Exception {
        AtomicReference<Runnable> wake = new AtomicReference<>();
        AtomicReference<Archive.Answer> answer = new AtomicReference<>(new Archive.Later());
        Channel channel = engine.newBroadcast(10, 1 << 20, 5, (position, whenKnown) -> {
            wake.set(whenKnown);
            return answer.get();
        });
        var client = new Client(stream -> stream.readAfter(channel, 3));
        client.accept();
        await(() -> wake.get() != null);
        assertEquals("", client.text());
        answer.set(new Archive.Events(Page.of(List.of(event(4), event(5))), 5));
        wake.get().run();
        channel.append(event(6));
        await(() -> client.text().endsWith("data: 6\n\n"));
        assertEquals(numbers(4, 6), client.text());
        assertEquals(6, client.stream.position());

        answer.set(new Archive.Unreadable());
        var other = new Client(stream -> stream.readAfter(channel, 3));
        other.accept();
        assertEquals(CloseReason.FAILED, other.awaitEnd());
    }

    @Test
    void readersFindSkippedEventsInTheArchive() throws Exception {
        Channel channel = engine.newBroadcast(
                100,
                1 << 20,
                0,
                (position, whenKnown) -> new Archive.Events(Page.of(List.of(event(position + 1))), position + 1));
        var upToDate = new Client(channel, 1);
        var behind = new Client(channel, 1);
        append(channel, 1, 2);
        await(() -> upToDate.text().endsWith("data: 2\n\n") && behind.text().endsWith("data: 2\n\n"));
        behind.refuse();
        append(channel, 3, 4);
        channel.skipTo(5);
        append(channel, 6, 7);
        behind.accept();
        await(() -> upToDate.text().endsWith("data: 7\n\n") && behind.text().endsWith("data: 7\n\n"));
        assertEquals(numbers(1, 7), upToDate.text());
        assertEquals(numbers(1, 7), behind.text());
    }

    private static EncodedEvent event(long number) {
        return new EncodedEvent(("data: " + number + "\n\n").getBytes(UTF_8), number);
    }

    /** For channels whose readers are never passed. */
    private static final Archive NOTHING_ELSE = (position, whenKnown) -> {
        throw new AssertionError("asked for what followed " + position);
    };

    @Test
    void aPublisherLearnsWhetherDrainersAreBehind() throws Exception {
        Channel channel = engine.newBroadcast(800, 1 << 20, 0, NOTHING_ELSE); // more than 100 waiting are many
        var client = new Client(channel, 1);
        CompletableFuture<Void> caughtUp;
        synchronized (client) { // its drainer waits in isReady()
            append(channel, 1, 200);
            caughtUp = channel.behind();
            assertNotNull(caughtUp);
            assertFalse(caughtUp.isDone());
        }
        caughtUp.get(10, TimeUnit.SECONDS);
        assertNull(channel.behind());
        await(() -> client.text().endsWith("data: 200\n\n"));
    }

    @Test
    void nobodyWaitsForAReaderThatTakesNothing() throws Exception {
        Channel channel = engine.newBroadcast(800, 1 << 20, 0, NOTHING_ELSE);
        var client = new Client(channel, 1);
        client.refuse();
        append(channel, 1, 200);
        await(() -> channel.behind() == null);
        append(channel, 201, 400);
        await(() -> channel.behind() == null);
        client.accept();
        await(() -> client.text().endsWith("data: 400\n\n"));
        assertEquals(numbers(1, 400), client.text());
    }

    /** If another reader has come since, its own leaving begins the grace time anew. */
    @Test
    void aRunThatWasReadSinceIsNotCancelled() throws Exception {
        var leavings = new LinkedBlockingQueue<Long>();
        Channel log = engine.runChannel(new ByteBudget(1 << 20), NOTHING_ELSE, leavings::add);
        var first = new Client(log, 1);
        first.stream.lost(CloseReason.CLIENT_GONE);
        long firstLeft = leavings.take();
        assertTrue(log.isUnreadSince(firstLeft));
        var second = new Client(log, 1);
        assertFalse(log.isUnreadSince(firstLeft));
        second.stream.lost(CloseReason.CLIENT_GONE);
        long secondLeft = leavings.take();
        assertFalse(log.isUnreadSince(firstLeft));
        assertTrue(log.isUnreadSince(secondLeft));
    }

    @Test
    void aReaderGoesOnAfterAnySequence() throws Exception {
        Channel channel = engine.newBroadcast(100, 1 << 20, 0, NOTHING_ELSE);
        var keeper = new Client(channel, 1);
        keeper.refuse(); // so that nothing is let go of
        for (int i = 1; i <= 40; i++) {
            channel.append(new EncodedEvent(("data: " + i + "\n\n").getBytes(UTF_8), 3L * i));
        }
        for (int after = 0; after <= 120; after++) {
            int sequence = after;
            var joined = new Client(stream -> stream.readAfter(channel, sequence));
            joined.accept();
            await(() -> after120(joined, sequence));
            assertEquals(numbers(sequence / 3 + 1, 40), joined.text());
            joined.stream.lost(CloseReason.STOPPED);
        }
    }

    private static boolean after120(Client client, int after) {
        return after == 120 || client.text().endsWith("data: 40\n\n");
    }

    private static void append(Channel channel, int first, int last) {
        for (int i = first; i <= last; i++) {
            channel.append(new EncodedEvent(("data: " + i + "\n\n").getBytes(UTF_8), i));
        }
    }

    @Test
    void whatAllHaveReadIsLetGoOf() throws Exception {
        Channel channel = engine.newBroadcast(10_000, 1 << 20, 0, NOTHING_ELSE);
        var one = new Client(channel, 1);
        var other = new Client(channel, 1);
        for (int i = 1; i <= 100; i++) {
            channel.append(new EncodedEvent(("data: " + i + "\n\n").getBytes(UTF_8), i));
        }
        await(() -> one.text().endsWith("data: 100\n\n") && other.text().endsWith("data: 100\n\n"));
        await(() -> channel.log().heldBytes() == 0);
        assertEquals(101, channel.log().oldest());
    }

    @Test
    void memoryHeldForASlowReaderIsFreedWithoutAnotherEvent() throws Exception {
        try (var beating = new StreamEngine(
                config(Map.of("millrace.heartbeat", "100ms", "millrace.drain-time", "0s")), new Metrics())) {
            Channel channel = beating.newBroadcast(10_000, 1 << 20, 0, NOTHING_ELSE);
            var quick = new Client(beating, channel, 1);
            var slow = new Client(beating, channel, 1);
            slow.refuse();
            append(channel, 1, 100);
            await(() -> quick.text().endsWith("data: 100\n\n"));
            assertTrue(channel.log().heldBytes() > 0);
            slow.accept();
            await(() -> channel.log().heldBytes() == 0);

            slow.refuse();
            append(channel, 101, 200);
            await(() -> quick.text().contains("data: 200\n\n"));
            slow.stream.lost(CloseReason.CLIENT_GONE);
            await(() -> channel.log().heldBytes() == 0);
        }
    }

    @Test
    void overTheBudgetAChannelKeepsOnlyItsNewestEvents() throws Exception {
        try (var small = new StreamEngine(
                config(Map.of("millrace.budget", "10k", "millrace.drain-time", "0s")), new Metrics())) {
            Channel channel = small.newBroadcast(1_000_000, 1 << 30, 0, NOTHING_ELSE);
            for (int i = 1; i <= 100; i++) {
                channel.append(new EncodedEvent(new byte[1000], i));
            }
            assertTrue(
                    channel.log().heldBytes() <= 11_000,
                    "held: " + channel.log().heldBytes());
            assertEquals(101, channel.log().next());
            assertTrue(channel.log().oldest() > 80 && channel.log().oldest() <= 100);
        }
    }

    // ---- paced ----

    @Test
    void aProducerWaitsWhileItsReaderIsAWindowBehind() throws Exception {
        Window window = engine.newWindow(100);
        var client = new Client(stream -> stream.readAlone(window, Thread.currentThread()));
        client.refuse();
        client.first();
        AtomicReference<Integer> sent = new AtomicReference<>(0);
        Thread producer = Thread.ofVirtual().start(() -> {
            try {
                for (int i = 1; i <= 1000; i++) {
                    window.append(new EncodedEvent(("data: " + i + "\n\n").getBytes(UTF_8), i));
                    sent.set(i);
                }
                window.end(CloseReason.COMPLETED);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        await(() -> producer.getState() == Thread.State.WAITING);
        assertTrue(sent.get() >= 5 && sent.get() < 20, "sent " + sent.get());
        client.accept();
        assertEquals(CloseReason.COMPLETED, client.awaitEnd());
        assertEquals(numbers(1, 1000), client.text());
    }

    @Test
    void anEventLargerThanTheWindowPassesAlone() throws Exception {
        Window window = engine.newWindow(10);
        var client = new Client(stream -> stream.readAlone(window, Thread.currentThread()));
        client.accept();
        byte[] large = ("data: " + "x".repeat(100_000) + "\n\n").getBytes(UTF_8);
        assertTrue(window.append(new EncodedEvent(large, 1)));
        assertTrue(window.append(new EncodedEvent(large, 2)));
        window.end(CloseReason.COMPLETED);
        client.awaitEnd();
        assertEquals(2 * large.length, client.text().length());
    }

    @Test
    void aWaitingProducerIsWokenWhenItsReaderEnds() throws Exception {
        Window window = engine.newWindow(10);
        assertTrue(window.append(new EncodedEvent(new byte[100], 1)));
        AtomicReference<Boolean> taken = new AtomicReference<>();
        Thread producer = Thread.ofVirtual().start(() -> {
            try {
                taken.set(window.append(new EncodedEvent(new byte[100], 2)));
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        await(() -> producer.getState() == Thread.State.WAITING);
        window.end(CloseReason.CLIENT_GONE);
        assertTrue(producer.join(Duration.ofSeconds(5)));
        assertEquals(false, taken.get());
    }

    // ---- runs ----

    @Test
    void anyCutOfARunIsResumedWithoutLossOrRepetition() throws Exception {
        Run run = engine.runs().start(runOptions(), "test", null, "127.0.0.1", events -> {
            for (int i = 1; i <= 30; i++) {
                events.send("é" + i);
            }
        });
        await(() -> run.ended() != null);
        String whole = readFrom(run, 1);
        for (int position = 0; position <= 30; position++) {
            String before = whole.substring(0, endOf(whole, position));
            assertEquals(whole, before + readFrom(run, position + 1), "cut after " + position);
        }
        assertEquals(CloseReason.COMPLETED, run.ended());
    }

    private static int endOf(String text, int events) {
        int end = 0;
        for (int i = 0; i < events; i++) {
            end = text.indexOf("\n\n", end) + 2;
        }
        return end;
    }

    private String readFrom(Run run, long position) throws InterruptedException {
        var client = new Client(run.channel(), position);
        client.awaitEnd();
        return client.text();
    }

    @Test
    void aReaderOfARunThatWasPassedIsToldOfTheGap() throws Exception {
        try (var small = new StreamEngine(
                config(Map.of("millrace.run-events", "5", "millrace.drain-time", "0s")), new Metrics())) {
            CountDownLatch go = new CountDownLatch(1);
            Run run = small.runs()
                    .start(StreamOptions.of(small.config(), "test").asResumable(), "test", null, "a", events -> {
                        go.await();
                        for (int i = 1; i <= 20; i++) {
                            events.send("" + i);
                        }
                    });
            var quick = new Client(small, run.channel(), 1);
            var slow = new Client(small, run.channel(), 1);
            slow.refuse();
            go.countDown();
            assertEquals(CloseReason.COMPLETED, quick.awaitEnd());
            assertFalse(quick.text().contains("gap"), quick::text);
            slow.accept();
            assertEquals(CloseReason.COMPLETED, slow.awaitEnd());
            // one gap, or several on end where its first one waited for the container while it was passed again
            String id = run.id() + "-";
            assertTrue(slow.text().startsWith("event: gap\n"), slow::text);
            assertTrue(slow.text().contains("data: {\"requested\":\"" + id + "0\","), slow::text);
            assertTrue(
                    slow.text().contains("\"continues_after\":\"" + id + "15\"}\n\nid: " + id + "16\ndata: 16\n"),
                    slow::text);
            assertFalse(slow.text().contains("data: 15"), slow::text);
            assertTrue(slow.text().endsWith("data: 20\n\n"), slow::text);
        }
    }

    @Test
    void aRunThatNobodyReadsForItsGraceTimeIsCancelled() throws Exception {
        AtomicBoolean interrupted = new AtomicBoolean();
        Run run = engine.runs()
                .start(runOptions().withGrace(Duration.ofMillis(200)), "test", null, "127.0.0.1", events -> {
                    try {
                        Wait.forEver();
                    } catch (InterruptedException cancelled) {
                        interrupted.set(true);
                        throw cancelled;
                    }
                });
        var client = new Client(run.channel(), 1);
        client.accept();
        Wait.let(Duration.ofMillis(400));
        assertNull(run.ended()); // somebody reads it
        client.stream.lost(CloseReason.CLIENT_GONE);
        await(() -> run.ended() != null && interrupted.get());
        assertEquals(CloseReason.CLIENT_GONE, run.ended());
    }

    @Test
    void anEndedRunIsForgottenAfterItsTime() throws Exception {
        try (var small = new StreamEngine(
                config(Map.of("millrace.run-kept", "300ms", "millrace.drain-time", "0s")), new Metrics())) {
            StreamOptions options = StreamOptions.of(small.config(), "test").asResumable();
            Run ended = small.runs().start(options, "test", null, "a", events -> events.send("kept"));
            Run going = small.runs().start(options, "test", null, "a", events -> Wait.forEver());
            await(() -> ended.ended() != null);
            long begin = System.nanoTime();
            assertNotNull(small.runs().find(ended.id(), null));
            await(() -> small.runs().find(ended.id(), null) == null);
            assertTrue(System.nanoTime() - begin > Duration.ofMillis(200).toNanos());
            assertNotNull(small.runs().find(going.id(), null), "the other has not ended");
            assertEquals(1, small.runs().held());
            assertEquals(0, small.runs().heldBytes());
        }
    }

    @Test
    void allRunsTogetherAreBoundedInNumberAndInBytes() throws Exception {
        var settings = Map.of(
                "millrace.max-runs", "3",
                "millrace.run-bytes-total", "8k",
                "millrace.drain-time", "0s");
        try (var small = new StreamEngine(config(settings), new Metrics())) {
            StreamOptions options = StreamOptions.of(small.config(), "test").asResumable();
            for (String user : List.of("ada", "bob", "eve")) {
                small.runs().start(options, "test", user, "a", events -> {
                    while (true) {
                        events.send("x".repeat(1000)); // nobody reads: waits at the limit
                    }
                });
            }
            var refused = org.junit.jupiter.api.Assertions.assertThrows(
                    millrace.problem.ProblemException.class,
                    () -> small.runs().start(options, "test", "joe", "a", events -> {}));
            assertEquals(503, refused.problem().status());
            assertNotNull(refused.retryAfter());
            await(() -> small.runs().heldBytes() > 7_000);
            Wait.let(Duration.ofMillis(200)); // more would come by now
            assertTrue(
                    small.runs().heldBytes() < 8_192 + 3 * 1_200,
                    "held: " + small.runs().heldBytes());
        }
    }

    @Test
    void aRunOfAKnownUserIsFoundByThisUserOnly() throws Exception {
        Run run = engine.runs().start(runOptions(), "test", "ada", "127.0.0.1", events -> {});
        assertNotNull(engine.runs().find(run.id(), "ada"));
        assertNull(engine.runs().find(run.id(), "eve"));
        assertNull(engine.runs().find(run.id(), null));
    }

    @Test
    void oneUsersRunsAreBoundedAndEndedOnesMakeRoom() throws Exception {
        try (var small = new StreamEngine(
                config(Map.of("millrace.max-runs-per-user", "2", "millrace.drain-time", "0s")), new Metrics())) {
            StreamOptions options = StreamOptions.of(small.config(), "test").asResumable();
            Producer sleeps = events -> Wait.forEver();
            Run first = small.runs().start(options, "test", "ada", "a", sleeps);
            small.runs().start(options, "test", "ada", "a", sleeps);
            var refused = org.junit.jupiter.api.Assertions.assertThrows(
                    millrace.problem.ProblemException.class,
                    () -> small.runs().start(options, "test", "ada", "a", sleeps));
            assertEquals(429, refused.problem().status());
            assertNotNull(small.runs().start(options, "test", "bob", "a", sleeps));
            first.stop(CloseReason.STOPPED);
            assertNotNull(small.runs().start(options, "test", "ada", "a", sleeps));
            assertNull(small.runs().find(first.id(), "ada"));
        }
    }

    @Test
    void manyReadersComeAndGoWhileEventsFlow() throws Exception {
        AtomicReference<Channel> itself = new AtomicReference<>();
        Channel channel = engine.newBroadcast(100_000, 1 << 24, 0, (position, whenKnown) -> {
            boolean isThere = position < itself.get().log().newestPosition();
            return new Archive.Events(
                    Page.of(isThere ? List.of(event(position + 1)) : List.of()), position + (isThere ? 1 : 0));
        });
        itself.set(channel);
        AtomicBoolean over = new AtomicBoolean();
        Thread producer = Thread.ofPlatform().start(() -> {
            for (int i = 1; !over.get(); i++) {
                channel.append(new EncodedEvent(("data: " + i + "\n\n").getBytes(UTF_8), i));
                Thread.yield();
            }
        });
        Random random = new Random(7);
        for (int round = 0; round < 300; round++) {
            var client = new Client();
            client.stream.readAfter(channel, channel.log().newestPosition());
            client.accept();
            if (random.nextInt(3) == 0) {
                client.refuse();
                client.accept();
            }
            await(() -> client.text().length() > 40);
            client.stream.end(CloseReason.STOPPED);
            client.awaitEnd();
            client.mustBeConsecutive();
        }
        over.set(true);
        producer.join();
        assertEquals(0, channel.readers());
        assertEquals(0, engine.openStreams());
    }

    // ---- what the tests use ----

    private StreamOptions runOptions() {
        return StreamOptions.of(engine.config(), "test").asResumable();
    }

    private static Config config(Map<String, String> settings) {
        return Config.load(new Properties(), Map.of(), settings);
    }

    private static String numbers(int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i <= to; i++) {
            text.append("data: ").append(i).append("\n\n");
        }
        return text.toString();
    }

    @Test
    void aUserOverTheByteLimitLosesOnlyOwnEndedRuns() throws Exception {
        try (var small = new StreamEngine(
                config(Map.of("millrace.run-bytes-per-user", "4k", "millrace.drain-time", "0s")), new Metrics())) {
            StreamOptions options = StreamOptions.of(small.config(), "test").asResumable();
            Run bobs = small.runs().start(options, "test", "bob", "b", events -> events.send("kept"));
            Run adas = small.runs().start(options, "test", "ada", "a", events -> events.send("goes"));
            await(() -> bobs.ended() != null && adas.ended() != null);
            small.runs().start(options, "test", "ada", "a", events -> {
                while (true) {
                    events.send("x".repeat(1000)); // nobody reads: waits at the limit
                }
            });
            await(() -> small.runs().find(adas.id(), "ada") == null);
            Wait.let(Duration.ofMillis(300)); // for more rounds at the limit
            assertNotNull(small.runs().find(bobs.id(), "bob"));
        }
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        Wait.until("what the test waits for", condition);
    }

    /** A stream and the container below it. */
    private final class Client implements Outlet {
        final EventStream stream;
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile CloseReason reason;
        private volatile boolean ready = true;
        private boolean callbackOwed = true;
        volatile int writes;

        Client() {
            this(engine, stream -> {});
        }

        Client(java.util.function.Consumer<EventStream> setUp) {
            this(engine, setUp);
        }

        Client(Channel channel, long from) {
            this(engine, channel, from);
        }

        Client(StreamEngine on, Channel channel, long from) {
            this(on, stream -> stream.read(channel, from));
            accept();
        }

        private Client(StreamEngine on, java.util.function.Consumer<EventStream> setUp) {
            stream = on.open(this, StreamOptions.of(on.config(), "test"), setUp);
            stream.onClose(why -> {
                reason = why;
                ended.countDown();
            });
        }

        synchronized void refuse() {
            ready = false;
        }

        void accept() {
            boolean call;
            synchronized (this) {
                ready = true;
                call = callbackOwed;
                callbackOwed = false;
            }
            if (call) {
                stream.writable();
            }
        }

        /** The container's first call back, while it takes nothing. */
        void first() {
            synchronized (this) {
                callbackOwed = false;
            }
            stream.writable();
        }

        CloseReason awaitEnd() throws InterruptedException {
            accept();
            assertTrue(ended.await(10, TimeUnit.SECONDS), () -> "still " + stream);
            return reason;
        }

        String text() {
            synchronized (received) {
                return received.toString(UTF_8).replaceFirst("retry: \\d+\n", "");
            }
        }

        void mustBeConsecutive() {
            String[] blocks = text().split("\n\n");
            int first = Integer.parseInt(blocks[0].substring(6));
            for (int i = 0; i < blocks.length; i++) {
                assertEquals("data: " + (first + i), blocks[i]);
            }
        }

        @Override
        public synchronized boolean isReady() {
            callbackOwed |= !ready;
            return ready;
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            synchronized (received) {
                received.write(bytes, from, length);
            }
            writes++;
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
