package millrace.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static millrace.web.HubClient.bearer;
import static millrace.web.HubClient.form;
import static millrace.web.Problems.assertProblem;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.harness.Setup;
import org.junit.jupiter.api.Timeout;

/** What an operator, a publisher and a hostile subscriber can do to a hub. */
@OnContainers
@Timeout(180)
class HubFaultsIT {

    private static Server start(Container container, String history, Map<String, String> more) throws Exception {
        Map<String, String> settings = new java.util.HashMap<>(more);
        settings.put("millrace.demo", "false");
        settings.put("millrace.history", history);
        settings.put("millrace.hub.anonymous", "true");
        settings.put("millrace.hub.publisher-key", HubClient.KEY);
        return Server.start(container, Setup.STANDARD, 0, settings);
    }

    private static HttpResponse<byte[]> publish(HubClient hub, String... fields) throws Exception {
        return hub.post(form(fields), "Authorization", bearer("publisher", "\"*\"", ""));
    }

    @ContainerTest
    void aHistoryThatWasTakenAwayIsToldAndIsUsedAgainOnceItIsBack(Container container) throws Exception {
        Path place = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "history");
        Path away = place.resolveSibling(place.getFileName() + "-away");
        try (Server server = start(container, "file:" + place, Map.of())) {
            var hub = new HubClient(server);
            URI ready = server.uri("/health/ready");
            hub.publish("topic", "t", "id", "one");
            assertEquals(200, hub.get(ready).statusCode());
            Files.move(place, away);
            assertProblem(503, "unavailable", publish(hub, "topic", "t", "id", "lost"));
            assertProblem(503, "unavailable", hub.get(ready));
            assertEquals(200, hub.get(server.uri("/health/live")).statusCode());
            Files.move(away, place);
            while (hub.get(ready).statusCode() != 200) {
                LockSupport.parkNanos(20_000_000);
            }
            hub.publish("topic", "t", "id", "two");
            try (Following reader = Following.get(hub.hub("topic", "t"), "Last-Event-ID", "one")) {
                assertEquals("two", reader.next().id());
            }
        } finally {
            try (Stream<Path> files = Files.walk(place)) {
                for (Path file : files.toList().reversed()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** As a browser sends them: the bytes of UTF-8 in a header. */
    @ContainerTest
    void whateverIdIsTakenIsKnownWhenItComesBackInAHeader(Container container) throws Exception {
        try (Server server = start(container, "memory", Map.of())) {
            var hub = new HubClient(server);
            for (String id : List.of(
                    "\u00fc",
                    "\u65e5\u672c",
                    "\ud83d\ude00",
                    "a b",
                    "\u00a0a\u00a0",
                    "\u3000",
                    "\"a\"",
                    "%20",
                    "a,b;c=d",
                    "e\u0301",
                    "\u0100\u0120\u0185",
                    "\\",
                    "a\u2028")) {
                String topic = "https://example.com/" + UUID.randomUUID();
                hub.publish("topic", topic, "id", id, "data", "had");
                hub.publish("topic", topic, "id", "next", "data", "missed");
                try (var connection = new RawConnection(server.uri("/"))) {
                    String raw = new String(id.getBytes(UTF_8), ISO_8859_1);
                    connection.request("GET", "/.well-known/mercure?" + form("topic", topic), "Last-Event-ID: " + raw);
                    assertEquals(raw, connection.head().header("Mercure-Last-Event-ID"));
                    StringBuilder body = new StringBuilder();
                    byte[] some = new byte[1024];
                    while (body.indexOf("data: missed") < 0) {
                        int n = connection.read(some);
                        assertTrue(n > 0, body.toString());
                        body.append(new String(some, 0, n, UTF_8));
                    }
                    assertTrue(body.indexOf("data: had") < 0 && body.indexOf("gap") < 0, id + ": " + body);
                }
            }
            for (String id : List.of(" a", "a ", "a\t", "a\u0000b", "a\u0085")) {
                assertProblem(400, "bad-parameter", publish(hub, "topic", "t", "id", id));
            }
        }
    }

    @ContainerTest
    void oneClientHasItsShareOfPatternsAndAllHaveWhatThereIs(Container container) throws Exception {
        Map<String, String> few = Map.of(
                "millrace.hub.max-patterns-each", "2",
                "millrace.hub.max-patterns-reached", "6",
                "millrace.hub.client-share", "50",
                "millrace.proxies", "127.0.0.1");
        List<Following> open = new ArrayList<>();
        try (Server server = start(container, "memory", few)) {
            var hub = new HubClient(server);
            for (int i = 0; i < 6; i++) {
                open.add(Following.get(hub.hub("topic", "{x" + i + "}"), "X-Forwarded-For", "192.0.2." + i / 3));
            }
            HttpResponse<byte[]> refused = hub.get(hub.hub("topic", "{more}"), "X-Forwarded-For", "192.0.2.1");
            assertProblem(429, "too-many-requests", refused);
            assertTrue(refused.headers().firstValue("Retry-After").isPresent());
            refused = hub.get(hub.hub("topic", "{more}"), "X-Forwarded-For", "192.0.2.9");
            assertProblem(503, "unavailable", refused);
            assertTrue(refused.headers().firstValue("Retry-After").isPresent());
            // the same ones, others that do not meet them in a topic, and no patterns
            open.add(Following.get(hub.hub("topic", "{x0}"), "X-Forwarded-For", "192.0.2.9"));
            open.add(Following.get(hub.hub("topic", "plain"), "X-Forwarded-For", "192.0.2.1"));
        } finally {
            for (Following one : open) {
                one.close();
            }
        }
    }
}
