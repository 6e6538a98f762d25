package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.web.Following.Received;

/** What becomes of a producer when its client goes, hangs or is hostile, and that nothing of it is left. */
@OnContainers(properties = {"millrace.heartbeat=1s", "millrace.stall-timeout=2s"})
class ProducersIT {

    private static final AtomicInteger NAMES = new AtomicInteger();

    @ContainerTest
    void theProducerOfTenEventsASecondStopsWithinASecondAfterItsClientClosed(Server server) throws Exception {
        for (boolean reset : new boolean[] {false, true}) {
            String name = name();
            RawConnection connection = produce(server, "ticking", name);
            readEvents(connection, 3);
            assertEquals("running", state(server, name));
            leave(connection, reset);
            Duration took = awaitEnd(server, name, Duration.ofSeconds(3));
            assertTrue(took.toMillis() <= 1_000, (reset ? "reset: " : "closed: ") + took);
        }
    }

    @ContainerTest
    void aSilentProducerStopsWithinTwoHeartbeatsAfterItsClientClosed(Server server) throws Exception {
        for (boolean reset : new boolean[] {false, true}) {
            String name = name();
            RawConnection connection = produce(server, "silent", name);
            await(() -> state(server, name).equals("running"), Duration.ofSeconds(2), () -> "not started");
            leave(connection, reset);
            Duration took = awaitEnd(server, name, Duration.ofSeconds(5));
            // the rest is the timer's step and a busy machine
            assertTrue(took.toMillis() <= 2_300, (reset ? "reset: " : "closed: ") + took);
            assertEquals("ended: InterruptedException", state(server, name));
        }
    }

    @ContainerTest
    void aClientThatReadsNothingIsEndedByTheWatchdogAndItsProducerWaitsUntilThen(Server server) throws Exception {
        String name = name();
        try (var connection = new RawConnection(server.uri("/"), 4_096)) {
            connection.request("GET", "/testapp/produce?temper=flooding&name=" + name);
            await(() -> state(server, name).startsWith("running "), Duration.ofSeconds(2), () -> "not started");
            Thread.sleep(700);
            String stuck = state(server, name);
            Thread.sleep(300);
            assertEquals(stuck, state(server, name), "the producer waits");
            int sent = Integer.parseInt(stuck.substring("running ".length()));
            assertTrue(sent * 4_000L < 8 << 20, "the window and the kernel's buffers, not more: " + sent);
            awaitEnd(server, name, Duration.ofSeconds(6));
        }
    }

    /** There a write may block, and holds a thread of ours: the stream is over for its producer all the same. */
    @ContainerTest
    void aClientThatReadsNothingOverHttp2IsEndedByTheWatchdog(Server server) throws Exception {
        String name = name();
        try (var connection = new H2Connection(server.uri("/"))) {
            connection.get("/testapp/produce?temper=flooding&name=" + name);
            await(() -> state(server, name).startsWith("running "), Duration.ofSeconds(20), () -> "not started");
            awaitEnd(server, name, Duration.ofSeconds(20));
            assertEquals("ended: StreamClosedException", state(server, name));
        }
    }

    @ContainerTest
    void hostileClientsCostNoThreadAndLeaveNothing(Server server) throws Exception {
        int each = 25;
        var connections = new ArrayList<RawConnection>();
        var names = new ArrayList<String>();
        for (int i = 0; i < each; i++) {
            for (String temper : List.of("flooding", "flooding", "ticking", "silent")) {
                String name = name();
                names.add(name);
                var connection = new RawConnection(server.uri("/"), 4_096);
                connection.request("GET", "/testapp/produce?temper=" + temper + "&name=" + name);
                connections.add(connection);
            }
        }
        for (String name : names) {
            await(() -> state(server, name).startsWith("running"), Duration.ofSeconds(10), () -> "not started");
        }
        long start = System.nanoTime();
        for (int second = 0; second < 3; second++) {
            for (int i = 0; i < each; i++) {
                readOneByte(connections.get(4 * i + 1)); // 4 * i reads nothing
            }
            if (second == 0) {
                String threads = server.threads();
                for (String stack : threads.split("\n\n")) {
                    boolean ours =
                            stack.contains("millrace.") && !stack.contains("\"millrace-") && !stack.contains("virtual");
                    assertFalse(ours, () -> "a thread of the container is held:\n" + stack);
                }
            }
            Thread.sleep(Math.max(0, (second + 1) * 1_000L - (System.nanoTime() - start) / 1_000_000));
        }
        for (int i = 0; i < connections.size(); i++) {
            leave(connections.get(i), i % 8 < 4);
        }
        for (String name : names) {
            awaitEnd(server, name, Duration.ofSeconds(8));
        }
        awaitNothingLeft(server);
    }

    @ContainerTest
    void aClientThatHalfClosesStillGetsItsStream(Server server) throws Exception {
        try (var connection = new RawConnection(server.uri("/"))) {
            connection.request("GET", "/sse/v1?n=20&interval=100");
            assertEquals(200, connection.head().status());
            connection.halfClose();
            String body = new String(connection.body(), UTF_8);
            assertEquals(
                    20, body.lines().filter(line -> line.startsWith("data: ")).count(), body);
        }
    }

    @ContainerTest
    void aFiniteStreamClosesWithAnEndEventWhoseIdStopsAnEventSource(Server server) throws Exception {
        String name = name();
        var uri = server.testapp("/produce?temper=brief&name=" + name);
        try (var stream = Following.get(uri)) {
            assertEquals(List.of("message " + name, "end {\"reason\":\"completed\"}"), texts(stream));
        }
        var again = HttpRequest.newBuilder(uri).header("Last-Event-ID", "end").build();
        assertEquals(204, Following.HTTP.send(again, BodyHandlers.discarding()).statusCode());
        assertEquals("ended: returned", state(server, name));
    }

    @ContainerTest
    void whatIsSentToAKnownUserIsStoredByNobody(Server server) throws Exception {
        for (String method : List.of("GET", "HEAD", "POST")) {
            var uri = server.testapp("/produce?temper=brief&name=" + name());
            for (String[] userAndHeader :
                    new String[][] {{"", "no-cache, no-transform"}, {"&user=ada", "private, no-store, no-transform"}}) {
                var answer = Following.HTTP.send(
                        HttpRequest.newBuilder(URI.create(uri + userAndHeader[0]))
                                .method(method, HttpRequest.BodyPublishers.noBody())
                                .build(),
                        BodyHandlers.discarding());
                assertEquals(200, answer.statusCode());
                assertEquals(
                        userAndHeader[1],
                        answer.headers().firstValue("Cache-Control").orElse(""),
                        method + userAndHeader[0]);
            }
        }
    }

    @ContainerTest
    void aProducerThatThrowsSaysSoInTheStreamWithoutItsSecrets(Server server) throws Exception {
        for (String temper : List.of("throwing", "failing")) {
            String name = name();
            var uri = server.testapp("/produce?temper=" + temper + "&name=" + name);
            try (var stream = Following.get(uri)) {
                Received first = stream.next();
                assertNotNull(first);
                assertEquals(name, first.data());
                Received problem = stream.next();
                assertNotNull(problem, temper);
                assertEquals("problem", problem.type());
                assertTrue(problem.data().contains("urn:millrace:problem:internal"), problem.data());
                assertFalse(problem.data().contains("secret"), problem.data());
                assertNull(stream.next());
                var again = HttpRequest.newBuilder(uri).header("Last-Event-ID", problem.id());
                assertEquals(
                        204,
                        Following.HTTP
                                .send(again.build(), BodyHandlers.discarding())
                                .statusCode());
            }
        }
    }

    @ContainerTest
    void aSilentStreamGetsHeartbeats(Server server) throws Exception {
        try (var connection = produce(server, "silent", name())) {
            byte[] some = new byte[100];
            var text = new StringBuilder();
            var times = new ArrayList<Long>();
            long start = System.nanoTime();
            while (!text.toString().endsWith("\n:\n:\n")) {
                int n = connection.read(some);
                assertTrue(n > 0, "ended");
                text.append(new String(some, 0, n, UTF_8));
                times.add((System.nanoTime() - start) / 1_000_000);
            }
            assertTrue(text.toString().matches("retry: \\d+\n:\n:\n"), text.toString());
            long last = times.getLast();
            assertTrue(last >= 1_300 && last < 3_000, "bytes came after " + times + " ms");
        }
    }

    /** Streams, producers and runs: neither objects nor threads. */
    static void awaitNothingLeft(Server server) throws Exception {
        Supplier<Map<String, Long>> left = () -> {
            var counts = new TreeMap<>(server.liveInstancesOf("millrace."));
            counts.keySet()
                    .retainAll(List.of(
                            "millrace.stream.EventStream", "millrace.stream.ServletOutlet", "millrace.log.Log"));
            return counts;
        };
        await(() -> left.get().isEmpty(), Duration.ofSeconds(10), () -> "left in heap: " + left.get());
        Supplier<List<String>> producers = () -> server.threadNames().stream()
                .filter(name -> name.matches("(stream|body)-\\d+"))
                .toList();
        await(() -> producers.get().isEmpty(), Duration.ofSeconds(5), () -> "left: " + server.threads());
    }

    static void await(Supplier<Boolean> condition, Duration limit, Supplier<String> otherwise)
            throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.get()) {
            assertTrue(System.nanoTime() < deadline, otherwise);
            Thread.sleep(10);
        }
    }

    private static RawConnection produce(Server server, String temper, String name) throws IOException {
        var connection = new RawConnection(server.uri("/"));
        connection.request("GET", "/testapp/produce?temper=" + temper + "&name=" + name);
        assertEquals(200, connection.head().status());
        return connection;
    }

    private static void readEvents(RawConnection connection, int count) throws IOException {
        byte[] some = new byte[1_000];
        long seen = 0;
        while (seen < count) {
            int n = connection.read(some);
            assertTrue(n > 0, "ended");
            seen += new String(some, 0, n, UTF_8)
                    .lines()
                    .filter(line -> line.startsWith("data: "))
                    .count();
        }
    }

    private static void readOneByte(RawConnection connection) throws IOException {
        try {
            connection.readRaw();
        } catch (EOFException | SocketException endedByTheWatchdog) {
            // may be
        }
    }

    private static void leave(RawConnection connection, boolean reset) throws IOException {
        if (reset) {
            connection.reset();
        } else {
            connection.close();
        }
    }

    private static Duration awaitEnd(Server server, String name, Duration limit) throws Exception {
        long start = System.nanoTime();
        await(
                () -> state(server, name).startsWith("ended"),
                limit,
                () -> name + " is " + state(server, name) + "\n" + server.threads());
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private static String state(Server server, String name) {
        try {
            var request = HttpRequest.newBuilder(server.testapp("/state?name=" + name))
                    .build();
            return Following.HTTP.send(request, BodyHandlers.ofString()).body();
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    private static List<String> texts(Following stream) throws Exception {
        return stream.rest().stream()
                .map(event -> event.type() + " " + event.data())
                .toList();
    }

    private static String name() {
        return "p" + NAMES.incrementAndGet();
    }
}
