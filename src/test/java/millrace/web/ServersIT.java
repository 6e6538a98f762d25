package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static millrace.web.HubClient.bearer;
import static millrace.web.HubClient.form;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import millrace.harness.Distribution;
import millrace.harness.Server;
import millrace.web.Following.Received;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The untouched WAR on servers as their makers ship them, at {@code /millrace}, seen from outside only. Run by
 * {@code mvn -Pservers verify}; {@code -Dservers=wildfly,liberty} chooses, and a run on all of them with {@code -Dwrite}
 * writes the README's table.
 */
@EnabledIfSystemProperty(named = "server.repository", matches = ".*", disabledReason = "mvn -Pservers verify runs it")
@ParameterizedClass(name = "{0}")
@MethodSource("servers")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(600)
class ServersIT {

    private static final Map<String, String> SETTINGS = Map.ofEntries(
            Map.entry("millrace.heartbeat", "1s"),
            Map.entry("millrace.stall-timeout", "5s"),
            Map.entry("millrace.drain-time", "2s"),
            Map.entry("millrace.max-streams", "200"),
            Map.entry("millrace.hub.publisher-key", HubClient.KEY),
            Map.entry("millrace.hub.anonymous", "true"),
            Map.entry("millrace.hub.channel-bytes", "32m"),
            Map.entry("millrace.hub.publish-roles", "publisher"),
            Map.entry("millrace.hub.subscribe-roles", "subscriber"),
            Map.entry("millrace.hub.role-topics", "staff https://example.com/staff/{id}"),
            Map.entry("millrace.guide.pace", "200"));

    private static final String KINDS_OF_STREAMS = "/sse/v1?n=100000&interval=100";

    private static final ServersTable TABLE = new ServersTable();

    /** Of clients that have read nothing: a server may keep these for a while. */
    private static final List<RawConnection> SILENT = new ArrayList<>();

    private static @Nullable Server running;
    private static int logOfItsOwn;

    @Parameter
    Distribution distribution;

    private final String topic = "https://example.com/" + UUID.randomUUID();

    static List<Distribution> servers() {
        return Distribution.chosen();
    }

    /** What the server complains of before Millrace has come is its own affair. */
    @BeforeParameterizedClassInvocation
    static void start(Distribution distribution) throws Exception {
        Server server = Server.start(distribution, SETTINGS);
        running = server;
        distribution.setUp(server);
        logOfItsOwn = distribution.log(server).length();
        distribution.deploy(server);
        await("it is deployed", Duration.ofMinutes(3), () -> status(server.uri("/health/ready")) == 200);
    }

    @AfterParameterizedClassInvocation
    static void end() {
        if (running != null) {
            running.close();
        }
    }

    @AfterAll
    static void table() throws IOException {
        TABLE.writeIfWhole();
    }

    private static Server server() {
        if (running == null) {
            throw new IllegalStateException("not started");
        }
        return running;
    }

    private final HubClient hub = new HubClient(server());

    @Test
    @Order(1)
    void thePageComesWithItsHeaders() throws Exception {
        HttpResponse<byte[]> page = hub.get(server().uri("/"));
        String text = new String(page.body(), UTF_8);
        assertEquals(200, page.statusCode(), text);
        assertTrue(text.startsWith("<!doctype html>"), text);
        assertFalse(text.contains("${"), "an expression was not evaluated");
        assertPageHeaders(page);
        assertEquals(
                "text/html;charset=utf-8",
                header(page, "Content-Type").replace(" ", "").toLowerCase());

        HttpResponse<byte[]> script = hub.get(server().uri("/page/main.js"));
        assertEquals(200, script.statusCode());
        assertTrue(header(script, "Content-Type").matches("(text|application)/javascript.*"));
        assertPageHeaders(script);

        HttpResponse<byte[]> withoutSlash = hub.get(server().at("/millrace"));
        assertTrue(Set.of(301, 302, 307, 308).contains(withoutSlash.statusCode()), () -> "" + withoutSlash);
        assertTrue(header(withoutSlash, "Location").endsWith("/millrace/"), header(withoutSlash, "Location"));
        for (String hidden : List.of("/WEB-INF/index.jsp", "/WEB-INF/web.xml")) {
            assertEquals(404, hub.get(server().uri(hidden)).statusCode(), hidden); // some servers' own page
        }
        for (String missing : List.of("/index.jsp", "/none/such", "/page/none.js")) {
            Problems.assertProblem(404, "not-found", hub.get(server().uri(missing)));
        }
        TABLE.put(distribution, "page", "yes");
    }

    private static void assertPageHeaders(HttpResponse<byte[]> page) {
        assertEquals(PageFilter.CONTENT_SECURITY_POLICY, header(page, "Content-Security-Policy"));
        assertEquals("no-referrer", header(page, "Referrer-Policy"));
        assertEquals("no-cache", header(page, "Cache-Control"));
        assertEquals("nosniff", header(page, "X-Content-Type-Options"));
        assertEquals("", header(page, "Set-Cookie"));
    }

    @Test
    @Order(2)
    void streamsComeEventByEventAndResume() throws Exception {
        long begin = System.nanoTime();
        List<Long> arrived = new ArrayList<>();
        List<Received> ten = new ArrayList<>();
        try (Following stream = Following.get(server().uri("/sse/v1"))) {
            assertEquals(
                    "text/event-stream;charset=utf-8",
                    stream.header("Content-Type").replace(" ", "").toLowerCase());
            for (Received event = stream.next(); event != null; event = stream.next()) {
                ten.add(event);
                arrived.add((System.nanoTime() - begin) / 1_000_000);
            }
        }
        assertEquals(numbers(0, 10), data(ten));
        assertTrue(arrived.getLast() - arrived.getFirst() > 600, "not as they were sent, but at " + arrived);
        String last = ten.getLast().id();
        assertEquals(204, status(server().uri("/sse/v1"), "Last-Event-ID", last), "a finished one stays away");

        List<Received> read = new ArrayList<>();
        try (Following stream = Following.get(server().uri("/sse/v1?n=30&interval=50"))) {
            while (read.size() < 5) {
                read.add(stream.next());
            }
        }
        try (Following stream = Following.get(
                server().uri("/sse/v1?n=30&interval=50"),
                "Last-Event-ID",
                read.getLast().id())) {
            read.addAll(stream.rest());
        }
        assertEquals(numbers(0, 30), data(read));

        HttpResponse<byte[]> posted =
                hub.send("POST", server().uri("/sse/v1"), "{\"n\":3,\"interval\":0}", "application/json");
        assertEquals(3, new String(posted.body(), UTF_8).split("data:", -1).length - 1);
        Problems.assertProblem(400, "bad-parameter", hub.get(server().uri("/sse/v1?n=none")));
        TABLE.put(distribution, "streams, resume", "yes");
    }

    /** All of it at once; the eyes of the client that leaves are the server's metrics. */
    @Test
    @Order(3)
    void aClientThatLeavesIsNoticed() throws Exception {
        double before = closed("client_gone");
        try (var resetting = new RawConnection(server().uri("/"));
                var closing = new RawConnection(server().uri("/"))) {
            for (RawConnection one : List.of(resetting, closing)) {
                one.request("GET", path(KINDS_OF_STREAMS));
                assertEquals(200, one.head().status());
            }
            resetting.reset();
        }
        await("both are counted as gone", () -> closed("client_gone") >= before + 2 && open() == 0);
        TABLE.put(distribution, "client leaves", "yes");
    }

    /** The readers that read nothing cost next to nothing, are ended, and hold up nobody. */
    @Test
    @Order(4)
    void aClientThatReadsNothingIsEndedAndTheOthersAreNotHeldUp() throws Exception {
        int stalled = 20;
        int updates = 128;
        String body = "x".repeat(64 * 1024);
        double before = closed("too_slow");
        long heapBefore = server().liveBytes();
        try (Following reader = Following.get(hub.hub("topic", topic))) {
            for (int i = 0; i < stalled; i++) {
                var one = new RawConnection(server().uri("/"), 4096);
                SILENT.add(one);
                one.request("GET", path("/.well-known/mercure?" + form("topic", topic)));
                assertEquals(200, one.head().status());
            }
            for (int i = 0; i < updates; i++) {
                hub.publish("topic", topic, "data", i + body);
                Received next = reader.next();
                assertNotNull(next);
                assertTrue(next.data().startsWith(i + "x"), () -> next.data().substring(0, 9));
            }
            long published = System.nanoTime();
            long held = server().liveBytes() - heapBefore;
            // the log holds each update once; what a server holds for each reader is bounded
            long most = (updates + 64) * 64L * 1024 + stalled * 512L * 1024;
            assertTrue(held < most, () -> held + " bytes are held for readers that read nothing; at most " + most);
            await("all are ended", Duration.ofSeconds(10), () -> closed("too_slow") >= before + stalled);
            long took = (System.nanoTime() - published) / 1_000_000_000;
            System.out.println(
                    distribution + ": stalled readers held " + held / 1024 + " KiB, ended after " + took + " s");
            hub.publish("topic", topic, "data", "one more");
            Received next = reader.next();
            assertEquals("one more", next == null ? null : next.data());
            await("their memory is free", () -> server().liveBytes() - heapBefore < (updates + 64) * 64L * 1024);
        }
        await("no stream is open", () -> open() == 0);
        TABLE.put(distribution, "reads nothing: ended in time, memory bounded", "yes");
    }

    @Test
    @Order(5)
    void aSlowReaderGetsAll() throws Exception {
        String body = "y".repeat(64 * 1024);
        int updates = 64;
        try (var slow = new RawConnection(server().uri("/"), 16 * 1024)) {
            slow.request("GET", path("/.well-known/mercure?" + form("topic", topic)));
            assertEquals(200, slow.head().status());
            for (int i = 0; i < updates; i++) {
                hub.publish("topic", topic, "data", i + body);
            }
            int next = 0;
            var text = new StringBuilder();
            byte[] some = new byte[128 * 1024];
            while (next < updates) {
                int n = slow.read(some);
                assertTrue(n >= 0, "it was ended");
                text.append(new String(some, 0, n, UTF_8));
                int at;
                while (next < updates && (at = text.indexOf("data: " + next + "y")) >= 0) {
                    text.delete(0, at + 6);
                    next++;
                    Thread.sleep(10); // slower than they were published
                }
            }
        }
        TABLE.put(distribution, "slow reader", "yes");
    }

    @Test
    @Order(6)
    void theHubDeliversReplaysAndKeepsWhatIsPrivate() throws Exception {
        String first;
        try (Following anyone = Following.get(hub.hub("topic", topic));
                Following granted = Following.get(
                        hub.hub("topic", topic), "Authorization", bearer("sub", "", "\"" + topic + "\""))) {
            first = hub.publish("topic", topic, "data", "1");
            hub.publish("topic", topic, "data", "secret", "private", "on");
            hub.publish("topic", topic, "data", "3");
            assertEquals(
                    List.of("1", "3"),
                    List.of(anyone.next().data(), anyone.next().data()));
            assertEquals(
                    List.of("1", "secret", "3"),
                    List.of(
                            granted.next().data(),
                            granted.next().data(),
                            granted.next().data()));
        }
        try (Following again = Following.get(hub.hub("topic", topic), "Last-Event-ID", first)) {
            assertEquals("3", again.next().data());
            hub.publish("topic", topic, "data", "4");
            assertEquals("4", again.next().data());
        }
        assertEquals(
                403,
                hub.post(form("topic", topic, "data", "x"), "Authorization", bearer("none", "", "\"*\""))
                        .statusCode());
        TABLE.put(distribution, "hub: live, replay, private", "yes");
    }

    @Test
    @Order(7)
    void whoIsThereIsToldByPathAndByQuery() throws Exception {
        String presence = "/.well-known/mercure/subscriptions";
        for (String name : HubPathsIT.TOPICS) {
            String mine = name + "#" + UUID.randomUUID();
            String path = presence + "/" + HubPathsIT.encode(mine);
            String granted = bearer("who", "", "\"" + path + "{/subscriber}\", \"" + path + "\"");
            try (Following there = Following.get(hub.hub("topic", mine))) {
                assertNotNull(there.header("Content-Type"));
                await("it is there by the query", () -> {
                    var asked = hub.get(server().uri(presence + "?" + form("topic", mine)), "Authorization", granted);
                    return asked.statusCode() == 200 && new String(asked.body(), UTF_8).contains("urn:uuid");
                });
                if (distribution.noPresenceByPath().isEmpty()) {
                    HubPathsIT.find(server(), path, mine, "topic", granted, bearer("other", "", "\"" + mine + "\""));
                }
            }
        }
        TABLE.put(
                distribution,
                "presence by path",
                distribution.noPresenceByPath().isEmpty() ? "yes" : distribution.noPresenceByPath());
    }

    @Test
    @Order(8)
    void theChatStreamsResumesAndAnswersAsync() throws Exception {
        String question =
                "{\"model\":\"guide\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"What is a hub?\"}]}";
        URI completions = server().uri("/v1/chat/completions");
        HttpResponse<byte[]> streamed = hub.send("POST", completions, question, "application/json");
        String text = new String(streamed.body(), UTF_8);
        assertEquals(200, streamed.statusCode(), text);
        assertTrue(text.endsWith("data: [DONE]\n\n"), text);

        HttpResponse<byte[]> accepted =
                hub.send("POST", completions, question, "application/json", "Prefer", "respond-async");
        assertEquals(202, accepted.statusCode());
        assertEquals("respond-async", header(accepted, "Preference-Applied"));
        URI run = completions.resolve(header(accepted, "Content-Location"));
        List<Received> read = new ArrayList<>();
        try (Following answer = Following.get(run)) {
            while (read.size() < 3) {
                read.add(answer.next());
            }
        }
        try (Following answer =
                Following.get(run, "Last-Event-ID", read.getLast().id())) {
            read.addAll(answer.rest());
        }
        assertEquals("[DONE]", read.getLast().data());
        try (Following again = Following.get(run)) {
            assertEquals(data(read), data(again.rest()));
        }
        HttpResponse<byte[]> unknown =
                hub.send("POST", completions, question.replace("guide", "none"), "application/json");
        assertEquals(404, unknown.statusCode());
        assertTrue(
                new String(unknown.body(), UTF_8).contains("model_not_found"), () -> new String(unknown.body(), UTF_8));
        assertEquals(400, hub.send("POST", completions, "{", "application/json").statusCode());
        TABLE.put(distribution, "chat: resume, respond-async", "yes");
    }

    @Test
    @Order(9)
    void twoHundredStreamAtOnceAndTheNextIsTold() throws Exception {
        await("no stream is open", () -> open() == 0);
        int all = 200;
        List<RawConnection> streams = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<RawConnection>> opened = new ArrayList<>();
            for (int i = 0; i < all; i++) {
                opened.add(threads.submit(() -> {
                    var one = new RawConnection(server().uri("/"));
                    one.readTimeout(Duration.ofSeconds(60));
                    one.request("GET", path(KINDS_OF_STREAMS));
                    assertEquals(200, one.head().status());
                    return one;
                }));
            }
            for (Future<RawConnection> one : opened) {
                streams.add(one.get(60, TimeUnit.SECONDS));
            }
            List<Future<?>> read = new ArrayList<>();
            for (RawConnection one : streams) {
                Callable<Void> reader = () -> {
                    var text = new StringBuilder();
                    byte[] some = new byte[1024];
                    while (!text.toString().contains("data: 3\n")) {
                        int n = one.read(some);
                        assertTrue(n >= 0, () -> "ended after " + text);
                        text.append(new String(some, 0, n, UTF_8));
                    }
                    return null;
                };
                read.add(threads.submit(reader));
            }
            for (Future<?> one : read) {
                one.get(60, TimeUnit.SECONDS);
            }
            HttpResponse<byte[]> refused = hub.get(server().uri("/sse/v1"), "Accept", "*/*");
            Problems.assertProblem(503, "unavailable", refused);
            assertFalse(header(refused, "Retry-After").isEmpty());
        } finally {
            for (RawConnection one : streams) {
                one.close();
            }
        }
        await("all are counted out", () -> open() == 0);
        assertEquals(200, status(server().uri("/sse/v1?n=1")));
        Problems.assertProblem(
                413,
                "body-too-large",
                hub.send(
                        "POST",
                        server().uri("/sse/v1"),
                        "n=" + "1".repeat(100_000),
                        "application/x-www-form-urlencoded"));
        TABLE.put(distribution, "200 at once, limits", "yes");
    }

    @Test
    @Order(10)
    void theServersOwnUsersLogInAndTheirRolesDecide() throws Exception {
        String mine = "https://example.com/staff/" + UUID.randomUUID();
        URI login = server().at("/millrace-login/.well-known/mercure");
        URI reading = URI.create(login + "?" + form("topic", mine));
        distribution.deployLogin(server());
        await("the copy with a login is deployed", Duration.ofMinutes(2), () -> status(reading) == 401);
        assertEquals(401, status(reading, "Authorization", basic("pat", "wrong")));
        assertEquals(200, status(server().at("/millrace-login/health/live")), "the rest needs no login");
        try (Following sam = Following.get(reading, "Authorization", basic("sam", "secret"));
                Following kim = Following.get(reading, "Authorization", basic("kim", "secret"))) {
            assertEquals(200, publishAs(login, "pat", "topic", mine, "data", "secret", "private", "on"));
            assertEquals(403, publishAs(login, "sam", "topic", mine, "data", "not theirs"));
            assertEquals(200, publishAs(login, "pat", "topic", mine, "data", "open"));
            assertEquals("open", sam.next().data());
            assertEquals("secret", kim.next().data());
            assertEquals("open", kim.next().data());
        }
        distribution.undeployLogin(server());
        TABLE.put(distribution, "login, roles", "yes");
    }

    private int publishAs(URI login, String user, String... fields) throws Exception {
        return hub.send(
                        "POST",
                        login,
                        form(fields),
                        "application/x-www-form-urlencoded",
                        "Authorization",
                        basic(user, "secret"),
                        "Origin",
                        "http://" + login.getAuthority())
                .statusCode();
    }

    private static String basic(String name, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((name + ":" + password).getBytes(UTF_8));
    }

    @Test
    @Order(11)
    void fiveTimesRedeployedNothingIsLeftBehindOrLost() throws Exception {
        if (!distribution.redeploys()) {
            TABLE.put(distribution, "redeploy", "is not offered");
            return;
        }
        await("no stream is open", () -> open() == 0);
        Set<String> threadsBefore = ourThreads();
        int filesBefore = ourFiles().size();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger published = new AtomicInteger();
        Set<Integer> got = new ConcurrentSkipListSet<>();
        List<Integer> order = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> subscriber = threads.submit(() -> {
                String last = "";
                while (!over.get() || got.size() < published.get()) {
                    try (Following stream = last.isEmpty()
                            ? Following.get(hub.hub("topic", topic))
                            : Following.get(hub.hub("topic", topic), "Last-Event-ID", last)) {
                        for (Received event = stream.next(); event != null; event = stream.next()) {
                            last = event.id();
                            if (event.type().equals("message") && got.add(Integer.parseInt(event.data()))) {
                                order.add(Integer.parseInt(event.data()));
                            }
                            if (over.get() && got.size() == published.get()) {
                                return null;
                            }
                        }
                    } catch (IOException away) {
                        Thread.sleep(100); // it comes back, like every client
                    }
                }
                return null;
            });
            await("the subscriber is there", () -> open() > 0);
            Future<?> publisher = threads.submit(() -> {
                while (!over.get()) {
                    int next = published.get() + 1;
                    try {
                        hub.publish("topic", topic, "data", Integer.toString(next));
                        published.set(next);
                    } catch (IOException | AssertionError away) {
                        // again: the same number
                    }
                    Thread.sleep(30);
                }
                return null;
            });
            for (int i = 0; i < 5; i++) {
                List<RawConnection> open = openStreams(10);
                distribution.undeploy(server());
                await("it is gone", Duration.ofMinutes(2), () -> status(server().uri("/health/live")) != 200);
                distribution.deploy(server());
                await("it is back", Duration.ofMinutes(2), () -> status(server().uri("/health/ready")) == 200);
                for (RawConnection one : open) {
                    one.close();
                }
            }
            over.set(true);
            publisher.get(30, TimeUnit.SECONDS);
            hub.publish("topic", topic, "data", Integer.toString(published.incrementAndGet()));
            subscriber.get(60, TimeUnit.SECONDS);
        }
        assertEquals(IntStream.rangeClosed(1, published.get()).boxed().toList(), order);
        await("no stream is open", () -> open() == 0);
        await("one application is left", Duration.ofSeconds(60), () -> {
            for (int i = 0; i < 20; i++) {
                status(server().uri("/health/live")); // connections remember their last request until the next one
            }
            return server().liveInstances("millrace.web.Application") == 1 && loadedApplications() == 1;
        });
        assertEquals(threadsBefore, ourThreads());
        assertEquals(
                List.of(),
                ourFiles().stream().filter(file -> file.endsWith(" (deleted)")).toList());
        assertTrue(ourFiles().size() <= filesBefore, () -> ourFiles().toString());
        TABLE.put(distribution, "redeploy", "yes");
    }

    @Test
    @Order(12)
    void theLogIsEmpty() throws Exception {
        await("connections that read nothing are gone", Duration.ofSeconds(100), () -> connectionsWith(SILENT) == 0);
        for (RawConnection one : SILENT) {
            one.close();
        }
        SILENT.clear();
        assertNoComplaints();
    }

    @Test
    @Order(13)
    void aStopEndsOpenStreamsProperly() throws Exception {
        List<RawConnection> open = openStreams(20);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<@Nullable IOException>> ends = new ArrayList<>();
            for (RawConnection one : open) {
                ends.add(threads.submit(() -> {
                    one.readTimeout(Duration.ofSeconds(60));
                    try {
                        one.body();
                        return null;
                    } catch (IOException cut) {
                        return cut;
                    }
                }));
            }
            Duration took = server().stop();
            int cut = 0;
            for (Future<@Nullable IOException> end : ends) {
                cut += end.get() == null ? 0 : 1;
            }
            assertEquals(0, cut, "streams were cut; the stop took " + took);
            assertTrue(took.toSeconds() < 20, () -> "the stop took " + took);
        }
        assertNoComplaints();
        TABLE.put(distribution, "stop", "yes");
        TABLE.put(distribution, "log", "empty");
    }

    private void assertNoComplaints() {
        String log = distribution.log(server()).substring(logOfItsOwn);
        Pattern complaint = Pattern.compile(
                "\\b(WARN|WARNING|ERROR|SEVERE|FATAL)\\b|^\\s+at [\\w.$/]+\\(|^\\[\\S+ .*\\] \\w+ [WE] |Exception");
        List<String> lines = log.lines()
                .filter(line -> complaint.matcher(line).find())
                .filter(line -> !distribution.ownComplaints().matcher(line).find())
                .toList();
        assertEquals(List.of(), lines.stream().limit(40).toList());
    }

    // ---- what is seen of the server ----

    private static List<RawConnection> openStreams(int count) throws IOException {
        List<RawConnection> open = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            var one = new RawConnection(server().uri("/"));
            one.request("GET", path(KINDS_OF_STREAMS));
            assertEquals(200, one.head().status());
            open.add(one);
        }
        return open;
    }

    private static double closed(String reason) {
        return metric("millrace_streams_closed_total\\{[^}]*reason=\"" + reason + "\"[^}]*}");
    }

    private static double open() {
        return metric("millrace_streams_open\\{[^}]*}");
    }

    /** The sum of all samples of that name. */
    private static double metric(String name) {
        try {
            HttpResponse<String> metrics = Following.HTTP.send(
                    HttpRequest.newBuilder(server().uri("/metrics")).build(), BodyHandlers.ofString());
            double sum = 0;
            Matcher sample =
                    Pattern.compile("^" + name + " (\\S+)$", Pattern.MULTILINE).matcher(metrics.body());
            while (sample.find()) {
                sum += Double.parseDouble(sample.group(1));
            }
            return sum;
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    /** Class loaders that have loaded Millrace. */
    private static long loadedApplications() {
        return server().jcmd("VM.class_hierarchy", "millrace.web.Application")
                .lines()
                .filter(line -> line.contains("millrace.web.Application/"))
                .count();
    }

    private static Set<String> ourThreads() {
        Set<String> ours = new ConcurrentSkipListSet<>();
        server().threadNames().stream()
                .filter(name -> Stream.of("millrace", "stream-", "chat", "auth-", "hub", "history")
                        .anyMatch(name::startsWith))
                .forEach(name -> ours.add(name.replaceAll("\\d+", "N")));
        return ours;
    }

    /** Files of ours that the process holds open. */
    private static List<String> ourFiles() {
        List<String> files = new ArrayList<>();
        try (DirectoryStream<Path> handles = Files.newDirectoryStream(Path.of("/proc/" + server().pid() + "/fd"))) {
            for (Path handle : handles) {
                try {
                    String file = Files.readSymbolicLink(handle).toString();
                    if (file.contains("millrace") && !file.contains("dist-servers") && !file.endsWith(".log")) {
                        files.add(file);
                    }
                } catch (NoSuchFileException closedMeanwhile) {
                    // then it is none
                }
            }
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
        return files;
    }

    /** How many of the connections the server still keeps. */
    private static long connectionsWith(List<RawConnection> clients) throws IOException {
        Set<String> ports = new ConcurrentSkipListSet<>();
        for (RawConnection client : clients) {
            ports.add("%04X".formatted(client.localPort()));
        }
        String serverPort = ":%04X".formatted(server().port());
        long count = 0;
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            for (String line : Files.readAllLines(Path.of(table))) {
                String[] columns = line.strip().split("\\s+");
                if (columns.length > 3
                        && columns[1].endsWith(serverPort)
                        && columns[3].equals("01") // established: the server has not closed it
                        && ports.contains(columns[2].substring(columns[2].lastIndexOf(':') + 1))) {
                    count++;
                }
            }
        }
        return count;
    }

    private static String path(String path) {
        URI uri = server().uri(path);
        return uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
    }

    private static int status(URI uri, String... headers) {
        try {
            HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(10));
            if (headers.length > 0) {
                request.headers(headers);
            }
            var answer = Following.HTTP.send(request.build(), BodyHandlers.ofInputStream());
            answer.body().close();
            return answer.statusCode();
        } catch (IOException away) {
            return -1;
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static String header(HttpResponse<?> answer, String name) {
        return answer.headers().firstValue(name).orElse("");
    }

    private static List<String> data(List<Received> events) {
        return events.stream().map(Received::data).toList();
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(Integer::toString).toList();
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(String what, Condition condition) throws Exception {
        await(what, Duration.ofSeconds(30), condition);
    }

    private static void await(String what, Duration limit, Condition condition) throws Exception {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + limit + ": " + what);
            }
            Thread.sleep(100);
        }
    }
}
