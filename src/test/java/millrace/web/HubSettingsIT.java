package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static millrace.web.HubClient.bearer;
import static millrace.web.HubClient.form;
import static millrace.web.HubClient.token;
import static millrace.web.Problems.assertProblem;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.web.Following.Received;
import org.junit.jupiter.api.Timeout;

/** What an operator sets and looks at: limits, lifetimes, what is counted, and who may read that. */
@OnContainers(
        value = {Container.TOMCAT_11, Container.JETTY_12_1},
        properties = {
            "millrace.demo=false",
            "millrace.history=memory",
            "millrace.heartbeat=300ms",
            "millrace.max-streams-per-address=8",
            "millrace.proxies=127.0.0.1",
            "millrace.metrics-token=a token for metrics",
            "millrace.hub.publisher-key=" + HubClient.KEY,
            "millrace.hub.anonymous=true",
            "millrace.hub.token-in-url=true",
            "millrace.hub.lifetime=4s",
            "millrace.hub.max-patterns=2",
            "millrace.hub.presence=false",
        })
@Timeout(120)
class HubSettingsIT {

    private final String topic = "https://example.com/" + UUID.randomUUID();

    // ---- limits ----

    @ContainerTest
    void anAddressHasAsManyStreamsAsItMayWhateverTheyAre(Server server) throws Exception {
        var hub = new HubClient(server);
        List<Following> open = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            URI uri = i < 4 ? hub.hub("topic", topic) : server.uri("/sse/v1?n=1000&interval=200");
            // what stands further left anybody can have written
            open.add(Following.get(uri, "X-Forwarded-For", "198.51.100." + i + ", 203.0.113.7"));
        }
        for (URI uri : List.of(hub.hub("topic", topic), server.uri("/sse/v1"))) {
            HttpResponse<byte[]> ninth = hub.get(uri, "X-Forwarded-For", "203.0.113.7");
            assertProblem(429, "too-many-requests", ninth);
            assertTrue(ninth.headers().firstValue("Retry-After").isPresent());
        }
        Following.get(hub.hub("topic", topic), "X-Forwarded-For", "203.0.113.8").close();
        open.removeFirst().close();
        for (int i = 0; ; i++) { // the server notices with a heartbeat
            try {
                Following.get(hub.hub("topic", topic), "X-Forwarded-For", "203.0.113.7")
                        .close();
                break;
            } catch (IOException stillCounted) {
                assertTrue(i < 100, "a stream that ended still counts");
                Thread.sleep(50);
            }
        }
        for (Following stream : open) {
            stream.close();
        }
    }

    @ContainerTest
    void moreDifferentPatternsThanMayBeAreRefusedUntilOneGoes(Server server) throws Exception {
        var hub = new HubClient(server);
        List<Following> open = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String name = i % 2 == 0 ? "topic" : "match_urlpattern";
            String pattern = i % 2 == 0 ? topic + "/{id}" : topic + "/a/:id";
            open.add(Following.get(hub.hub(name, pattern), "X-Forwarded-For", "203.0.113." + (20 + i)));
        }
        HttpResponse<byte[]> third = hub.get(hub.hub("topic", topic + "{/id}"), "X-Forwarded-For", "203.0.113.30");
        assertProblem(503, "unavailable", third);
        assertTrue(third.headers().firstValue("Retry-After").isPresent());
        Following.get(hub.hub("topic", topic), "X-Forwarded-For", "203.0.113.30")
                .close(); // no pattern
        for (Following stream : open) {
            stream.close();
        }
        for (int i = 0; ; i++) {
            try {
                Following.get(hub.hub("topic", topic + "{/id}"), "X-Forwarded-For", "203.0.113.30")
                        .close();
                break;
            } catch (IOException stillCounted) {
                assertTrue(i < 100, "patterns of streams that ended still count");
                Thread.sleep(50);
            }
        }
    }

    @ContainerTest
    void aSubscriptionEndsAfterItsLifetimeOrUpToAQuarterLess(Server server) throws Exception {
        var hub = new HubClient(server);
        double expired = metric(server, "millrace_streams_closed_total{kind=\"hub\",reason=\"expired\"}");
        long begin = System.nanoTime();
        List<Following> open = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            open.add(Following.get(hub.hub("topic", topic), "X-Forwarded-For", "203.0.113." + (40 + i)));
        }
        List<Long> ends = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Long>> reading = new ArrayList<>();
            for (Following stream : open) {
                reading.add(threads.submit(() -> {
                    assertNull(stream.next(), "a proper end");
                    return (System.nanoTime() - begin) / 1_000_000;
                }));
            }
            for (var read : reading) {
                ends.add(read.get());
            }
        }
        assertTrue(ends.stream().allMatch(millis -> millis >= 2_900 && millis < 5_500), ends.toString());
        assertTrue(ends.stream().distinct().count() > 1, "each at another time: " + ends);
        assertTrue(
                metric(server, "millrace_streams_closed_total{kind=\"hub\",reason=\"expired\"}") >= expired + 4,
                "the reason is counted");
    }

    @ContainerTest
    void whereTheSettingSaysSoAnOldTokenMayStandInTheUrl(Server server) throws Exception {
        var hub = new HubClient(server);
        try (Following reader =
                Following.get(hub.hub("topic", topic, "authorization", token("url", "", "\"" + topic + "\"")))) {
            hub.publish("topic", topic, "private", "", "data", "secret");
            assertEquals("secret", nextOf(reader).data());
        }
        assertProblem(401, "unauthorized", hub.get(hub.hub("topic", topic, "authorization", "a.b.c")));
    }

    @ContainerTest
    void wherePresenceIsOffNobodyIsTold(Server server) throws Exception {
        var hub = new HubClient(server);
        String all = bearer("watcher", "", "\"*\"");
        HttpResponse<byte[]> presence = hub.get(server.uri("/.well-known/mercure/subscriptions"), "Authorization", all);
        assertEquals(404, presence.statusCode());
        assertTrue(text(presence).contains("millrace.hub.presence"), text(presence));
        HttpResponse<byte[]> metadata =
                hub.get(server.uri("/.well-known/oauth-protected-resource/.well-known/mercure"));
        assertTrue(text(metadata).contains("\"mercure_subscriptions\":false"), text(metadata));
        try (Following watcher = Following.get(hub.hub("topic", "*"), "Authorization", all)) {
            Following.get(hub.hub("topic", topic)).close();
            hub.publish("topic", topic, "data", "next");
            assertEquals("next", nextOf(watcher).data());
        }
    }

    // ---- what is counted ----

    @ContainerTest
    void whatTheHubDoesIsCountedAndNoLabelHoldsWhatAClientSent(Server server) throws Exception {
        var hub = new HubClient(server);
        String before = metrics(server);
        Following reader = Following.get(hub.hub("topic", topic), "Authorization", bearer("Ada", "", ""));
        String first = hub.publish("topic", topic, "id", "urn:" + topic, "data", "1");
        hub.publish("topic", topic, "data", "2");
        hub.publish("topic", topic, "data", "3");
        for (int i = 1; i <= 3; i++) {
            assertEquals("" + i, nextOf(reader).data());
        }
        String open = metrics(server);
        assertEquals(1, grown(before, open, "millrace_streams_opened_total{kind=\"hub\"}"));
        assertTrue(value(open, "millrace_streams_open{kind=\"hub\"}") >= 1);
        assertTrue(value(open, "millrace_hub_channels") >= 1);
        try (Following late = Following.get(hub.hub("topic", topic), "Last-Event-ID", first)) {
            assertEquals("2", nextOf(late).data());
            assertEquals("3", nextOf(late).data());
        }
        assertProblem(401, "unauthorized", hub.post(form("topic", topic)));
        assertProblem(400, "bad-parameter", hub.get(hub.hub()));
        assertProblem(
                403,
                "forbidden",
                hub.post(form("topic", topic), "Authorization", bearer("half", "\"https://example.com/other\"", "")));
        reader.close();
        String gone = "millrace_streams_closed_total{kind=\"hub\",reason=\"client_gone\"}";
        for (int i = 0; i < 100 && grown(before, metrics(server), gone) < 2; i++) {
            Thread.sleep(50); // the server notices with a heartbeat
        }
        String after = metrics(server);
        assertTrue(grown(before, after, gone) >= 2, after);
        assertEquals(3, grown(before, after, "millrace_hub_published_total{outcome=\"taken\"}"));
        assertEquals(3, grown(before, after, "millrace_hub_publish_seconds_count"));
        assertTrue(
                value(after, "millrace_hub_publish_seconds_sum") > value(before, "millrace_hub_publish_seconds_sum"));
        assertEquals(
                5, grown(before, after, "millrace_events_delivered_total"), "three for the one, two for the other");
        // the first reader may have been published to before it had joined, and then replays too
        double replayed = grown(before, after, "millrace_hub_replayed_total");
        assertTrue(replayed >= 2 && replayed <= 5, "replayed: " + replayed);
        assertEquals(3, grown(before, after, "millrace_history_appended_total"));
        assertEquals(3, grown(before, after, "millrace_history_events"));
        assertTrue(grown(before, after, "millrace_history_bytes") > 3 * topic.length());
        assertEquals(1, grown(before, after, "millrace_hub_refused_total{cause=\"no_token\",request=\"publish\"}"));
        assertEquals(
                1,
                grown(before, after, "millrace_hub_refused_total{cause=\"insufficient_scope\",request=\"publish\"}"));
        assertEquals(
                1, grown(before, after, "millrace_hub_refused_total{cause=\"bad_parameter\",request=\"subscribe\"}"));
        assertEquals(0, value(after, "millrace_hub_lag_events"));
        assertEquals(0, value(after, "millrace_hub_lag_bytes"));
        assertFalse(after.contains("example.com") || after.contains("Ada") || after.contains("urn:"), after);
    }

    @ContainerTest
    void metricsAreForThisMachineOrForWhoShowsTheToken(Server server) throws Exception {
        var hub = new HubClient(server);
        URI uri = server.uri("/metrics");
        assertEquals(200, hub.get(uri).statusCode());
        assertTrue(hub.get(uri).headers().firstValue("Content-Type").orElse("").startsWith("text/plain"));
        String[] elsewhere = {"X-Forwarded-For", "203.0.113.9"};
        HttpResponse<byte[]> none = hub.get(uri, elsewhere);
        assertProblem(401, "unauthorized", none);
        assertEquals("Bearer", none.headers().firstValue("WWW-Authenticate").orElse(""));
        for (String wrong : List.of(
                "Bearer ", "Bearer a token for metric", "Bearer a token for metricss", bearer("x", "\"*\"", "\"*\""))) {
            assertProblem(401, "unauthorized", hub.get(uri, "Via", "1.1 proxy", "Authorization", wrong));
        }
        HttpResponse<byte[]> shown = hub.get(uri, "Via", "1.1 proxy", "Authorization", "Bearer a token for metrics");
        assertEquals(200, shown.statusCode());
        assertTrue(text(shown).contains("millrace_streams_open"), text(shown));
        try (var connection = new RawConnection(server.uri("/"))) { // DNS rebinding
            connection.send("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n");
            assertProblem(401, "unauthorized", connection.head(), connection.body());
        }
    }

    // ---- what is closed ----

    @ContainerTest
    void outsideDemoModeNothingOfItIsThere(Server server) throws Exception {
        var hub = new HubClient(server);
        String run;
        try (Following stream = Following.get(server.uri("/sse/v1?n=3&interval=0"))) {
            run = stream.header("Content-Location").substring("..".length());
            assertEquals(3, stream.rest().size());
        }
        for (String path : List.of("/demo/token", "/demo/cut", run + "/cut")) {
            assertProblem(404, "not-found", hub.send("POST", server.uri(path), "", "text/plain"));
        }
        HttpResponse<byte[]> chat = hub.send("POST", server.uri("/v1/chat/completions"), "{}", "application/json");
        assertEquals(401, chat.statusCode(), text(chat));
        assertEquals(401, hub.get(server.uri("/v1/models")).statusCode());
        assertProblem(
                401, "unauthorized", hub.send("POST", server.uri("/sse/async_openai_out"), "{}", "application/json"));
    }

    @ContainerTest
    void withoutAnyKeyPublishingIs403AndNamesTheSettings(Container container) throws Exception {
        try (Server server = Server.start(container, Map.of("millrace.demo", "false", "millrace.history", "memory"))) {
            var hub = new HubClient(server);
            HttpResponse<byte[]> refused = hub.post(form("topic", topic));
            assertEquals(403, refused.statusCode());
            for (String setting : List.of("hub.publisher-key", "hub.issuers", "hub.publish-roles")) {
                assertTrue(text(refused).contains("millrace." + setting), text(refused));
            }
            assertProblem(401, "unauthorized", hub.post(form("topic", topic), "Authorization", "Bearer a.b.c"));
            assertProblem(401, "unauthorized", hub.get(hub.hub("topic", topic)));
        }
    }

    private static Received nextOf(Following stream) throws Exception {
        Received event = stream.next();
        assertNotNull(event, "the stream has ended");
        return event;
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), UTF_8);
    }

    private static String metrics(Server server) throws Exception {
        return text(new HubClient(server).get(server.uri("/metrics")));
    }

    private static double metric(Server server, String name) throws Exception {
        return value(metrics(server), name);
    }

    private static double grown(String before, String after, String name) {
        return value(after, name) - value(before, name);
    }

    /** 0 where it has not been counted yet. */
    private static double value(String metrics, String name) {
        return metrics.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(0);
    }
}
