package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.InputStream;
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.web.Following.Received;

/** What the endpoints for streams promise, as a client sees it. */
@OnContainers
class StreamsIT {

    @ContainerTest
    void postSseV1SendsTenEventsOneEach100MillisecondsAndNoOtherDataLine(Server server) throws Exception {
        long start = System.nanoTime();
        try (var connection = new RawConnection(server.uri("/"))) {
            connection.request("POST", "/sse/v1");
            assertEquals(200, connection.head().status());
            String body = new String(connection.body(), UTF_8);
            long millis = (System.nanoTime() - start) / 1_000_000;
            List<String> dataLines =
                    body.lines().filter(line -> line.startsWith("data")).toList();
            assertEquals(IntStream.range(0, 10).mapToObj(i -> "data: " + i).toList(), dataLines);
            assertFalse(body.contains("event:"), body);
            assertTrue(millis >= 890 && millis < 30_000, "took " + millis + " ms");
        }
    }

    /** The next one is an hour away. */
    @ContainerTest
    void nothingIsBufferedOnTheWay(Server server) throws Exception {
        try (var stream = Following.get(server.uri("/sse/v1?n=2&interval=3600000"))) {
            Received event = stream.next();
            assertNotNull(event);
            assertEquals("0", event.data());
        }
    }

    @ContainerTest
    void noEventComesBeforeItsTime(Server server) throws Exception {
        long start = System.nanoTime();
        try (var stream = Following.get(server.uri("/sse/v1?n=3&interval=300"))) {
            for (int i = 0; i < 3; i++) {
                Received event = stream.next();
                assertNotNull(event);
                long millis = (System.nanoTime() - start) / 1_000_000;
                assertEquals(Integer.toString(i), event.data());
                assertTrue(millis >= 300 * i - 10, "event " + i + " came after " + millis);
            }
            assertNull(stream.next());
        }
    }

    @ContainerTest
    void theHeadersOfAStream(Server server) throws Exception {
        try (var stream = Following.get(server.uri("/sse/v1?n=1"))) {
            assertEquals("text/event-stream;charset=utf-8", lower(stream.header("Content-Type")));
            assertEquals("no-cache, no-transform", stream.header("Cache-Control"));
            assertEquals("no", stream.header("X-Accel-Buffering"));
            String location = stream.header("Content-Location");
            assertNotNull(location);
            assertTrue(location.matches("\\.\\./streams/[A-Za-z0-9_-]{22}"), location);
            String secret = stream.header("Millrace-Run-Secret");
            assertNotNull(secret);
            assertTrue(secret.matches("[A-Za-z0-9_-]{22}"), secret);
        }
    }

    @ContainerTest
    void theReconnectionTimeIsToldFirstAndJitters(Server server) throws Exception {
        var told = new ArrayList<Long>();
        for (int i = 0; i < 8; i++) {
            try (var stream = Following.get(server.uri("/sse/v1?n=1"))) {
                assertNotNull(stream.next());
                Duration retry = stream.retry();
                assertNotNull(retry);
                told.add(retry.toMillis());
            }
        }
        assertTrue(told.stream().allMatch(millis -> millis >= 1_300 && millis <= 2_700), told.toString());
        assertTrue(told.stream().distinct().count() > 1, told.toString());
    }

    @ContainerTest
    void headAnswersWithTheHeadersAndStartsNoRun(Server server) throws Exception {
        double before = metric(server, "millrace_runs_held");
        HttpResponse<byte[]> head =
                send(HttpRequest.newBuilder(server.uri("/sse/v1?n=5")).HEAD());
        assertEquals(200, head.statusCode());
        assertEquals(
                "text/event-stream;charset=utf-8",
                lower(head.headers().firstValue("Content-Type").orElse("")));
        assertEquals(
                "no-cache, no-transform",
                head.headers().firstValue("Cache-Control").orElse(""));
        assertEquals(0, head.body().length);
        assertEquals(before, metric(server, "millrace_runs_held"));
        assertProblem(
                400,
                "bad-parameter",
                HttpRequest.newBuilder(server.uri("/sse/v1?n=0")).GET());
    }

    /** With the heartbeat of the settings, 15 s: it is not that which tells. */
    @ContainerTest
    void overHttp2ASilentProducerIsInterruptedAtOnceWhenItsClientLeaves(Server server) throws Exception {
        try (HttpClient http2 =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build()) {
            // the first request of a connection upgrades it
            http2.send(HttpRequest.newBuilder(server.uri("/health/live")).build(), BodyHandlers.discarding());
            for (int i = 0; i < 5; i++) {
                String name = "h2-" + System.nanoTime();
                URI state = server.testapp("/state?name=" + name);
                HttpResponse<InputStream> answer = http2.send(
                        HttpRequest.newBuilder(server.testapp("/produce?temper=silent&name=" + name))
                                .build(),
                        BodyHandlers.ofInputStream());
                assertEquals("HTTP_2 200", answer.version() + " " + answer.statusCode());
                Supplier<String> now = () -> {
                    try {
                        return new String(send(HttpRequest.newBuilder(state)).body(), UTF_8);
                    } catch (Exception failed) {
                        throw new AssertionError(failed);
                    }
                };
                ProducersIT.await(() -> now.get().equals("running"), Duration.ofSeconds(5), now);
                answer.body().close();
                ProducersIT.await(() -> now.get().equals("ended: InterruptedException"), Duration.ofSeconds(2), now);
            }
        }
    }

    @ContainerTest
    void noSseAnswersPlainJson(Server server) throws Exception {
        HttpResponse<byte[]> answer =
                send(HttpRequest.newBuilder(server.uri("/sse/no_sse")).POST(BodyPublishers.noBody()));
        assertEquals(200, answer.statusCode());
        assertEquals("{\"message\":\"Hello World\"}", new String(answer.body(), UTF_8));
        assertTrue(answer.headers().firstValue("Content-Type").orElse("").startsWith("application/json"));
    }

    @ContainerTest
    void parametersMayComeInTheQueryInAFormOrAsJson(Server server) throws Exception {
        assertEquals(
                3,
                events(HttpRequest.newBuilder(server.uri("/sse/v1?n=3&interval=0"))
                                .GET())
                        .size());
        assertEquals(
                4,
                events(HttpRequest.newBuilder(server.uri("/sse/v1"))
                                .header("Content-Type", "application/x-www-form-urlencoded")
                                .POST(BodyPublishers.ofString("n=4&interval=0")))
                        .size());
        assertEquals(
                5,
                events(HttpRequest.newBuilder(server.uri("/sse/v1?interval=0"))
                                .header("Content-Type", "application/json; charset=utf-8")
                                .POST(BodyPublishers.ofString("{\"n\": 5}")))
                        .size());
    }

    @ContainerTest
    void everyEventNamesTheRunAndItsPosition(Server server) throws Exception {
        try (var stream = Following.post(server.uri("/sse/v1?n=5&interval=0"))) {
            String run = runOf(stream);
            assertEquals(events(run, 1, 5), stream.rest());
        }
    }

    @ContainerTest
    void anEndedRunIsReadAgainFromEveryPositionAndAnswers204AtItsEnd(Server server) throws Exception {
        String run;
        try (var stream = Following.get(server.uri("/sse/v1?n=10&interval=0"))) {
            run = runOf(stream);
            assertEquals(events(run, 1, 10), stream.rest());
        }
        for (String path : List.of("/sse/v1", "/sse/v1?n=10&interval=0", "/streams/" + run)) {
            for (int after = 0; after < 10; after++) {
                try (var again = Following.get(server.uri(path), "Last-Event-ID", run + "-" + after)) {
                    assertEquals("../streams/" + run, again.header("Content-Location"));
                    assertEquals(events(run, after + 1, 10), again.rest(), path + " after " + after);
                }
            }
            HttpResponse<byte[]> done =
                    send(HttpRequest.newBuilder(server.uri(path)).header("Last-Event-ID", run + "-10"));
            assertEquals(204, done.statusCode(), path);
        }
        try (var whole = Following.get(server.uri("/streams/" + run))) {
            assertEquals(events(run, 1, 10), whole.rest());
        }
        for (String name : List.of("last_event_id", "lastEventID", "lastEventId", "Last-Event-ID")) {
            try (var again = Following.get(server.uri("/streams/" + run + "?" + name + "=" + run + "-7"))) {
                assertEquals(events(run, 8, 10), again.rest(), name);
            }
        }
        try (var again = Following.get(
                server.uri("/streams/" + run + "?last_event_id=" + run + "-2"), "Last-Event-ID", run + "-7")) {
            assertEquals(events(run, 8, 10), again.rest(), "the header is fresher than the query of a URL");
        }
    }

    @ContainerTest
    void aCutReaderResumesWithoutLossOrRepetitionWhereverItWasCut(Server server) throws Exception {
        for (int at = 1; at < 10; at++) {
            var all = new ArrayList<Received>();
            String run;
            try (var stream = Following.get(server.uri("/sse/v1?n=10&interval=20"))) {
                run = runOf(stream);
                for (int i = 0; i < at; i++) {
                    all.add(stream.next());
                }
                HttpResponse<byte[]> cut = send(HttpRequest.newBuilder(server.uri("/streams/" + run + "/cut"))
                        .POST(BodyPublishers.noBody()));
                assertEquals(204, cut.statusCode());
                all.addAll(stream.rest());
            }
            while (all.size() < 10) {
                // what EventSource does by itself: the same URL with the last id it saw
                try (var stream = Following.get(
                        server.uri("/sse/v1?n=10&interval=20"),
                        "Last-Event-ID",
                        all.getLast().id())) {
                    all.addAll(stream.rest());
                }
            }
            assertEquals(events(run, 1, 10), all, "cut after " + at);
        }
    }

    @ContainerTest
    void severalReadersFollowOneRunEachFromWhereItComesIn(Server server) throws Exception {
        try (var stream = Following.get(server.uri("/sse/v1?n=30&interval=20"));
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            String run = runOf(stream);
            var readers = new ArrayList<Future<List<Received>>>();
            for (int i = 1; i <= 12; i++) {
                int after = i;
                assertEquals(run + "-" + i, stream.next().id());
                Callable<List<Received>> reader = () -> {
                    try (var other = after % 2 == 0
                            ? Following.get(server.uri("/streams/" + run))
                            : Following.get(server.uri("/sse/v1"), "Last-Event-ID", run + "-" + after)) {
                        return other.rest();
                    }
                };
                readers.add(threads.submit(reader));
            }
            assertEquals(events(run, 13, 30), stream.rest());
            for (int i = 1; i <= 12; i++) {
                assertEquals(
                        events(run, i % 2 == 0 ? 1 : i + 1, 30),
                        readers.get(i - 1).get(),
                        "reader " + i);
            }
        }
    }

    @ContainerTest
    void aReaderThatLeavesDoesNotStopTheRun(Server server) throws Exception {
        String run;
        try (var stream = Following.get(server.uri("/sse/v1?n=10&interval=50"))) {
            run = runOf(stream);
            stream.next();
        }
        try (var later = Following.get(server.uri("/streams/" + run))) {
            assertEquals(events(run, 1, 10), later.rest());
        }
    }

    @ContainerTest
    void onlyWhoHasTheSecretStopsARun(Server server) throws Exception {
        try (var stream = Following.get(server.uri("/sse/v1?n=1000&interval=50"))) {
            String run = runOf(stream);
            URI uri = server.uri("/streams/" + run);
            assertNotNull(stream.next());
            assertProblem(403, "forbidden", HttpRequest.newBuilder(uri).DELETE());
            assertProblem(
                    403,
                    "forbidden",
                    HttpRequest.newBuilder(uri)
                            .header("Millrace-Run-Secret", "AAAAAAAAAAAAAAAAAAAAAA")
                            .DELETE());
            assertNotNull(stream.next(), "it goes on");
            String secret = stream.header("Millrace-Run-Secret");
            assertEquals(
                    204,
                    send(HttpRequest.newBuilder(uri)
                                    .header("Millrace-Run-Secret", secret)
                                    .DELETE())
                            .statusCode());
            List<Received> rest = stream.rest();
            int last = rest.size() + 2;
            assertTrue(last < 100, "ended after " + last);
            assertEquals(
                    204,
                    send(HttpRequest.newBuilder(uri).header("Last-Event-ID", run + "-" + last))
                            .statusCode());
        }
    }

    @ContainerTest
    void anApplicationOfItsOwnHasTheRunsOfItsServletsInItsOwnPlace(Server server) throws Exception {
        URI nowhere = server.testapp("/streams/AAAAAAAAAAAAAAAAAAAAAA");
        assertProblem(404, "not-found", HttpRequest.newBuilder(nowhere));
        try (var stream = Following.get(server.testapp("/resumable"))) {
            String location = stream.header("Content-Location");
            assertTrue(location.startsWith("streams/"), location);
            String run = location.substring("streams/".length());
            assertEquals(run + "-1", stream.next().id());
            try (var again = Following.get(server.testapp("/" + location), "Last-Event-ID", run + "-1")) {
                assertEquals(new Received("message", "1", run + "-2"), again.next());
                assertEquals(new Received("message", "2", run + "-3"), again.next());
                assertProblem(404, "not-found", HttpRequest.newBuilder(server.uri("/streams/" + run)));
                assertProblem(
                        403,
                        "forbidden",
                        HttpRequest.newBuilder(server.testapp("/" + location)).DELETE());
                String secret = stream.header("Millrace-Run-Secret");
                HttpResponse<byte[]> stopped = send(HttpRequest.newBuilder(server.testapp("/" + location))
                        .header("Millrace-Run-Secret", secret)
                        .DELETE());
                assertEquals(204, stopped.statusCode());
                assertNull(again.next(), "ended");
            }
        }
    }

    @ContainerTest
    void theSecretIsNotGivenToOtherReaders(Server server) throws Exception {
        try (var stream = Following.get(server.uri("/sse/v1?n=2&interval=0"))) {
            String run = runOf(stream);
            assertNotNull(stream.next(), "position 1 is one from now on");
            try (var other = Following.get(server.uri("/streams/" + run))) {
                assertNull(other.header("Millrace-Run-Secret"));
            }
            try (var other = Following.get(server.uri("/sse/v1"), "Last-Event-ID", run + "-1")) {
                assertNull(other.header("Millrace-Run-Secret"));
            }
        }
    }

    @ContainerTest
    void whatIsNoPositionOfAHeldRunIsRefused(Server server) throws Exception {
        String unknown = "AAAAAAAAAAAAAAAAAAAAAA";
        assertProblem(404, "not-found", HttpRequest.newBuilder(server.uri("/streams/" + unknown)));
        assertProblem(
                404,
                "not-found",
                HttpRequest.newBuilder(server.uri("/streams/" + unknown)).DELETE());
        assertProblem(404, "not-found", HttpRequest.newBuilder(server.uri("/streams/short")));
        assertProblem(404, "not-found", HttpRequest.newBuilder(server.uri("/streams/")));
        assertProblem(
                404,
                "not-found",
                HttpRequest.newBuilder(server.uri("/sse/v1")).header("Last-Event-ID", unknown + "-3"));
        String run;
        try (var stream = Following.get(server.uri("/sse/v1?n=3&interval=0"))) {
            run = runOf(stream);
            stream.rest();
        }
        for (String bad : List.of(
                "4",
                run,
                run + "-",
                run + "-x",
                run + "--1",
                run + "-4",
                run + "-999999999999999999999",
                unknown + "-1",
                "x".repeat(129),
                run + "-1\u00e9")) {
            String query = "?last_event_id=" + bad.replace("\u00e9", "%C3%A9");
            assertGapAndAll(run, bad, Following.get(server.uri("/streams/" + run + query)));
            if (!bad.endsWith("\u00e9")) {
                assertGapAndAll(run, bad, Following.get(server.uri("/streams/" + run), "Last-Event-ID", bad));
            }
        }
        for (String bad : List.of("4", "x".repeat(129), "x".repeat(2_000), run + "-999999999999999999999")) {
            URI three = server.uri("/sse/v1?n=3&interval=0");
            assertGapAndAll(null, bad, Following.get(three, "Last-Event-ID", bad));
            assertGapAndAll(null, bad, Following.get(URI.create(three + "&lastEventId=" + bad)));
        }
        assertGapAndAll(run, run + "-4", Following.get(server.uri("/sse/v1"), "Last-Event-ID", run + "-4"));
    }

    /** @param run whose events come; {@code null} for a new one */
    private static void assertGapAndAll(String run, String requested, Following stream) throws Exception {
        try (stream) {
            String from = runOf(stream);
            assertTrue(run == null || run.equals(from), from);
            Received gap = stream.next();
            assertEquals("gap", gap.type());
            assertEquals(from + "-0", gap.id());
            JsonObject told = Json.createReader(new StringReader(gap.data())).readObject();
            assertEquals(requested.substring(0, Math.min(128, requested.length())), told.getString("requested"));
            assertEquals(from + "-0", told.getString("continues_after"));
            assertEquals(events(from, 1, 3), stream.rest());
        }
    }

    /** Polyfills and old clients put it there. */
    @ContainerTest
    void everyResumableStreamTakesTheLastEventIdFromItsUrlToo(Server server) throws Exception {
        for (String path : List.of("/sse/v1?n=3&interval=0&", "/testapp/resumable?")) {
            String first;
            try (var stream = Following.get(server.uri(path))) {
                first = stream.next().id();
            }
            for (String name : List.of("last_event_id", "lastEventID", "lastEventId", "Last-Event-ID")) {
                try (var again = Following.get(server.uri(path + name + "=" + first))) {
                    String run = first.substring(0, 22);
                    assertEquals(new Received("message", "1", run + "-2"), again.next());
                    assertEquals(new Received("message", "2", run + "-3"), again.next());
                }
            }
        }
        var finite = server.testapp("/produce?temper=brief&name=url&lastEventId=end");
        assertEquals(204, send(HttpRequest.newBuilder(finite)).statusCode());
    }

    @ContainerTest
    void aRunClosesWithAnEndEventWhereItsServletWantsThat(Server server) throws Exception {
        String run;
        try (var stream = Following.get(server.testapp("/ending"))) {
            run = stream.header("Content-Location").replaceFirst(".*/", "");
            assertEquals(
                    List.of(
                            new Received("message", "0", run + "-1"),
                            new Received("end", "{\"reason\":\"completed\"}", run + "-3")),
                    stream.rest());
        }
        for (int seen = 1; seen <= 3; seen++) { // the second says a retry and no event
            var again =
                    send(HttpRequest.newBuilder(server.testapp("/ending")).header("Last-Event-ID", run + "-" + seen));
            assertEquals(seen < 3 ? 200 : 204, again.statusCode(), "after " + seen);
        }
    }

    @ContainerTest
    void aPositionThatWasDroppedIsAStatusForOneWhoReadsStatusesAndAGapForAnEventSource(Server server) throws Exception {
        String run;
        int count = 100_000;
        try (var stream = Following.get(server.uri("/sse/v1?n=" + count + "&interval=0"))) {
            run = runOf(stream);
            assertEquals(events(run, 1, count), stream.rest(), "a run longer than its log is read whole");
        }
        JsonObject problem = assertProblem(
                409,
                "gone-from-log",
                HttpRequest.newBuilder(server.uri("/streams/" + run)).header("Last-Event-ID", run + "-1"));
        assertTrue(problem.getString("detail").contains(run), problem.toString());
        for (String path : List.of("/sse/v1", "/streams/" + run)) {
            try (var stream =
                    Following.get(server.uri(path), "Last-Event-ID", run + "-1", "Accept", "text/event-stream")) {
                Received gap = stream.next();
                assertNotNull(gap);
                assertEquals("gap", gap.type());
                assertTrue(gap.id().startsWith(run + "-"), gap.id());
                int from = Integer.parseInt(gap.id().substring(23)) + 1;
                assertTrue(from > 2, gap.id());
                JsonObject told =
                        Json.createReader(new StringReader(gap.data())).readObject();
                assertEquals(run + "-1", told.getString("requested"));
                assertEquals(gap.id(), told.getString("continues_after"));
                assertEquals(events(run, from, count), stream.rest());
            }
        }
        try (var stream = Following.get(server.uri("/streams/" + run))) {
            Received first = stream.next();
            assertNotNull(first);
            assertEquals("message", first.type(), "who asked for no position has missed nothing");
            int from = Integer.parseInt(first.id().substring(23));
            assertEquals(events(run, from + 1, count), stream.rest());
        }
    }

    // ---- how it is asked and told ----

    private static String lower(String text) {
        return text == null ? "" : text.toLowerCase(java.util.Locale.ROOT).replace("; ", ";");
    }

    private static String runOf(Following stream) {
        return stream.header("Content-Location").substring("../streams/".length());
    }

    /** The events at those positions, which carry their number from 0. */
    private static List<Received> events(String run, int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(position -> new Received("message", Integer.toString(position - 1), run + "-" + position))
                .toList();
    }

    private static HttpResponse<byte[]> send(HttpRequest.Builder request) throws Exception {
        return Following.HTTP.send(request.build(), BodyHandlers.ofByteArray());
    }

    private static List<String> events(HttpRequest.Builder request) throws Exception {
        HttpResponse<byte[]> response = send(request);
        assertEquals(200, response.statusCode());
        return new String(response.body(), UTF_8)
                .lines()
                .filter(line -> line.startsWith("data: "))
                .toList();
    }

    private static JsonObject assertProblem(int status, String type, HttpRequest.Builder request) throws Exception {
        return Problems.assertProblem(status, type, send(request));
    }

    private static double metric(Server server, String name) throws Exception {
        String text =
                new String(send(HttpRequest.newBuilder(server.uri("/metrics"))).body(), UTF_8);
        return text.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " in\n" + text));
    }
}
