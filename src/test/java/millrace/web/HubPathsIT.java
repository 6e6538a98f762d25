package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static millrace.web.HubClient.bearer;
import static millrace.web.Problems.assertProblem;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.StringReader;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.harness.Setup;
import org.junit.jupiter.api.Timeout;

/** Presence by paths whose segments hold slashes, on containers that were told to let {@code %2F} through. */
@OnContainers
@Timeout(120)
class HubPathsIT {

    private static final String SUBSCRIPTIONS = "/.well-known/mercure/subscriptions";

    /** With what IRIs hold, an escape of its own, and dots that must not climb. */
    static final List<String> TOPICS = List.of(
            "https://example.com/books/1?q=a+b&c=d#e",
            "https://example.com/{kind}/{id}",
            "https://example.com/Z%C3%BCrich",
            "a/../b;c=d e/ü");

    @ContainerTest
    void aSubscriptionIsFoundByItsPathInBothDialects(Container container) throws Exception {
        Path keys = Files.createTempFile(Path.of("target").toAbsolutePath(), "keys", ".json");
        Map<String, String> settings = Map.of(
                "millrace.demo",
                "false",
                "millrace.history",
                "memory",
                "millrace.hub.anonymous",
                "true",
                "millrace.hub.publisher-key",
                HubClient.KEY,
                "millrace.hub.url",
                HubModernIT.HUB,
                "millrace.hub.issuers",
                HubModernIT.issuer(keys));
        try (Server server = Server.start(container, Setup.ENCODED_SLASHES, 0, settings)) {
            var hub = new HubClient(server);
            for (String topic : TOPICS) {
                try (Following there = Following.get(hub.hub("topic", topic))) {
                    assertEquals(
                            "text/event-stream", there.header("Content-Type").split(";", 2)[0]);
                    String path = SUBSCRIPTIONS + "/" + encode(topic);
                    String granted = bearer("old", "", "\"" + path + "{/subscriber}\", \"" + path + "\"");
                    find(server, path, topic, "topic", granted, bearer("other", "", "\"" + topic + "\""));
                    String type = topic.contains("{") ? "uritemplate" : "exact";
                    path = SUBSCRIPTIONS + "/" + type + "/" + encode(topic);
                    find(
                            server,
                            path,
                            topic,
                            "match",
                            HubModernIT.bearer("[{\"match\":\"*\"}]", "subscribe"),
                            HubModernIT.bearer("[{\"match\":\"" + topic + "\"}]", "subscribe"));
                }
            }
        } finally {
            Files.delete(keys);
        }
    }

    /** The collection at the path has one subscription, whose id is a path too, at which it is found alone. */
    static void find(Server server, String path, String topic, String member, String granted, String other)
            throws Exception {
        var hub = new HubClient(server);
        JsonObject collection = document(hub.get(server.uri(path), "Authorization", granted));
        for (int i = 0; i < 100 && collection.getJsonArray("subscriptions").isEmpty(); i++) {
            Thread.sleep(20); // it is there in a moment: the headers of its stream were sent first
            collection = document(hub.get(server.uri(path), "Authorization", granted));
        }
        assertEquals(path, collection.getString("id"));
        assertEquals(1, collection.getJsonArray("subscriptions").size(), collection.toString());
        JsonObject subscription = collection.getJsonArray("subscriptions").getJsonObject(0);
        assertEquals(topic, subscription.getString(member));
        String id = subscription.getString("id");
        assertTrue(id.startsWith(path + "/urn%3Auuid%3A"), id);
        JsonObject alone = document(hub.get(server.uri(id), "Authorization", granted));
        assertEquals(id, alone.getString("id"));
        assertEquals(topic, alone.getString(member));
        assertProblem(401, "unauthorized", hub.get(server.uri(id)));
        assertProblem(403, "forbidden", hub.get(server.uri(id), "Authorization", other));
        assertProblem(404, "not-found", hub.get(server.uri(path + "/a/b/c"), "Authorization", granted));
    }

    private static JsonObject document(HttpResponse<byte[]> answer) {
        String text = new String(answer.body(), UTF_8);
        assertEquals(200, answer.statusCode(), text);
        return Json.createReader(new StringReader(text)).readObject();
    }

    static String encode(String text) {
        return URLEncoder.encode(text, UTF_8).replace("+", "%20");
    }
}
