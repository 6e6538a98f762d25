package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;

/**
 * An {@code EventSource} gives up for good on every status but 200: what passes by itself is told to it in a stream that
 * ends after a {@code retry:}. Who reads statuses gets one.
 */
@OnContainers(
        properties = {
            "millrace.heartbeat=300ms", // who has left is found out soon
            "millrace.max-streams-per-address=4",
            "millrace.max-runs-per-user=2",
            "millrace.hub.streams-per-subject=1",
            "millrace.hub.max-patterns=1",
            "millrace.hub.client-share=100",
            "millrace.hub.publisher-key=" + HubClient.KEY
        })
class EventSourceRefusalIT {

    private static final Pattern COME_BACK = Pattern.compile(": (429|503): [^\n]+\nretry: (\\d+)\n");

    private static final String[] NOBODYS = {};
    private static final String[] CHROMIUMS = {
        "Accept", "text/event-stream", "Cache-Control", "no-cache", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"
    };
    /** A browser, to an origin that is neither https: nor localhost, and every library. */
    private static final String[] PLAIN = {"Accept", "text/event-stream"};

    private static final List<String[]> READS_STATUSES = List.of(
            NOBODYS,
            new String[] {"Accept", "*/*"},
            new String[] {"Accept", "application/json, text/event-stream"},
            new String[] {"Accept", "text/event-stream", "Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate"});

    @ContainerTest
    void whatPassesIsToldToAnEventSourceInAStreamAndCountsForNothing(Server server) throws Exception {
        var hub = new HubClient(server);
        URI more = hub.hub("topic", "a");
        List<Following> open = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                open.add(awaitRoom(more));
            }
            assertRefused(429, 10, more);
            assertRefused(429, 10, server.uri("/sse/v1"));
            for (int i = 0; i < 20; i++) {
                assertComesBack(429, 10, more, PLAIN);
            }
            HttpResponse<String> posted = send("POST", server.uri("/sse/v1"), CHROMIUMS);
            assertEquals(429, posted.statusCode());
            open.removeLast().close();
            open.add(awaitRoom(more)); // none of the answers above holds a place
        } finally {
            for (Following stream : open) {
                stream.close();
            }
        }
        awaitRoom(more).close();
    }

    @ContainerTest
    void tooManyRunsAndTheLimitsOfTheHubAreToldInTheSameWay(Server server) throws Exception {
        var hub = new HubClient(server);
        URI quiet = server.uri("/sse/v1?n=2&interval=3600000");
        try (Following one = awaitRoom(quiet);
                Following two = awaitRoom(quiet)) {
            one.next();
            two.next();
            assertRefused(429, 10, server.uri("/sse/v1"));
            for (Following run : List.of(one, two)) {
                var stop = HttpRequest.newBuilder(quiet.resolve(run.header("Content-Location")))
                        .header("Millrace-Run-Secret", run.header("Millrace-Run-Secret"))
                        .DELETE();
                assertEquals(
                        204,
                        Following.HTTP
                                .send(stop.build(), BodyHandlers.discarding())
                                .statusCode());
            }
            one.rest();
            two.rest();
        }
        String token = HubClient.bearer("ada", "", "");
        try (Following first = awaitRoom(hub.hub("topic", "a"), "Authorization", token)) {
            assertRefused(429, 5, hub.hub("topic", "b"), "Authorization", token);
            first.header("Content-Type");
        }
        try (Following pattern = awaitRoom(hub.hub("topic", "a/{id}"))) {
            assertRefused(503, 5, hub.hub("topic", "b/{id}"));
            pattern.header("Content-Type");
        }
    }

    @ContainerTest
    void aHistoryThatIsAwayIsToldInTheSameWay(Container container) throws Exception {
        var away = Map.of("millrace.history", "file:/proc/no-directory-can-be-made-here", "millrace.drain-time", "0s");
        try (Server server = Server.start(container, away)) {
            assertRefused(503, 5, new HubClient(server).hub("topic", "a", "last_event_id", "urn:uuid:some"));
        }
    }

    @ContainerTest
    void whatDoesNotPassKeepsItsStatus(Server server) throws Exception {
        for (String[] asker : List.of(NOBODYS, PLAIN, CHROMIUMS)) {
            assertEquals(
                    404,
                    send("GET", server.uri("/streams/AAAAAAAAAAAAAAAAAAAAAA"), asker)
                            .statusCode());
            assertEquals(400, send("GET", server.uri("/sse/v1?n=none"), asker).statusCode());
            assertEquals(
                    400, send("GET", server.uri("/.well-known/mercure"), asker).statusCode());
            assertEquals(
                    401,
                    send("GET", new HubClient(server).hub("topic", "a"), with(asker, "Authorization", "Bearer made-up"))
                            .statusCode());
        }
    }

    private static void assertRefused(int status, int seconds, URI uri, String... headers) throws Exception {
        for (String[] asker : READS_STATUSES) {
            HttpResponse<String> told = send("GET", uri, with(asker, headers));
            assertEquals(status, told.statusCode(), () -> uri + " said " + told.body());
            assertEquals(
                    Integer.toString(seconds),
                    told.headers().firstValue("Retry-After").orElse(""));
            assertEquals(
                    "application/problem+json",
                    told.headers().firstValue("Content-Type").orElse("").split(";")[0]);
        }
        assertComesBack(status, seconds, uri, with(PLAIN, headers));
        assertComesBack(status, seconds, uri, with(CHROMIUMS, headers));
    }

    private static void assertComesBack(int status, int seconds, URI uri, String... headers) throws Exception {
        HttpResponse<String> told = send("GET", uri, headers);
        assertEquals(200, told.statusCode(), () -> uri + " said " + told.body());
        assertEquals(
                "text/event-stream",
                told.headers().firstValue("Content-Type").orElse("").split(";")[0]);
        Matcher body = COME_BACK.matcher(told.body());
        assertTrue(body.matches(), told.body());
        assertEquals(Integer.toString(status), body.group(1));
        long millis = Long.parseLong(body.group(2));
        assertTrue(millis >= seconds * 1000L && millis <= seconds * 1000L * 4 / 3 + 1000, told.body());
    }

    /** A stream, once there is room for it: the server finds out later than the client that one has ended. */
    private static Following awaitRoom(URI uri, String... headers) throws Exception {
        while (true) {
            try {
                return Following.get(uri, headers);
            } catch (java.io.IOException full) {
                if (!full.getMessage().matches(".* was answered (429|503)")) {
                    throw full;
                }
                Thread.sleep(50);
            }
        }
    }

    private static String[] with(String[] headers, String... more) {
        var all = new ArrayList<>(List.of(headers));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private static HttpResponse<String> send(String method, URI uri, String... headers) throws Exception {
        return Following.HTTP.send(request(method, uri, headers), BodyHandlers.ofString(UTF_8));
    }

    private static HttpRequest request(String method, URI uri, String... headers) {
        var request = HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return request.build();
    }
}
