package millrace.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
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

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.web.Following.Received;
import org.junit.jupiter.api.Timeout;

/** The rules of the Mercure protocol, over HTTP, with keys and without demo mode. Each test has topics of its own. */
@OnContainers(
        properties = {
            "millrace.demo=false",
            "millrace.history=memory",
            "millrace.heartbeat=500ms",
            "millrace.hub.publisher-key=" + HubClient.KEY,
            "millrace.hub.anonymous=true",
            "millrace.hub.origins=https://app.example",
            "millrace.hub.streams-per-subject=3",
            "millrace.hub.publish-rate=50",
        })
@Timeout(120)
class HubIT {

    private static final String SUBSCRIPTIONS = "/.well-known/mercure/subscriptions";

    private final String topic = "https://example.com/" + UUID.randomUUID();

    // ---- publishing ----

    @ContainerTest
    void publishingIsAnsweredWithTheIdAsPlainText(Server server) throws Exception {
        var hub = new HubClient(server);
        HttpResponse<byte[]> made = hub.post(form("topic", topic), "Authorization", bearer("a", "\"*\"", ""));
        assertEquals(200, made.statusCode());
        assertTrue(text(made).matches("urn:uuid:[0-9a-f-]{36}"), text(made));
        assertTrue(
                made.headers().firstValue("Content-Type").orElse("").matches("(?i)text/plain; ?charset=utf-8"),
                made.headers().toString());
        String given = "id-[\"" + UUID.randomUUID() + "\"]";
        assertEquals(given, hub.publish("topic", topic, "id", given));
    }

    @ContainerTest
    void fieldsArriveAsTheyWerePublishedAndForgeNothing(Server server) throws Exception {
        var hub = new HubClient(server);
        try (Following reader = Following.get(hub.hub("topic", topic))) {
            String id = hub.publish("topic", topic, "type", "price", "data", "1\r\nid: forged\n\nevent: x\r2 €");
            assertEquals(new Received("price", "1\nid: forged\n\nevent: x\n2 €", id), reader.next());
            String empty = hub.publish("topic", topic);
            assertEquals(new Received("message", "", empty), reader.next());
        }
    }

    @ContainerTest
    void fieldsAreReadFromTheBodyAlone(Server server) throws Exception {
        var hub = new HubClient(server);
        HttpResponse<byte[]> answer = hub.send(
                "POST",
                hub.hub("topic", topic),
                form("data", "x"),
                "application/x-www-form-urlencoded",
                "Authorization",
                bearer("a", "\"*\"", ""));
        assertProblem(400, "bad-parameter", answer);
    }

    @ContainerTest
    void badFieldsAreRefused(Server server) throws Exception {
        var hub = new HubClient(server);
        String token = bearer("bad fields", "\"*\"", "");
        for (String body : List.of(
                "data=x",
                form("topic", "*"),
                form("topic", ""),
                form("topic", "a\u0007"),
                form("topic", topic, "id", "#1"),
                form("topic", topic, "id", "earliest"),
                form("topic", topic, "id", "a\nb"),
                form("topic", topic, "id", "x".repeat(129)),
                form("topic", topic, "type", "mercure"),
                form("topic", topic, "type", "a\u200bb"),
                form("topic", topic, "retry", "1s"),
                form("topic", topic, "retry", "-1"),
                form("topic", "x".repeat(5000)),
                "topic=%ff",
                "topic=a&".repeat(101))) {
            assertProblem(400, "bad-parameter", hub.post(body, "Authorization", token));
        }
        for (String reserved : List.of(
                "/.well-known/mercure/subscriptions/x",
                "https://elsewhere.example/.well-known/mercure",
                "/a/../.well-known/%6dercure")) {
            assertProblem(403, "forbidden", hub.post(form("topic", reserved), "Authorization", token));
        }
        assertProblem(413, "body-too-large", hub.post(form("data", "x".repeat(2 << 20)), "Authorization", token));
        assertProblem(
                415,
                "unsupported-media-type",
                hub.send("POST", hub.hub(), "{}", "application/json", "Authorization", token));
        assertProblem(405, "method-not-allowed", hub.send("PUT", hub.hub(), "", "text/plain"));
    }

    /** There some containers show no Host, but the server's name and port. */
    @ContainerTest
    void overHttp2TheHubKnowsItsOwnAddressToo(Server server) throws Exception {
        var hub = new HubClient(server);
        String own = "http://127.0.0.1:" + server.port();
        try (HttpClient http2 =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build()) {
            http2.send(
                    HttpRequest.newBuilder(server.uri("/health/live")).build(), HttpResponse.BodyHandlers.discarding());
            List<String> answers = new ArrayList<>();
            for (String page : List.of(own, "http://elsewhere.example")) {
                HttpResponse<byte[]> answer = http2.send(
                        HttpRequest.newBuilder(hub.hub())
                                .header("Content-Type", "application/x-www-form-urlencoded")
                                .header("Cookie", "mercureAuthorization=" + token("cookie", "\"*\"", ""))
                                .header("Referer", page + "/page")
                                .POST(HttpRequest.BodyPublishers.ofString(form("topic", topic)))
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray());
                answers.add(answer.version() + " " + answer.statusCode());
            }
            assertEquals(List.of("HTTP_2 200", "HTTP_2 400"), answers);
            HttpResponse<byte[]> none = http2.send(
                    HttpRequest.newBuilder(hub.hub())
                            .header("Content-Type", "application/x-www-form-urlencoded")
                            .POST(HttpRequest.BodyPublishers.ofString(form("topic", topic)))
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            assertEquals(challenge(hub.post(form("topic", topic))), challenge(none));
            assertTrue(challenge(none).startsWith("Bearer resource_metadata=\"" + own + "/"), challenge(none));
        }
    }

    @ContainerTest
    void publishingNeedsATokenThatCoversEveryTopic(Server server) throws Exception {
        var hub = new HubClient(server);
        try (Following reader = Following.get(hub.hub("topic", topic))) {
            HttpResponse<byte[]> none = hub.post(form("topic", topic));
            assertProblem(401, "unauthorized", none);
            assertTrue(challenge(none).startsWith("Bearer resource_metadata=\""), challenge(none));
            HttpResponse<byte[]> broken = hub.post(form("topic", topic), "Authorization", "Bearer a.b.c");
            assertProblem(401, "unauthorized", broken);
            assertTrue(challenge(broken).contains("error=\"invalid_token\""), challenge(broken));
            String half = bearer("half", "\"" + topic + "\"", "");
            HttpResponse<byte[]> uncovered =
                    hub.post(form("topic", topic, "topic", "https://example.com/other"), "Authorization", half);
            assertProblem(403, "forbidden", uncovered);
            assertTrue(challenge(uncovered).contains("error=\"insufficient_scope\""), challenge(uncovered));
            HttpResponse<byte[]> inUrl = hub.send(
                    "POST",
                    hub.hub("authorization", token("a", "\"*\"", "")),
                    form("topic", topic),
                    "application/x-www-form-urlencoded");
            assertProblem(401, "unauthorized", inUrl);
            assertEquals(
                    200,
                    hub.post(form("topic", topic, "data", "first"), "Authorization", half)
                            .statusCode());
            assertEquals("first", reader.next().data(), "of what was refused nothing was dispatched");
        }
    }

    @ContainerTest
    void whoPublishesTooFastIsToldWhenToGoOn(Server server) throws Exception {
        var hub = new HubClient(server);
        String token = bearer("fast", "\"*\"", "");
        for (int i = 0; i < 5_000; i++) {
            HttpResponse<byte[]> answer = hub.post(form("topic", topic), "Authorization", token);
            if (answer.statusCode() != 200) {
                assertProblem(429, "too-many-requests", answer);
                assertEquals("1", answer.headers().firstValue("Retry-After").orElse(""));
                assertTrue(i >= 500, "ten seconds' worth may come at once, but came " + i);
                assertEquals(
                        200,
                        hub.post(form("topic", topic), "Authorization", bearer("slow", "\"*\"", ""))
                                .statusCode());
                return;
            }
        }
        throw new AssertionError("was never too fast");
    }

    // ---- subscribing ----

    @ContainerTest
    void theHeadersGoOutAtOnceAndSilenceIsFilled(Server server) throws Exception {
        var hub = new HubClient(server);
        long begin = System.nanoTime();
        try (Following reader = Following.get(hub.hub("topic", topic))) {
            assertTrue(Duration.ofNanos(System.nanoTime() - begin).toSeconds() < 5);
            assertEquals("private, no-store, no-transform", reader.header("Cache-Control"));
            assertTrue(reader.header("Content-Type").startsWith("text/event-stream"));
            assertNull(reader.header("Last-Event-ID"), "no cursor was sent");
            Thread.sleep(1_500);
            hub.publish("topic", topic, "data", "after silence");
            assertEquals("after silence", reader.next().data());
        }
    }

    @ContainerTest
    void bothDialectsSelectAndMix(Server server) throws Exception {
        var hub = new HubClient(server);
        try (Following reader = Following.get(hub.hub(
                "topic", topic + "/old/{id}",
                "match", topic + "/exact",
                "match_exact", topic + "/{id}",
                "match_urlpattern", topic + "/pattern/:id"))) {
            for (String path : List.of("/old/1", "/x", "/exact", "/exact/1", "/{id}", "/pattern/7", "/pattern/7/8")) {
                hub.publish("topic", topic + path, "data", path);
            }
            hub.publish("topic", "https://example.com/unrelated", "topic", topic + "/exact", "data", "alternate");
            assertEquals(
                    List.of("/old/1", "/exact", "/{id}", "/pattern/7", "alternate"),
                    List.of(
                            reader.next().data(),
                            reader.next().data(),
                            reader.next().data(),
                            reader.next().data(),
                            reader.next().data()));
        }
    }

    @ContainerTest
    void badSubscriptionsAreRefused(Server server) throws Exception {
        var hub = new HubClient(server);
        for (URI uri : List.of(
                hub.hub(),
                hub.hub("match_foo", "x"),
                hub.hub("Match", "x"),
                hub.hub("match", "a\u0000b"),
                hub.hub("match_urlpattern", "https://example.com/(unclosed"),
                hub.hub("topic", "x".repeat(5000)))) {
            assertProblem(400, "bad-parameter", hub.get(uri));
        }
        assertProblem(400, "bad-parameter", hub.get(URI.create(hub.hub() + "?" + "topic=a&".repeat(10) + many(101))));
    }

    private static String many(int count) {
        List<String> topics = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            topics.add("topic=t" + i);
        }
        return String.join("&", topics);
    }

    @ContainerTest
    void everySpellingOfTheCursorIsTakenAndTheHeaderFirst(Server server) throws Exception {
        var hub = new HubClient(server);
        String one = hub.publish("topic", topic, "data", "1");
        String two = hub.publish("topic", topic, "data", "2");
        hub.publish("topic", topic, "data", "3");
        for (String name : List.of("last_event_id", "lastEventID", "lastEventId", "Last-Event-ID")) {
            try (Following reader = Following.get(hub.hub("topic", topic, name, "stale", name, one))) {
                assertEquals("2", reader.next().data(), name);
                assertEquals(one, reader.header("Last-Event-ID"));
                assertEquals(one, reader.header("Mercure-Last-Event-ID"));
            }
        }
        try (Following reader = Following.get(hub.hub("topic", topic, "last_event_id", one), "Last-Event-ID", two)) {
            assertEquals("3", reader.next().data());
        }
        try (Following reader = Following.get(hub.hub("topic", topic, "lastEventID", "earliest"))) {
            assertEquals("1", reader.next().data());
            assertEquals("earliest", reader.header("Last-Event-ID"));
        }
    }

    /** The id is UTF-8 in the header, whatever the container makes of it. */
    @ContainerTest
    void anIdBeyondAsciiResumes(Server server) throws Exception {
        var hub = new HubClient(server);
        String id = hub.publish("topic", topic, "id", "Zürich-" + UUID.randomUUID());
        hub.publish("topic", topic, "data", "next");
        URI uri = hub.hub("topic", topic);
        try (var connection = new RawConnection(uri)) {
            String asIsoLatin = new String(id.getBytes(UTF_8), ISO_8859_1);
            connection.request("GET", uri.getRawPath() + "?" + uri.getRawQuery(), "Last-Event-ID: " + asIsoLatin);
            RawConnection.Head head = connection.head();
            assertEquals(200, head.status());
            assertEquals(asIsoLatin, head.header("Last-Event-ID"));
        }
    }

    @ContainerTest
    void anUnknownCursorIsToldInHeadersAndInAGapEvent(Server server) throws Exception {
        var hub = new HubClient(server);
        hub.publish("topic", topic, "data", "held");
        try (Following reader = Following.get(hub.hub("topic", topic), "Last-Event-ID", "urn:uuid:nobody's")) {
            assertEquals("earliest", reader.header("Last-Event-ID"));
            Received gap = reader.next();
            assertEquals("gap", gap.type());
            assertTrue(
                    gap.data().startsWith("{\"requested\":\"urn:uuid:nobody's\",\"continues_after\":\"#"), gap.data());
            assertEquals("held", reader.next().data());
        }
    }

    @ContainerTest
    void queryTakesSelectorsAndCursorFromItsBody(Server server) throws Exception {
        var hub = new HubClient(server);
        String one = hub.publish("topic", topic, "data", "1");
        hub.publish("topic", topic + "/b", "data", "2");
        HttpResponse<java.io.InputStream> answer = Following.HTTP.send(
                HttpRequest.newBuilder(hub.hub("match", topic, "last_event_id", "urn:stale"))
                        .method(
                                "QUERY",
                                HttpRequest.BodyPublishers.ofString(form("match", topic + "/b", "lastEventID", one)))
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .build(),
                HttpResponse.BodyHandlers.ofInputStream());
        try (var body = answer.body()) {
            assertEquals(200, answer.statusCode());
            assertEquals(one, answer.headers().firstValue("Last-Event-ID").orElse(""));
            byte[] bytes = new byte[4096];
            StringBuilder read = new StringBuilder();
            while (!read.toString().contains("data: 2\n")) {
                read.append(new String(bytes, 0, body.read(bytes), UTF_8));
            }
            hub.publish("topic", topic, "data", "3");
            while (!read.toString().contains("data: 3\n")) {
                read.append(new String(bytes, 0, body.read(bytes), UTF_8));
            }
        }
    }

    @ContainerTest
    void headIsAnsweredWithTheHeadersAlone(Server server) throws Exception {
        HttpResponse<Void> answer = Following.HTTP.send(
                HttpRequest.newBuilder(new HubClient(server).hub("topic", topic))
                        .method("HEAD", HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.discarding());
        assertEquals(200, answer.statusCode());
        assertTrue(answer.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream"));
    }

    @ContainerTest
    void aPrivateUpdateNeedsARouteAndAGrantEachOnAnyOfItsTopics(Server server) throws Exception {
        var hub = new HubClient(server);
        String mine = topic + "/user/me";
        try (Following granted = Following.get(
                        hub.hub("topic", topic), "Authorization", bearer("me", "", "\"" + topic + "/user/{id}\""));
                Following anonymous = Following.get(hub.hub("topic", topic))) {
            hub.publish("topic", topic, "topic", mine, "private", "", "data", "secret");
            String last = hub.publish("topic", topic, "data", "open");
            assertEquals("secret", granted.next().data());
            assertEquals("open", granted.next().data());
            assertEquals(new Received("message", "open", last), anonymous.next());
        }
    }

    @ContainerTest
    void aStreamEndsWithItsToken(Server server) throws Exception {
        var hub = new HubClient(server);
        long expiry = Instant.now().getEpochSecond() + 2;
        try (Following reader =
                Following.get(hub.hub("topic", topic), "Authorization", "Bearer " + token("x", "", "\"*\"", expiry))) {
            assertNull(reader.next(), "a proper end");
        }
        assertTrue(Instant.now().getEpochSecond() >= expiry);
        assertProblem(
                401,
                "unauthorized",
                hub.get(hub.hub("topic", topic), "Authorization", "Bearer " + token("x", "", "\"*\"", expiry)));
    }

    @ContainerTest
    void aSubjectHasAsManyStreamsAsItMay(Server server) throws Exception {
        var hub = new HubClient(server);
        String token = bearer("many " + topic, "", "\"*\"");
        List<Following> open = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            open.add(Following.get(hub.hub("topic", topic), "Authorization", token));
        }
        HttpResponse<byte[]> fourth = hub.get(hub.hub("topic", topic), "Authorization", token);
        assertProblem(429, "too-many-requests", fourth);
        assertTrue(fourth.headers().firstValue("Retry-After").isPresent());
        open.removeFirst().close();
        for (int i = 0; i < 100; i++) { // the server notices with a heartbeat
            try (Following again = Following.get(hub.hub("topic", topic), "Authorization", token)) {
                again.close();
                break;
            } catch (java.io.IOException stillCounted) {
                assertTrue(i < 99, "a stream that ended still counts");
                Thread.sleep(100);
            }
        }
        for (Following reader : open) {
            reader.close();
        }
    }

    // ---- pages of other origins ----

    @ContainerTest
    void onlyNamedOriginsMayReadAndPublishWithACookie(Server server) throws Exception {
        var hub = new HubClient(server);
        HttpResponse<byte[]> preflight = hub.send(
                "OPTIONS",
                hub.hub(),
                "",
                "text/plain",
                "Origin",
                "https://app.example",
                "Access-Control-Request-Method",
                "POST");
        assertEquals("https://app.example", header(preflight, "Access-Control-Allow-Origin"));
        assertEquals("true", header(preflight, "Access-Control-Allow-Credentials"));
        for (String name : List.of("authorization", "cache-control", "last-event-id")) {
            assertTrue(header(preflight, "Access-Control-Allow-Headers").contains(name));
        }
        HttpResponse<byte[]> foreign = hub.send(
                "OPTIONS",
                hub.hub(),
                "",
                "text/plain",
                "Origin",
                "https://evil.example",
                "Access-Control-Request-Method",
                "POST");
        assertEquals("", header(foreign, "Access-Control-Allow-Origin"));
        String cookie = "mercureAuthorization=" + token("page", "\"*\"", "\"*\"");
        String body = form("topic", topic);
        assertEquals(
                200,
                hub.post(body, "Cookie", cookie, "Origin", "https://app.example")
                        .statusCode());
        assertEquals(
                200,
                hub.post(body, "Cookie", cookie, "Referer", "https://app.example/page")
                        .statusCode());
        for (String[] headers : List.of(
                new String[] {"Cookie", cookie, "Origin", "https://evil.example"},
                new String[] {"Cookie", cookie, "Origin", "null"},
                new String[] {"Cookie", cookie})) {
            assertTrue(List.of(400, 401).contains(hub.post(body, headers).statusCode()));
        }
        try (Following reader = Following.get(
                hub.hub("topic", topic, "lastEventID", ""), "Cookie", cookie, "Origin", "https://app.example")) {
            assertEquals("https://app.example", reader.header("Access-Control-Allow-Origin"));
            assertTrue(reader.header("Access-Control-Expose-Headers").contains("Mercure-Last-Event-ID"));
        }
    }

    // ---- presence ----

    @ContainerTest
    void presenceIsToldToWhoMaySeeItAndChangesLive(Server server) throws Exception {
        var hub = new HubClient(server);
        String watch = bearer(
                "watcher " + topic, "", "\"" + SUBSCRIPTIONS + "{/topic}{/subscriber}\", \"" + SUBSCRIPTIONS + "\"");
        String encoded = java.net.URLEncoder.encode(topic, UTF_8);
        URI collection = server.uri(SUBSCRIPTIONS + "?topic=" + encoded);
        assertProblem(401, "unauthorized", hub.get(collection));
        assertProblem(403, "forbidden", hub.get(collection, "Authorization", bearer("blind", "", "\"" + topic + "\"")));
        try (Following watcher = Following.get(
                hub.hub("topic", SUBSCRIPTIONS + "/" + encoded + "{/subscriber}"), "Authorization", watch)) {
            Following reader = Following.get(hub.hub("topic", topic), "Authorization", bearer("reader", "", "\"x\""));
            Received came = watcher.next();
            assertEquals("message", came.type());
            assertTrue(came.data().contains("\"active\":true"), came.data());
            assertTrue(came.data().contains("\"payload\":{\"name\":\"reader\"}"), came.data());
            HttpResponse<byte[]> answer = hub.get(collection, "Authorization", watch);
            assertEquals(200, answer.statusCode(), text(answer));
            assertTrue(header(answer, "Content-Type").startsWith("application/ld+json"));
            assertTrue(text(answer).contains("\"type\":\"Subscriptions\""), text(answer));
            assertTrue(text(answer).contains("\"topic\":\"" + topic + "\""), text(answer));
            String subscriber = text(answer).replaceAll("(?s).*\"subscriber\":\"(urn:uuid:[^\"]+)\".*", "$1");
            String tag = header(answer, "ETag");
            assertEquals(
                    304,
                    hub.get(collection, "Authorization", watch, "If-None-Match", tag)
                            .statusCode());
            HttpResponse<byte[]> one =
                    hub.get(URI.create(collection + "&subscriber=" + subscriber), "Authorization", watch);
            assertTrue(text(one).contains("\"type\":\"Subscription\""), text(one));
            reader.close();
            Received left = watcher.next();
            assertTrue(left.data().contains("\"active\":false"), left.data());
            assertTrue(left.data().contains(subscriber), left.data());
            assertEquals(
                    200,
                    hub.get(collection, "Authorization", watch, "If-None-Match", tag)
                            .statusCode());
            assertProblem(
                    404,
                    "not-found",
                    hub.get(URI.create(collection + "&subscriber=" + subscriber), "Authorization", watch));
        }
    }

    /** With both dialects; what the other one calls by another name must not be left out silently. */
    @ContainerTest
    void presenceIsToldInTheDialectOfTheParametersThatAskForIt(Server server) throws Exception {
        var hub = new HubClient(server);
        String encoded = java.net.URLEncoder.encode(topic, UTF_8);
        String watch = bearer("watcher " + topic, "", "\"" + SUBSCRIPTIONS + "/exact/{match}\"");
        try (Following reader = Following.get(hub.hub("match", topic));
                Following other = Following.get(hub.hub("match", topic + "/other"))) {
            hub.publish("topic", topic, "topic", topic + "/other", "data", "both are there");
            assertNotNull(reader.next());
            assertNotNull(other.next());
            URI modern = server.uri(SUBSCRIPTIONS + "?match=" + encoded);
            HttpResponse<byte[]> answer = hub.get(modern, "Authorization", watch);
            assertEquals(200, answer.statusCode(), text(answer));
            assertEquals("application/json", header(answer, "Content-Type").split(";", 2)[0]);
            assertTrue(text(answer).contains("\"match\":\"" + topic + "\""), text(answer));
            assertFalse(text(answer).contains(topic + "/other"), text(answer));
            assertTrue(header(answer, "Link").contains("rel=\"mercure\""), header(answer, "Link"));
            assertNull(other.header("Last-Event-ID"));
            assertNull(reader.header("Last-Event-ID"));
        }
        assertProblem(
                403, "forbidden", hub.get(server.uri(SUBSCRIPTIONS + "?topic=" + encoded), "Authorization", watch));
        assertProblem(
                400,
                "bad-parameter",
                hub.get(server.uri(SUBSCRIPTIONS + "?match=a&topic=" + encoded), "Authorization", watch));
    }

    @ContainerTest
    void nothingThatAClientCausesIsInTheLog(Server server) throws Exception {
        var hub = new HubClient(server);
        int before = server.log().length();
        badFieldsAreRefused(server);
        badSubscriptionsAreRefused(server);
        String token = "Authorization: " + bearer("hostile", "\"*\"", "\"*\"");
        String body = form("topic", topic, "data", "x");
        String head = "POST /.well-known/mercure HTTP/1.1\r\nHost: localhost\r\n" + token
                + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ";
        for (int i = 0; i < 20; i++) {
            try (var gone = new RawConnection(server.uri("/"))) { // before its answer
                gone.send(head + body.length() + "\r\n\r\n" + body);
                gone.reset();
            }
            try (var gone = new RawConnection(server.uri("/"))) { // in the middle of its body
                gone.send(head + (body.length() + 1) + "\r\n\r\n" + body);
                gone.reset();
            }
            try (var gone = new RawConnection(server.uri("/"))) { // in the middle of its stream
                gone.request("GET", "/.well-known/mercure?topic=*&lastEventID=earliest");
                gone.head();
                gone.reset();
            }
            hub.publish("topic", topic, "data", "x".repeat(10_000));
            hub.post(body, "Authorization", "Bearer " + "a".repeat(i * 300) + ".b.c");
            hub.get(server.uri(SUBSCRIPTIONS + "?topic=%ff"));
        }
        Thread.sleep(700); // more than a heartbeat
        String since = server.log().substring(before);
        assertFalse(since.contains("Exception") || since.contains("WARN") || since.contains("millrace"), since);
    }

    @ContainerTest
    void theMetadataTellWhatTheHubTakes(Server server) throws Exception {
        HttpResponse<byte[]> answer =
                new HubClient(server).get(server.uri("/.well-known/oauth-protected-resource/.well-known/mercure"));
        assertEquals(200, answer.statusCode());
        assertTrue(text(answer).contains("\"resource\":\"" + server.uri("/.well-known/mercure") + "\""), text(answer));
        assertTrue(text(answer).contains("\"bearer_methods_supported\":[\"header\"]"), text(answer));
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), UTF_8);
    }

    private static String header(HttpResponse<byte[]> answer, String name) {
        return answer.headers().firstValue(name).orElse("");
    }

    private static String challenge(HttpResponse<byte[]> answer) {
        return header(answer, "WWW-Authenticate");
    }
}
