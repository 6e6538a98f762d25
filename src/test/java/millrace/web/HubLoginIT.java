package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static millrace.web.HubClient.form;
import static millrace.web.Problems.assertProblem;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.UUID;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.harness.Setup;
import millrace.web.Following.Received;
import org.junit.jupiter.api.Timeout;

/**
 * A hub without any key, for the users of the container: the WAR's {@code web.xml} asks for a login, the container
 * checks it (BASIC), and roles decide.
 */
@OnContainers(
        setup = Setup.LOGIN,
        properties = {
            "millrace.demo=false",
            "millrace.history=memory",
            "millrace.hub.publish-roles=publisher",
            "millrace.hub.subscribe-roles=subscriber",
            "millrace.hub.role-topics=staff https://example.com/staff/{id}, staff /.well-known/mercure/subscriptions",
            "millrace.hub.origins=https://app.example",
        })
@Timeout(120)
class HubLoginIT {

    private final String topic = "https://example.com/staff/" + UUID.randomUUID();

    @ContainerTest
    void whoHasNoPasswordOrAWrongOneDoesNotReachTheHub(Server server) throws Exception {
        var hub = new HubClient(server);
        for (String[] headers : new String[][] {{}, {"Authorization", basic("pat", "wrong")}}) {
            HttpResponse<byte[]> answer = hub.get(hub.hub("topic", topic), headers);
            assertEquals(401, answer.statusCode()); // the container's answer, and its page
            String challenge = answer.headers().firstValue("WWW-Authenticate").orElse("");
            assertTrue(challenge.regionMatches(true, 0, "Basic realm=", 0, 12), challenge);
        }
    }

    @ContainerTest
    void rolesDecideWhoPublishesAndWhoSeesWhat(Server server) throws Exception {
        var hub = new HubClient(server);
        try (Following sam = Following.get(hub.hub("topic", topic), "Authorization", user("sam"));
                Following kim = Following.get(hub.hub("topic", topic), "Authorization", user("kim"))) {
            publish(200, hub, "pat", "data", "secret", "private", "on");
            for (String other : new String[] {"sam", "kim"}) {
                publish(403, hub, other, "data", "not theirs");
            }
            publish(200, hub, "pat", "data", "open");
            assertEquals("open", next(sam), "a subscriber sees what is public");
            assertEquals("secret", next(kim), "the staff sees what its role's topics grant");
            assertEquals("open", next(kim));
        }
        assertProblem(403, "forbidden", hub.get(hub.hub("topic", topic), "Authorization", user("pat")));
        // who has no role that the hub knows is nobody to it, and may yet show a token in a cookie
        assertProblem(401, "unauthorized", hub.get(hub.hub("topic", topic), "Authorization", user("nemo")));
    }

    @ContainerTest
    void whatIsPrivateStaysSoInReplayAndElsewhere(Server server) throws Exception {
        var hub = new HubClient(server);
        String elsewhere = "https://example.com/board/" + UUID.randomUUID();
        String first = text(publish(200, hub, "pat", "data", "1"));
        publish(200, hub, "pat", "data", "2", "private", "on");
        publish(200, hub, "pat", "data", "3");
        try (Following kim = Following.get(
                        hub.hub("topic", topic, "topic", elsewhere, "lastEventID", first),
                        "Authorization",
                        user("kim"));
                Following sam =
                        Following.get(hub.hub("topic", topic, "lastEventID", first), "Authorization", user("sam"))) {
            assertEquals("3", next(sam));
            assertEquals("2", next(kim));
            assertEquals("3", next(kim));
            HttpResponse<byte[]> other = hub.post(
                    form("topic", elsewhere, "data", "not for the staff", "private", "on"),
                    "Authorization",
                    user("pat"),
                    "Origin",
                    "https://app.example");
            assertEquals(200, other.statusCode());
            publish(200, hub, "pat", "data", "4");
            assertEquals("4", next(kim));
        }
    }

    /** A browser sends a password by itself, whatever page made it ask. */
    @ContainerTest
    void aPublishNeedsAnAllowedOrigin(Server server) throws Exception {
        var hub = new HubClient(server);
        String body = form("topic", topic, "data", "x");
        String own = "http://127.0.0.1:" + server.port();
        assertEquals(
                200, hub.post(body, "Authorization", user("pat"), "Origin", own).statusCode());
        assertEquals(
                200,
                hub.post(body, "Authorization", user("pat"), "Referer", own + "/page")
                        .statusCode());
        for (String[] from : new String[][] {{}, {"Origin", "https://evil.example"}, {"Origin", "null"}}) {
            String[] headers = {"Authorization", user("pat"), "Accept", "*/*"};
            if (from.length > 0) {
                headers = new String[] {"Authorization", user("pat"), from[0], from[1]};
            }
            HttpResponse<byte[]> refused = hub.post(body, headers);
            assertEquals(400, refused.statusCode());
            assertTrue(text(refused).contains("allowed Origin"), text(refused));
        }
    }

    @ContainerTest
    void aRoleMaySeeWhoIsThere(Server server) throws Exception {
        var hub = new HubClient(server);
        try (Following sam = Following.get(hub.hub("topic", topic), "Authorization", user("sam"))) {
            publish(200, hub, "pat", "data", "open");
            assertEquals("open", next(sam), "its headers come a moment before it is there");
            var collection = server.uri("/.well-known/mercure/subscriptions");
            HttpResponse<byte[]> answer = hub.get(collection, "Authorization", user("kim"));
            assertEquals(200, answer.statusCode(), text(answer));
            assertTrue(text(answer).contains(topic), text(answer));
            assertProblem(403, "forbidden", hub.get(collection, "Authorization", user("sam")));
            assertThrows(
                    IOException.class, () -> Following.get(hub.hub("topic", topic), "Authorization", user("nemo")));
            assertEquals(200, hub.get(server.uri("/health/live")).statusCode(), "and the rest needs no login");
        }
    }

    private HttpResponse<byte[]> publish(int status, HubClient hub, String user, String... fields) throws Exception {
        HttpResponse<byte[]> answer = hub.post(
                form("topic", topic) + "&" + form(fields),
                "Authorization",
                user(user),
                "Origin",
                "https://app.example");
        assertEquals(status, answer.statusCode(), text(answer));
        return answer;
    }

    private static String next(Following reader) throws Exception {
        Received event = reader.next();
        return event == null ? "the end" : event.data();
    }

    private static String user(String name) {
        return basic(name, "secret");
    }

    private static String basic(String name, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((name + ":" + password).getBytes(UTF_8));
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), UTF_8);
    }
}
