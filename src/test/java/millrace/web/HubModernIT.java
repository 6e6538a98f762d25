package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static millrace.web.HubClient.form;
import static millrace.web.Problems.assertProblem;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.web.Following.Received;
import org.junit.jupiter.api.Timeout;

/** A hub that is set to the 1.0 protocol alone: access tokens of RFC 9068, its own parameters, statuses and documents. */
@OnContainers({Container.TOMCAT_11, Container.JETTY_12_1})
@Timeout(180)
class HubModernIT {

    static final String HUB = "https://hub.example/.well-known/mercure";
    private static final String ISSUER = "https://login.example";
    private static final String AWAY = "https://away.example";
    private static final String SUBSCRIPTIONS = "/.well-known/mercure/subscriptions";
    private static final String TOPIC = "https://example.com/books/1";
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    @ContainerTest
    void aHubOf10SpeaksIt(Container container) throws Exception {
        Path keys = Files.createTempFile(Path.of("target").toAbsolutePath(), "keys", ".json");
        Map<String, String> settings = Map.of(
                "millrace.demo", "false",
                "millrace.history", "memory",
                "millrace.heartbeat", "500ms",
                "millrace.hub.protocol", "1.0",
                "millrace.hub.url", HUB,
                "millrace.hub.issuers", issuer(keys) + ", " + AWAY + " http://127.0.0.1:9/keys");
        try (Server server = Server.start(container, settings)) {
            var hub = new HubClient(server);
            String publisher =
                    bearer("[{\"match\":\"https://example.com/:kind/:id\",\"match_type\":\"urlpattern\"}]", "publish");
            String reader = bearer("[{\"match\":\"" + TOPIC + "\"}]", "subscribe");
            statuses(hub, publisher);
            keysThatAreNotThereYet(hub);
            privateUpdates(hub, publisher, reader);
            presence(server, hub, reader);
        } finally {
            Files.delete(keys);
        }
    }

    private static void statuses(HubClient hub, String publisher) throws Exception {
        HttpResponse<byte[]> none = hub.get(hub.hub("match", TOPIC));
        assertProblem(401, "unauthorized", none);
        assertEquals(
                "Bearer resource_metadata=\"https://hub.example/.well-known/oauth-protected-resource/.well-known/mercure\"",
                none.headers().firstValue("WWW-Authenticate").orElse(""));
        String old = HubClient.bearer("x", "\"*\"", "\"*\"");
        assertProblem(401, "unauthorized", hub.post(form("topic", TOPIC), "Authorization", old));
        assertProblem(400, "bad-parameter", hub.get(hub.hub("topic", TOPIC), "Authorization", publisher));
        assertProblem(
                400,
                "bad-parameter",
                hub.post(form("topic", SUBSCRIPTIONS + "/exact/x/y"), "Authorization", publisher));
        assertProblem(
                403, "forbidden", hub.post(form("topic", "https://example.com/a/b/c"), "Authorization", publisher));
        assertEquals(
                200,
                hub.post(form("topic", TOPIC), "authorization", publisher.replace("Bearer", "bearer"))
                        .statusCode());
    }

    private static void keysThatAreNotThereYet(HubClient hub) throws Exception {
        String token = bearer(AWAY, "[{\"match\":\"" + TOPIC + "\"}]", "subscribe");
        HttpResponse<byte[]> answer = hub.get(hub.hub("match", TOPIC), "Authorization", token);
        assertProblem(503, "unavailable", answer);
        assertEquals("1", answer.headers().firstValue("Retry-After").orElse(""));
    }

    private static void privateUpdates(HubClient hub, String publisher, String reader) throws Exception {
        try (Following granted = Following.get(
                hub.hub("match_urlpattern", "https://example.com/books/:id"),
                "Cookie",
                "__Secure-mercure_access_token=" + reader.substring("Bearer ".length()))) {
            hub.post(
                    form("topic", "https://example.com/books/2", "private", "", "data", "2"),
                    "Authorization",
                    publisher);
            hub.post(form("topic", TOPIC, "private", "", "data", "1"), "Authorization", publisher);
            assertEquals("1", granted.next().data());
        }
    }

    private static void presence(Server server, HubClient hub, String reader) throws Exception {
        String path = SUBSCRIPTIONS + "/exact/" + URLEncoder.encode(TOPIC, UTF_8);
        String watcher = bearer(
                "[{\"match\":\"" + path + "\"},{\"match\":\"" + path + "/:subscriber\",\"match_type\":\"urlpattern\"}]",
                "subscribe");
        try (Following changes =
                        Following.get(hub.hub("match_urlpattern", path + "/:subscriber"), "Authorization", watcher);
                Following there = Following.get(hub.hub("match", TOPIC), "Authorization", reader)) {
            Received came = changes.next();
            assertEquals("mercure", came.type());
            assertTrue(
                    came.data().contains("\"type\":\"subscription\",\"match_type\":\"exact\",\"match\":\"" + TOPIC),
                    came.data());
            assertTrue(came.data().contains("\"payload\":{\"of\":\"the grant\"}"), came.data());
            try (Following ofAnotherType = Following.get(hub.hub("match_urlpattern", TOPIC), "Authorization", reader)) {
                String publisher = bearer("[{\"match\":\"*\"}]", "publish");
                hub.post(form("topic", TOPIC, "data", "is it there?"), "Authorization", publisher);
                assertEquals("is it there?", ofAnotherType.next().data());
                URI exact = server.uri(SUBSCRIPTIONS + "?match=" + URLEncoder.encode(TOPIC, UTF_8));
                String shown =
                        new String(hub.get(exact, "Authorization", watcher).body(), UTF_8);
                assertFalse(shown.contains("urlpattern"), "the grant is for exact alone: " + shown);
            }
            URI collection = server.uri(SUBSCRIPTIONS + "?match=" + URLEncoder.encode(TOPIC, UTF_8));
            HttpResponse<byte[]> answer = hub.get(collection, "Authorization", watcher);
            String document = new String(answer.body(), UTF_8);
            assertEquals(200, answer.statusCode(), document);
            assertEquals(
                    "application/json",
                    answer.headers().firstValue("Content-Type").orElse("").split(";", 2)[0]);
            assertFalse(document.contains("@context") || document.contains("lastEventID"), document);
            assertTrue(document.contains("\"type\":\"subscriptions\""), document);
            String link = answer.headers().firstValue("Link").orElse("");
            assertTrue(
                    link.matches(
                            "<\\.\\./\\.\\./\\.well-known/mercure>; rel=\"mercure\"; last-event-id=\"[^\"]+\"; type=\"mercure\"; content-type=\"application/json\""),
                    link);
        }
    }

    /** A setting that names the issuer of {@link #bearer}, whose keys are in that file from now on. */
    static String issuer(Path keys) throws Exception {
        Files.writeString(
                keys,
                "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"1\",\"k\":\""
                        + BASE64.encodeToString(HubClient.KEY.getBytes(UTF_8)) + "\"}]}");
        return ISSUER + " file:" + keys;
    }

    /** @param topics a JSON array of matchers */
    static String bearer(String topics, String action) throws Exception {
        return bearer(ISSUER, topics, action);
    }

    private static String bearer(String issuer, String topics, String action) throws Exception {
        String header = "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"1\"}";
        String claims =
                "{\"iss\":\"%s\",\"aud\":[\"%s\"],\"exp\":%d,\"authorization_details\":[{\"type\":\"https://mercure.rocks/authorization-detail\",\"actions\":[\"%s\"],\"topics\":%s,\"payload\":{\"of\":\"the grant\"}}]}"
                        .formatted(issuer, HUB, Instant.now().getEpochSecond() + 600, action, topics);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(HubClient.KEY.getBytes(UTF_8), "HmacSHA256"));
        String signed =
                BASE64.encodeToString(header.getBytes(UTF_8)) + "." + BASE64.encodeToString(claims.getBytes(UTF_8));
        return "Bearer " + signed + "." + BASE64.encodeToString(mac.doFinal(signed.getBytes(UTF_8)));
    }
}
