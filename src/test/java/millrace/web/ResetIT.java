package millrace.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.sse.EventStreamParser;

/**
 * A client that resets disturbs nobody: while thousands reset at every moment of their requests, other streams get all
 * their events, in order and in time, and the server's log stays empty.
 *
 * <p>{@code -Dresets.count=100000 -Dresets.pinned=true -Dresets.busy=8} is the long form: so many resets, the server on
 * one core, and so many busy processes beside it.
 */
@OnContainers(
        properties = {
            "millrace.max-runs=1000000",
            "millrace.max-runs-per-user=1000000",
            "millrace.run-grace=1s",
            "millrace.run-kept=1s"
        })
class ResetIT {

    private static final int RESETS = Integer.getInteger("resets.count", 1_500);
    private static final int BUSY = Integer.getInteger("resets.busy", 0);
    private static final boolean PINNED = Boolean.getBoolean("resets.pinned");
    private static final int RESETTERS = 8;
    private static final int WATCHERS = 6;

    /** Far more than the interval of the events that are watched, on however slow a machine. */
    private static final Duration LATE = Duration.ofSeconds(20);

    private enum Way {
        BEFORE_THE_ANSWER,
        IN_THE_HEAD,
        AFTER_ONE_EVENT,
        IN_THE_MIDDLE,
        IN_THE_REQUEST_BODY,
        HTTP2_STREAM,
        HTTP2_CONNECTION
    }

    private final Map<Way, LongAdder> counts = new EnumMap<>(Way.class);
    private final AtomicInteger left = new AtomicInteger(RESETS);
    private final LongAdder watched = new LongAdder();
    private final AtomicLong longestGap = new AtomicLong();

    @ContainerTest
    void whoResetsDisturbsNobodyAndLeavesNothingInTheLog(Server server) throws Exception {
        for (Way way : Way.values()) {
            counts.put(way, new LongAdder());
        }
        warmUp(server);
        int before = server.log().length();
        List<Process> busy = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            if (PINNED) {
                run("taskset", "-acp", "0", Long.toString(server.pid()));
            }
            for (int i = 0; i < BUSY; i++) {
                busy.add(new ProcessBuilder("yes")
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start());
            }
            var running = new ExecutorCompletionService<Void>(threads);
            for (int i = 0; i < RESETTERS; i++) {
                running.submit(resetter(server));
            }
            for (int i = 0; i < WATCHERS; i++) {
                running.submit(watcher(server, i % 2 == 0));
            }
            try {
                for (int i = 0; i < RESETTERS + WATCHERS; i++) {
                    running.take().get();
                }
            } finally {
                left.set(0); // the first failure ends the others too
            }
        } finally {
            busy.forEach(Process::destroyForcibly);
            System.out.println("resets on " + server.container() + ": " + counts + ", events watched: " + watched
                    + ", longest gap: " + TimeUnit.NANOSECONDS.toMillis(longestGap.get()) + " ms");
        }
        // what was still on its way at the last reset ends by its next heartbeat
        awaitNoOpenStreams(server);
        assertEquals("", server.log().substring(before));
    }

    private static void warmUp(Server server) throws Exception {
        for (int i = 0; i < 20; i++) {
            try (var connection = new RawConnection(server.uri("/"))) {
                connection.request("GET", "/sse/v1?n=2&interval=0");
                assertEquals(200, connection.head().status());
                connection.body();
            }
        }
    }

    private static void awaitNoOpenStreams(Server server) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            String open = metric(server, "millrace_streams_open");
            if (open.isEmpty() || open.equals("0.0")) {
                return;
            }
            assertTrue(System.nanoTime() < deadline, open + " streams are still open");
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    /** Of the kind that is opened here; empty where there is none yet. */
    private static String metric(Server server, String name) throws IOException {
        try (var connection = new RawConnection(server.uri("/"))) {
            connection.request("GET", "/metrics");
            connection.head();
            return new String(connection.body(), UTF_8)
                    .lines()
                    .filter(line -> line.startsWith(name + "{") && !line.endsWith(" 0.0"))
                    .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                    .findFirst()
                    .orElse("");
        }
    }

    // ---- who resets ----

    private Callable<Void> resetter(Server server) {
        return () -> {
            var random = ThreadLocalRandom.current();
            while (left.get() > 0) {
                if (random.nextInt(20) == 0) { // resets many at once
                    resetOverHttp2(server);
                } else {
                    Way way = Way.values()[random.nextInt(Way.HTTP2_STREAM.ordinal())];
                    resetOverHttp1(server, way);
                    reset(way);
                }
            }
            return null;
        };
    }

    private void reset(Way way) {
        left.decrementAndGet();
        counts.get(way).increment();
    }

    private static void resetOverHttp1(Server server, Way way) throws Exception {
        var random = ThreadLocalRandom.current();
        byte[] slice = new byte[random.nextInt(20, 200)];
        try (var connection = new RawConnection(server.uri("/"))) {
            connection.readTimeout(LATE);
            if (way == Way.IN_THE_REQUEST_BODY) {
                connection.send("POST /sse/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 40\r\n\r\n{\"n\": 100, ");
                pauseNowAndThen();
            } else {
                connection.request("GET", "/sse/v1?n=1000&interval=" + random.nextInt(3));
                switch (way) {
                    case BEFORE_THE_ANSWER -> pauseNowAndThen();
                    case IN_THE_HEAD -> assertEquals('H', connection.readRaw());
                    case AFTER_ONE_EVENT -> readSome(server, connection, slice, 1);
                    default -> readSome(server, connection, slice, random.nextInt(2, 20));
                }
            }
            connection.reset();
        }
    }

    private static void readSome(Server server, RawConnection connection, byte[] slice, int times) throws IOException {
        RawConnection.Head head = connection.head();
        assertEquals(200, head.status());
        var read = new StringBuilder();
        for (int i = 0; i < times; i++) {
            int n = connection.read(slice);
            if (n < 0) {
                throw new AssertionError(
                        "a stream ended early: " + head + read + "; the server says " + whatBecameOf(server, head));
            }
            read.append(new String(slice, 0, n, UTF_8));
        }
    }

    /** The whole run, and why streams have ended. */
    private static String whatBecameOf(Server server, RawConnection.Head head) throws IOException {
        try (var run = new RawConnection(server.uri("/"));
                var metrics = new RawConnection(server.uri("/"))) {
            run.request(
                    "GET", String.valueOf(head.header("Content-Location")).replaceFirst("^.*/streams/", "/streams/"));
            int status = run.head().status();
            byte[] some = new byte[2000];
            int length = run.read(some);
            metrics.request("GET", "/metrics");
            metrics.head();
            String ends = new String(metrics.body(), UTF_8)
                    .lines()
                    .filter(line -> line.startsWith("millrace_streams_closed_total"))
                    .collect(Collectors.joining("\n"));
            return status + " " + new String(some, 0, Math.max(0, length), UTF_8) + "\n" + ends;
        }
    }

    /** So that the reset comes while the request is being read, served, or has been. */
    private static void pauseNowAndThen() throws InterruptedException {
        var random = ThreadLocalRandom.current();
        if (random.nextBoolean()) {
            TimeUnit.MICROSECONDS.sleep(random.nextInt(2_000));
        }
    }

    /** Several streams are reset on one connection, at any moment; the one beside them goes on. At last the connection. */
    private void resetOverHttp2(Server server) throws IOException, InterruptedException {
        var random = ThreadLocalRandom.current();
        try (var connection = new H2Connection(server.uri("/"))) {
            int sibling = connection.get("/sse/v1?n=100000&interval=5");
            awaitData(connection, sibling);
            for (int i = 0; i < 10 && left.get() > 0; i++) {
                int stream = connection.get("/sse/v1?n=1000&interval=" + random.nextInt(3));
                if (random.nextInt(3) > 0) {
                    awaitData(connection, stream);
                } else {
                    pauseNowAndThen();
                }
                connection.resetStream(stream);
                awaitData(connection, sibling);
                reset(Way.HTTP2_STREAM);
            }
            connection.reset();
        }
        reset(Way.HTTP2_CONNECTION);
    }

    private static void awaitData(H2Connection connection, int stream) throws IOException {
        while (true) {
            H2Connection.Frame frame = connection.read();
            assertFalse(
                    frame.type() == H2Connection.GOAWAY,
                    () -> "the whole connection was ended: " + new String(frame.payload(), ISO_8859_1));
            if (frame.stream() == stream) {
                assertFalse(frame.endsStream(), "the stream was ended, in a frame of type " + frame.type());
                if (frame.type() == H2Connection.DATA && frame.payload().length > 0) {
                    return;
                }
            }
        }
    }

    // ---- who is not to be disturbed ----

    /** @param anew with many short streams, each of which may get a response that another has just left */
    private Callable<Void> watcher(Server server, boolean anew) {
        return () -> {
            while (left.get() > 0) {
                watch(server, anew ? 10 : 500);
            }
            return null;
        };
    }

    private void watch(Server server, int events) throws IOException, InterruptedException {
        try (var connection = new RawConnection(server.uri("/"))) {
            connection.readTimeout(LATE);
            connection.request("GET", "/sse/v1?n=" + events + "&interval=5");
            RawConnection.Head head = connection.head();
            assertEquals(200, head.status());
            String location = String.valueOf(head.header("Content-Location"));
            String run = location.substring(location.lastIndexOf('/') + 1);
            var seen = new AtomicInteger();
            var parser = new EventStreamParser((type, data, lastEventId) -> {
                int number = seen.getAndIncrement();
                assertEquals(Integer.toString(number), data);
                assertEquals(run + "-" + (number + 1), lastEventId);
            });
            byte[] slice = new byte[8192];
            long last = System.nanoTime();
            for (int n = connection.read(slice); n >= 0; n = connection.read(slice)) {
                parser.feed(slice, 0, n);
                long now = System.nanoTime();
                long gap = now - last;
                last = now;
                longestGap.accumulateAndGet(gap, Math::max);
            }
            assertEquals(events, seen.get());
            watched.add(events);
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertEquals(0, process.waitFor(), String.join(" ", command));
    }
}
