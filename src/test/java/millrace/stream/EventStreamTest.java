package millrace.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import millrace.config.Config;
import millrace.harness.Wait;
import millrace.log.Archive;
import millrace.log.CloseReason;
import millrace.log.EncodedEvent;
import millrace.metrics.Metrics;
import millrace.sse.Event;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One open stream on the real engine, and a container that the test plays itself. */
class EventStreamTest {

    private final StreamEngine engine =
            new StreamEngine(Config.load(new Properties(), Map.of(), Map.of()), new Metrics());

    private static StreamEngine engine(Map<String, String> settings) {
        return engine(settings, InstantSource.system());
    }

    private static StreamEngine engine(Map<String, String> settings, InstantSource clock) {
        var properties = new Properties();
        properties.putAll(settings);
        return new StreamEngine(Config.load(properties, Map.of(), Map.of()), new Metrics(), clock);
    }

    @AfterEach
    void close() {
        engine.endAll(CloseReason.STOPPED, stream -> true);
        engine.close();
    }

    @Test
    void aScheduledTaskRunsExactlyOnce() {
        AtomicInteger happened = new AtomicInteger();
        engine.soon(Duration.ofHours(1), happened::incrementAndGet);
        engine.close();
        assertEquals(1, happened.get());
        engine.soon(Duration.ofHours(1), happened::incrementAndGet);
        assertEquals(2, happened.get());
    }

    @Test
    void aStreamEndsWhenItsTimeIsOver() throws Exception {
        var container = new PlayedContainer();
        long begin = System.nanoTime();
        EventStream stream = engine.open(container, options(), opening -> opening.expireAfter(Duration.ofMillis(200)));
        stream.writable();
        assertEquals(CloseReason.EXPIRED, container.awaitEnd(stream));
        assertTrue(System.nanoTime() - begin >= 200_000_000);
    }

    /** The machine slept, or its clock was set: the time that is counted has hardly moved. */
    @Test
    void aStreamEndsWhenItsTokenHasExpiredByTheWallClock() throws Exception {
        var now = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
        try (var clocked = engine(Map.of("millrace.drain-time", "0s"), now::get)) {
            var container = new PlayedContainer();
            var other = new PlayedContainer();
            EventStream stream = clocked.open(
                    container,
                    options().withHeartbeat(Duration.ofMillis(100)),
                    opening -> opening.expireAt(Instant.parse("2026-01-01T01:00:00Z")));
            EventStream later = clocked.open(
                    other,
                    options().withHeartbeat(Duration.ofMillis(100)),
                    opening -> opening.expireAt(Instant.parse("2026-01-01T03:00:00Z")));
            stream.writable();
            later.writable();
            now.set(Instant.parse("2025-12-31T00:00:00Z")); // a clock that is set back ends nothing
            container.awaitText(":\n:\n");
            now.set(Instant.parse("2026-01-01T02:00:00Z"));
            assertEquals(CloseReason.EXPIRED, container.awaitEnd(stream));
            int before = other.text().length();
            while (other.text().length() == before) {
                Thread.onSpinWait(); // it has its heartbeats
            }
            assertFalse(later.isClosed());
        }
    }

    @Test
    void aTokensEndIsMetWithoutWaitingForTheHeartbeat() throws Exception {
        var container = new PlayedContainer();
        Instant end = Instant.now().plusMillis(300);
        EventStream stream =
                engine.open(container, options().withHeartbeat(Duration.ofHours(1)), opening -> opening.expireAt(end));
        stream.writable();
        assertEquals(CloseReason.EXPIRED, container.awaitEnd(stream));
        assertFalse(Instant.now().isBefore(end));
    }

    /** An EventSource that came back within the drain would find nobody, or whoever answers in our place. */
    @Test
    void theHintOfADrainOutlastsTheDrainAndTheRestart() throws Exception {
        try (var stopping = engine(Map.of("millrace.restart-time", "7s", "millrace.retry", "900ms"))) {
            List<PlayedContainer> containers = new ArrayList<>();
            List<EventStream> streams = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                var container = new PlayedContainer();
                EventStream stream = stopping.open(container, options(), opening -> {});
                stream.writable();
                container.awaitText("retry");
                containers.add(container);
                streams.add(stream);
            }
            long begin = System.nanoTime();
            Thread drain = Thread.ofVirtual().start(() -> stopping.drain(Duration.ofSeconds(1)));
            for (int i = 0; i < 20; i++) {
                assertEquals(CloseReason.SHUTTING_DOWN, containers.get(i).awaitEnd(streams.get(i)));
                long seen = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
                String[] hints = containers.get(i).text().strip().split("\\s*retry: ");
                long back = seen + Long.parseLong(hints[hints.length - 1]);
                assertTrue(
                        back >= 1_000 + 7_000 + 590, () -> "back after " + back + " ms, of " + String.join(",", hints));
            }
            drain.join();
            Duration left = stopping.untilRestarted();
            assertEquals(Duration.ofSeconds(7), left);
        }
    }

    @Test
    void ownBytesThatTheContainerWasNotReadyForAreNotReplacedByLaterOnes() throws Exception {
        var container = new PlayedContainer();
        EventStream stream = engine.open(container, options(), opening -> {});
        container.ready = false;
        stream.writable();
        container.awaitAsked(1); // with the retry hint in its hands
        stream.sendOwn("data: later\n\n".getBytes(UTF_8));
        container.ready = true;
        stream.writable();
        stream.end(CloseReason.COMPLETED);
        assertEquals(CloseReason.COMPLETED, container.awaitEnd(stream));
        assertTrue(container.text().matches("retry: \\d+\ndata: later\n\n"), container.text());
    }

    @Test
    void ownBytesThatTheContainerWasNotReadyForStillGoOutBeforeTheEnd() throws Exception {
        var container = new PlayedContainer();
        EventStream stream = engine.open(container, options(), opening -> {});
        container.ready = false;
        stream.writable();
        container.awaitAsked(1);
        stream.end(CloseReason.COMPLETED);
        container.ready = true;
        stream.writable();
        assertEquals(CloseReason.COMPLETED, container.awaitEnd(stream));
        assertTrue(container.text().startsWith("retry: "), container.text());
    }

    /** The container tells of the error just before the drainer asks it, and never calls back. */
    @Test
    void aClientThatIsLostWhileTheDrainerIsAboutToAskIsEndedAtOnce() throws Exception {
        var container = new PlayedContainer();
        EventStream stream = engine.open(container, options().withHeartbeat(Duration.ofMillis(100)), opening -> {});
        stream.writable();
        container.awaitText("retry");
        stream.heartbeat(silent -> {
            container.ready = false;
            silent.lost(CloseReason.CLIENT_GONE);
            return ":\n".getBytes(UTF_8);
        });
        assertEquals(CloseReason.CLIENT_GONE, container.awaitEnd(stream));
    }

    @Test
    void anErrorOfTheContainerEndsTheStreamAndNoOther() throws Exception {
        Channel channel = engine.newBroadcast(10, 1000, 0, (position, whenKnown) -> new Archive.Unreadable());
        List<PlayedContainer> containers = new ArrayList<>();
        List<EventStream> streams = new ArrayList<>();
        for (int i = 0; i < 20; i++) { // some of them with the same drainer, before and after the one that fails
            var container = new PlayedContainer();
            EventStream stream = engine.open(container, options(), opening -> opening.read(channel, 1));
            stream.writable();
            container.awaitText("retry");
            containers.add(container);
            streams.add(stream);
        }
        containers.get(9).beforeWrite = () -> {
            throw new OutOfMemoryError("on purpose");
        };
        channel.append(EncodedEvent.of(Event.of("for all")));
        assertEquals(CloseReason.FAILED, containers.get(9).awaitEnd(streams.get(9)));
        for (PlayedContainer container : containers) {
            if (container != containers.get(9)) {
                container.awaitText("for all");
            }
        }
    }

    /** As Tomcat does: its thread calls, and is on its way out for a while. */
    @Test
    void nobodyWritesBeforeTheContainersThreadHasLeft() throws Exception {
        var container = new PlayedContainer();
        container.left = false;
        EventStream stream = engine.open(container, options(), opening -> {});
        stream.writeInCallback();
        assertSame(Thread.currentThread(), container.lastWriter);
        container.awaitText("retry");
        stream.sendOwn("data: later\n\n".getBytes(UTF_8));
        container.looks.acquire(5); // again and again, and no write meanwhile: that would fail
        assertSame(Thread.currentThread(), container.lastWriter);
        container.left = true;
        container.awaitText("later");
        assertNotSame(Thread.currentThread(), container.lastWriter);
    }

    @Test
    void aContainerThatEndsFailedResponsesIsLeftToDoIt() throws Exception {
        var container = new PlayedContainer();
        container.endsAfterFailure = true;
        EventStream stream = engine.open(container, options(), opening -> {});
        stream.writable();
        container.awaitText("retry");
        var failed = new CountDownLatch(1);
        container.beforeWrite = () -> {
            failed.countDown();
            throw new IllegalStateException("reset by peer");
        };
        stream.sendOwn("data: lost\n\n".getBytes(UTF_8));
        assertTrue(failed.await(20, TimeUnit.SECONDS));
        container.beforeWrite = () -> {};
        stream.sendOwn("data: never\n\n".getBytes(UTF_8));
        while (stream.isWithinContainer()) {
            Thread.onSpinWait();
        }
        assertEquals(1, container.completed.getCount(), "ended beside the container");
        stream.lost(CloseReason.CLIENT_GONE); // as its onError does
        assertEquals(CloseReason.CLIENT_GONE, container.awaitEnd(stream));
        assertFalse(container.text().contains("never"), container.text());
    }

    /** A write that blocks: the stream is over for all others, and only the thread inside may touch the response. */
    @Test
    void aStreamThatIsStuckWithinAWriteEndsAndIsCompletedByItsWriter() throws Exception {
        var container = new PlayedContainer();
        container.mayBlock = true;
        EventStream stream = engine.open(container, options().withStallTimeout(Duration.ofMillis(200)), opening -> {});
        stream.writable();
        container.awaitText("retry");
        var goOn = new CountDownLatch(1);
        container.beforeWrite = () -> {
            try {
                goOn.await();
            } catch (InterruptedException wrong) {
                throw new IllegalStateException(wrong);
            }
        };
        stream.sendOwn("data: stuck\n\n".getBytes(UTF_8));
        var ended = new CountDownLatch(1);
        stream.onClose(reason -> ended.countDown());
        assertTrue(ended.await(20, TimeUnit.SECONDS), stream::toString);
        assertEquals(0, engine.openStreams());
        assertEquals(1, container.completed.getCount(), "completed under a writer");
        goOn.countDown();
        assertTrue(container.completed.await(20, TimeUnit.SECONDS));
    }

    /** Of too little memory, say. The others of the walk, and the drainer, go on. */
    @Test
    void aStreamForWhoseWriteThereIsNoThreadEndsAndNoOther() throws Exception {
        var memory = new AtomicBoolean(true);
        ThreadFactory writers = write -> new Thread(write) {
            @Override
            public synchronized void start() {
                if (!memory.get()) {
                    throw new OutOfMemoryError("on purpose");
                }
                super.start();
            }
        };
        Properties settings = new Properties();
        settings.setProperty("millrace.drainers", "1");
        try (var single = new StreamEngine(
                Config.load(settings, Map.of(), Map.of()), new Metrics(), InstantSource.system(), writers)) {
            Channel channel = single.newBroadcast(100, 10_000, 0, (position, whenKnown) -> new Archive.Unreadable());
            List<PlayedContainer> containers = new ArrayList<>();
            List<EventStream> streams = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                var container = new PlayedContainer();
                container.mayBlock = i == 1;
                EventStream stream = single.open(container, options(), opening -> opening.read(channel, 1));
                stream.writable();
                container.awaitText("retry");
                containers.add(container);
                streams.add(stream);
            }
            while (streams.get(1).isWithinContainer()) {
                Thread.onSpinWait();
            }
            memory.set(false);
            channel.append(new EncodedEvent("data: 1\n\n".getBytes(UTF_8), 1));
            assertEquals(CloseReason.FAILED, containers.get(1).awaitEnd(streams.get(1)));
            assertFalse(containers.get(1).text().contains("data"));
            channel.append(new EncodedEvent("data: 2\n\n".getBytes(UTF_8), 2));
            for (int i : new int[] {0, 2}) {
                containers.get(i).awaitText("data: 1\n\ndata: 2\n\n");
            }
            assertEquals(2, single.openStreams());
            assertEquals(0, single.drainers().replaced());
            single.endAll(CloseReason.STOPPED, stream -> true);
        }
    }

    /** The third of five readers blocks: the others have what comes once, also where another thread takes over. */
    @Test
    void aWalkThatIsTakenOverSkipsNobodyAndWritesToNobodyTwice() throws Exception {
        Properties settings = new Properties();
        settings.setProperty("millrace.drainers", "1");
        try (var single = new StreamEngine(Config.load(settings, Map.of(), Map.of()), new Metrics())) {
            Channel channel = single.newBroadcast(100, 10_000, 0, (position, whenKnown) -> new Archive.Unreadable());
            List<PlayedContainer> containers = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                var container = new PlayedContainer();
                EventStream stream = single.open(container, options(), opening -> opening.read(channel, 1));
                stream.writable();
                container.awaitText("retry");
                containers.add(container);
            }
            var goOn = new CountDownLatch(1);
            containers.get(2).beforeWrite = () -> {
                try {
                    goOn.await();
                } catch (InterruptedException wrong) {
                    throw new IllegalStateException(wrong);
                }
            };
            channel.append(new EncodedEvent("data: 1\n\n".getBytes(UTF_8), 1));
            for (int i : new int[] {0, 1, 3, 4}) {
                containers.get(i).awaitText("data: 1");
            }
            assertEquals(1, single.drainers().replaced());
            goOn.countDown();
            containers.get(2).awaitText("data: 1");
            channel.append(new EncodedEvent("data: 2\n\n".getBytes(UTF_8), 2));
            for (PlayedContainer container : containers) {
                container.awaitText("data: 2");
                assertTrue(
                        container.text().replaceFirst("(?s)^retry: \\d+\n+", "").equals("data: 1\n\ndata: 2\n\n"),
                        container.text());
            }
            assertEquals(1, single.drainers().replaced());
            single.endAll(CloseReason.STOPPED, stream -> true);
        }
    }

    @Test
    void aStreamThatIsOpenedAfterTheEndOfTheApplicationEndsAtOnce() throws Exception {
        engine.close();
        var container = new PlayedContainer();
        EventStream stream = engine.open(container, options(), opening -> {});
        assertEquals(CloseReason.SHUTTING_DOWN, container.awaitEnd(stream));
    }

    @Test
    void clientsMayBeToldToComeBackAtOnce() throws Exception {
        Properties settings = new Properties();
        settings.setProperty("millrace.retry", "0s");
        settings.setProperty("millrace.drain-time", "0s");
        try (var hasty = new StreamEngine(Config.load(settings, Map.of(), Map.of()), new Metrics())) {
            for (int i = 0; i < 50; i++) {
                var container = new PlayedContainer();
                EventStream stream = hasty.open(container, options(), opening -> {});
                stream.writable();
                container.awaitText("retry: 0\n");
            }
            hasty.endAll(CloseReason.STOPPED, stream -> true);
        }
    }

    @Test
    void aProducerThatDiesOfAnErrorEndsItsRun() throws Exception {
        Run run = engine.runs().start(options().asResumable(), "test", null, "127.0.0.1", events -> {
            throw new AssertionError("on purpose");
        });
        Wait.until("the run has ended", () -> run.ended() != null);
        assertEquals(CloseReason.FAILED, run.ended());
    }

    @Test
    void aQuietStreamIsWrittenByItsOwnProducer() throws Exception {
        var container = new PlayedContainer();
        Window window = engine.newWindow(1000);
        Thread producer = engine.newProducer("test", () -> appendAfterAPause(window, "quiet"));
        EventStream stream = engine.open(container, options(), opening -> opening.readAlone(window, producer));
        stream.writable();
        container.awaitText("retry");
        producer.start();
        container.awaitText("quiet");
        assertSame(producer, container.lastWriter);
        appendAfterAPause(window, "foreign"); // this thread may be interrupted by anybody
        container.awaitText("foreign");
        assertTrue(container.lastWriter.getName().startsWith("millrace-drainer"), container.lastWriter::getName);
    }

    @Test
    void aProducerDoesNotWriteWhereThatMayBlockIt() throws Exception {
        var container = new PlayedContainer();
        container.mayBlock = true;
        Window window = engine.newWindow(1000);
        Thread producer = engine.newProducer("test", () -> appendAfterAPause(window, "quiet"));
        EventStream stream = engine.open(container, options(), opening -> opening.readAlone(window, producer));
        stream.writable();
        container.awaitText("retry");
        producer.start();
        container.awaitText("quiet");
        assertNotSame(producer, container.lastWriter);
    }

    @Test
    void theLoneQuietReaderOfARunIsWrittenByTheProducer() throws Exception {
        var container = new PlayedContainer();
        var go = new Semaphore(0);
        AtomicReference<Thread> producer = new AtomicReference<>();
        Run run = engine.runs().start(options().asResumable(), "test", null, "127.0.0.1", events -> {
            producer.set(Thread.currentThread());
            for (String data : List.of("alone", "together")) {
                go.acquire();
                Wait.let(Duration.ofMillis(20));
                events.send(data);
            }
        });
        EventStream stream = engine.open(container, options(), opening -> opening.read(run.channel(), 1));
        stream.writable();
        container.awaitText("retry");
        go.release();
        container.awaitText("alone");
        assertSame(producer.get(), container.lastWriter);

        var other = new PlayedContainer();
        EventStream second = engine.open(other, options(), opening -> opening.read(run.channel(), 1));
        second.writable();
        other.awaitText("alone");
        go.release();
        container.awaitText("together");
        other.awaitText("together");
        assertNotSame(producer.get(), container.lastWriter);
        assertNotSame(producer.get(), other.lastWriter);
    }

    /** An interrupt within a write would close the connection of a reader who is to get the rest. */
    @Test
    void stoppingARunDoesNotInterruptAWrite() throws Exception {
        var container = new PlayedContainer();
        var inWrite = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        AtomicReference<Boolean> interruptedInWrite = new AtomicReference<>();
        container.beforeWrite = () -> {
            if (!Thread.currentThread().isVirtual()) {
                return; // a drainer
            }
            inWrite.countDown();
            boolean interrupted = false;
            try {
                interrupted = !goOn.await(5, TimeUnit.SECONDS);
            } catch (InterruptedException wrong) {
                interrupted = true;
            }
            interruptedInWrite.set(interrupted);
        };
        var interrupted = new CountDownLatch(1);
        Run run = engine.runs().start(options().asResumable(), "test", null, "127.0.0.1", events -> {
            Wait.let(Duration.ofMillis(50));
            events.send("last words");
            try {
                Wait.forEver();
            } catch (InterruptedException stopped) {
                interrupted.countDown();
                throw stopped;
            }
        });
        EventStream stream = engine.open(container, options(), opening -> opening.read(run.channel(), 1));
        stream.writable();
        assertTrue(inWrite.await(5, TimeUnit.SECONDS));
        Thread stopper = Thread.ofVirtual().start(() -> run.stop(CloseReason.STOPPED));
        Wait.until("the run has ended", () -> run.ended() != null);
        Wait.let(Duration.ofMillis(50)); // what interrupts at once would have done so
        goOn.countDown();
        stopper.join();
        assertTrue(interrupted.await(5, TimeUnit.SECONDS), "and then it is");
        assertEquals(CloseReason.STOPPED, container.awaitEnd(stream));
        assertEquals(false, interruptedInWrite.get());
        assertTrue(container.text().contains("last words"), container.text());
    }

    private static void appendAfterAPause(Window window, String data) {
        try {
            Wait.let(Duration.ofMillis(20));
            window.append(EncodedEvent.of(Event.of(data)));
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    private StreamOptions options() {
        return StreamOptions.of(engine.config(), "test");
    }

    /** Takes everything while it is ready; counts how often it was asked. */
    private static final class PlayedContainer implements Outlet {

        volatile boolean ready = true;
        volatile boolean mayBlock;
        volatile boolean left = true;
        volatile boolean endsAfterFailure;
        final Semaphore looks = new Semaphore(0);
        volatile Thread lastWriter;
        volatile Runnable beforeWrite = () -> {};
        private final Semaphore refused = new Semaphore(0);
        private final ByteArrayOutputStream written = new ByteArrayOutputStream();
        private final CountDownLatch completed = new CountDownLatch(1);

        @Override
        public boolean isReady() {
            boolean answer = ready;
            if (!answer) {
                refused.release();
            }
            return answer;
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            assertTrue(ready);
            lastWriter = Thread.currentThread();
            beforeWrite.run();
            synchronized (written) {
                written.write(bytes, from, length);
            }
        }

        @Override
        public void flush() {
            assertTrue(ready);
        }

        @Override
        public void complete() {
            completed.countDown();
        }

        @Override
        public boolean mayBlock() {
            return mayBlock;
        }

        @Override
        public boolean hasLeft() {
            looks.release();
            return left;
        }

        @Override
        public long nextLook() {
            return System.nanoTime() + 1_000_000;
        }

        @Override
        public boolean endsAfterFailure() {
            return endsAfterFailure;
        }

        String text() {
            synchronized (written) {
                return written.toString(UTF_8);
            }
        }

        void awaitAsked(int times) throws InterruptedException {
            assertTrue(refused.tryAcquire(times, 5, TimeUnit.SECONDS), "was not asked");
        }

        void awaitText(String part) throws InterruptedException {
            try {
                Wait.until(part, () -> text().contains(part));
            } catch (AssertionError didNotCome) {
                throw new AssertionError(didNotCome.getMessage() + "; there is " + text(), didNotCome);
            }
        }

        CloseReason awaitEnd(EventStream stream) throws InterruptedException {
            var reason = new AtomicReference<CloseReason>();
            var told = new CountDownLatch(1);
            stream.onClose(why -> {
                assertNull(reason.getAndSet(why));
                told.countDown();
            });
            assertTrue(told.await(5, TimeUnit.SECONDS), () -> "still " + stream);
            assertTrue(completed.await(1, TimeUnit.SECONDS));
            return reason.get();
        }
    }
}
