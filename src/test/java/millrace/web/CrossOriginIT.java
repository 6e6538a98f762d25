package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static millrace.web.HubClient.form;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.junit.jupiter.api.Timeout;

/** Pages of other origins: streams, runs, chat and hub go by the same rule. */
@OnContainers(
        properties = {
            "millrace.demo=false",
            "millrace.origins=https://App.example:443, http://localhost:3000, capacitor://localhost",
            "millrace.chat.api-keys=sk-page",
            "millrace.guide.pace=0",
            "millrace.history=memory",
            "millrace.hub.anonymous=true",
            "millrace.hub.publisher-key=" + HubClient.KEY,
            "millrace.hub.origins=https://hub-only.example",
        })
@Timeout(120)
class CrossOriginIT {

    private static final String PAGE = "https://app.example";
    private static final String QUESTION =
            "{\"model\":\"guide\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
    private static final List<String> PLACES = List.of(
            "/sse/v1",
            "/sse/no_sse",
            "/testapp/partner",
            "/streams/AAAAAAAAAAAAAAAAAAAAAA",
            "/v1/chat/completions",
            "/v1/models",
            "/sse/async_openai_out",
            "/.well-known/mercure",
            "/.well-known/mercure/subscriptions",
            "/.well-known/oauth-protected-resource/.well-known/mercure");

    @ContainerTest
    void aPreflightOfAnAllowedPageIsPermittedWithoutAKey(Server server) throws Exception {
        for (String place : PLACES) {
            HttpResponse<String> answer = send(
                    server,
                    "OPTIONS",
                    place,
                    "Origin",
                    PAGE,
                    "Access-Control-Request-Method",
                    "POST",
                    "Access-Control-Request-Headers",
                    "authorization,last-event-id,x-stainless-os",
                    "Access-Control-Request-Private-Network",
                    "true");
            assertEquals(204, answer.statusCode(), place);
            assertEquals(PAGE, header(answer, "Access-Control-Allow-Origin"), place);
            assertEquals("true", header(answer, "Access-Control-Allow-Credentials"), place);
            assertTrue(list(answer, "Access-Control-Allow-Methods")
                    .containsAll(List.of("GET", "POST", "DELETE", "QUERY")));
            assertEquals(
                    List.of("authorization", "last-event-id", "x-stainless-os"),
                    list(answer, "Access-Control-Allow-Headers"),
                    place);
            assertEquals("true", header(answer, "Access-Control-Allow-Private-Network"), place);
            assertTrue(list(answer, "Vary").containsAll(List.of("Origin", "Access-Control-Request-Headers")), place);
        }
    }

    @ContainerTest
    void aPreflightOfAForeignPageIsPermittedNothing(Server server) throws Exception {
        for (String place : PLACES) {
            for (String origin : foreign(place)) {
                HttpResponse<String> answer = send(
                        server,
                        "OPTIONS",
                        place,
                        "Origin",
                        origin,
                        "Access-Control-Request-Method",
                        "POST",
                        "Access-Control-Request-Private-Network",
                        "true");
                assertEquals(204, answer.statusCode(), place);
                assertNothingAllowed(answer, place + " from " + origin);
            }
        }
    }

    @ContainerTest
    void whatAPreflightAsksForIsNotSentBackWhereItIsNoListOfNames(Server server) throws Exception {
        for (String asked : List.of("x".repeat(5_000), "<script>", "a;b", "a=b")) {
            HttpResponse<String> answer = send(
                    server,
                    "OPTIONS",
                    "/sse/v1",
                    "Origin",
                    PAGE,
                    "Access-Control-Request-Method",
                    "GET",
                    "Access-Control-Request-Headers",
                    asked);
            assertTrue(list(answer, "Access-Control-Allow-Headers").contains("last-event-id"), asked);
            assertEquals("", header(answer, "Access-Control-Allow-Private-Network"));
        }
    }

    @ContainerTest
    void anAllowedPageReadsEveryAnswerAndRefusalsToo(Server server) throws Exception {
        for (String place : PLACES) {
            HttpResponse<String> answer = send(server, "HEAD", place, "Origin", PAGE);
            assertEquals(PAGE, header(answer, "Access-Control-Allow-Origin"), place + " " + answer.statusCode());
            assertEquals("true", header(answer, "Access-Control-Allow-Credentials"), place);
            assertTrue(
                    list(answer, "Access-Control-Expose-Headers")
                            .containsAll(List.of(
                                    "Content-Location",
                                    "Last-Event-ID",
                                    "Link",
                                    "Mercure-Last-Event-ID",
                                    "Millrace-Run-Secret",
                                    "Retry-After",
                                    "WWW-Authenticate")),
                    place);
            assertEquals(
                    1, list(answer, "Vary").stream().filter("Origin"::equals).count(), place);
            for (String origin : foreign(place)) {
                assertNothingAllowed(send(server, "HEAD", place, "Origin", origin), place + " from " + origin);
            }
            HttpResponse<String> none = send(server, "HEAD", place);
            assertTrue(list(none, "Vary").contains("Origin"), "a cache must not give it to pages");
            assertEquals("", header(none, "Access-Control-Allow-Origin"));
        }
    }

    @ContainerTest
    void anAllowedPageWithAKeyAsksTheChatAndAForeignOneDoesNot(Server server) throws Exception {
        String[] key = {"Authorization", "Bearer sk-page", "Content-Type", "application/json"};
        for (String path : List.of("/v1/chat/completions", "/sse/async_openai_out")) {
            String body = path.startsWith("/v1") ? QUESTION : "{\"user_message\":\"hello\"}";
            HttpResponse<String> answer = post(server, path, body, with(key, "Origin", PAGE));
            assertEquals(200, answer.statusCode(), answer.body());
            assertEquals(PAGE, header(answer, "Access-Control-Allow-Origin"));
            assertEquals(
                    401,
                    post(server, path, body, "Origin", PAGE, "Content-Type", "application/json")
                            .statusCode());
            for (String origin : foreign(path)) {
                HttpResponse<String> refused = post(server, path, body, with(key, "Origin", origin));
                assertEquals(403, refused.statusCode(), path + " from " + origin);
                assertNothingAllowed(refused, path + " from " + origin);
            }
            for (String site : List.of("cross-site", "same-site")) {
                assertEquals(
                        403,
                        post(server, path, body, with(key, "Sec-Fetch-Site", site))
                                .statusCode());
            }
        }
    }

    @ContainerTest
    void anAllowedPageStartsFollowsAndStopsARun(Server server) throws Exception {
        HttpResponse<String> started = post(server, "/sse/v1?n=2&interval=0", "", "Origin", PAGE);
        assertEquals(200, started.statusCode());
        assertTrue(started.body().contains("data: 1"), started.body());
        URI run = started.uri().resolve(header(started, "Content-Location"));
        HttpResponse<String> followed = send(server, "GET", run.getPath(), "Origin", PAGE);
        assertEquals(PAGE, header(followed, "Access-Control-Allow-Origin"));
        assertTrue(followed.body().contains("data: 1"), followed.body());
        String secret = header(started, "Millrace-Run-Secret");
        assertEquals(
                403,
                send(server, "DELETE", run.getPath(), "Origin", "https://evil.example", "Millrace-Run-Secret", secret)
                        .statusCode());
        assertEquals(
                204,
                send(server, "DELETE", run.getPath(), "Origin", PAGE, "Millrace-Run-Secret", secret)
                        .statusCode());
        assertEquals(
                403,
                post(server, "/sse/v1?n=1", "", "Origin", "https://evil.example")
                        .statusCode());
    }

    @ContainerTest
    void anAllowedPageSubscribesAndPublishesWithACookie(Server server) throws Exception {
        var hub = new HubClient(server);
        String cookie = "mercureAuthorization=" + HubClient.token("page", "\"*\"", "\"*\"");
        for (String origin :
                List.of(PAGE, "https://hub-only.example", "http://localhost:3000", "capacitor://localhost")) {
            HttpResponse<byte[]> published =
                    hub.post(form("topic", "a", "data", "x"), "Cookie", cookie, "Origin", origin);
            assertEquals(200, published.statusCode(), new String(published.body(), UTF_8));
            assertEquals(
                    origin,
                    published
                            .headers()
                            .firstValue("Access-Control-Allow-Origin")
                            .orElse(""));
        }
        HttpResponse<byte[]> refused = hub.post(form("topic", "a"), "Cookie", cookie, "Origin", "https://evil.example");
        assertEquals(400, refused.statusCode(), new String(refused.body(), UTF_8));
    }

    @ContainerTest
    void aServletOfAnApplicationNamesMoreOriginsForItselfAlone(Server server) throws Exception {
        for (String origin : List.of(PAGE, "https://partner.example")) {
            HttpResponse<String> answer = post(server, "/testapp/partner", "", "Origin", origin);
            assertEquals(200, answer.statusCode(), answer.body());
            assertEquals(origin, header(answer, "Access-Control-Allow-Origin"));
            assertTrue(answer.body().contains("data: for " + origin), answer.body());
        }
        HttpResponse<String> other = post(server, "/testapp/resumable", "", "Origin", "https://partner.example");
        assertEquals(403, other.statusCode());
        assertNothingAllowed(other, "resumable");
    }

    @ContainerTest
    void aPageOfTheServersOwnOriginNeedsNoSetting(Server server) throws Exception {
        for (String host : List.of("127.0.0.1:" + server.port(), "x.example", "x.example:443", "[::1]:443")) {
            for (String origin : List.of("https://x.example", "https://[::1]", "http://127.0.0.1:" + server.port())) {
                boolean own = host.replace(":443", "").equals(origin.substring(origin.indexOf("//") + 2));
                try (var connection = new RawConnection(server.uri("/"))) {
                    connection.send("POST /sse/no_sse HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + origin
                            + "\r\nContent-Length: 0\r\n\r\n");
                    assertEquals(own ? 200 : 403, connection.head().status(), origin + " at " + host);
                }
            }
        }
        for (String twice :
                List.of(PAGE + "\r\nOrigin: https://evil.example", "https://evil.example\r\nOrigin: " + PAGE)) {
            try (var connection = new RawConnection(server.uri("/"))) {
                connection.request("POST", "/sse/no_sse", "Origin: " + twice);
                RawConnection.Head head = connection.head();
                assertTrue(head.status() == 403 || head.status() == 400, "a container may refuse two itself");
            }
        }
    }

    @ContainerTest
    void whatIsNotForPagesStaysClosed(Server server) throws Exception {
        for (String path : List.of("/metrics", "/health/live", "/demo/token")) {
            assertNothingAllowed(send(server, "GET", path, "Origin", PAGE), path);
        }
    }

    private static List<String> foreign(String place) {
        return Stream.of(
                        "https://evil.example",
                        "null",
                        "http://app.example",
                        "https://app.example:8443",
                        "https://app.example.evil",
                        "https://app.example/",
                        "https://hub-only.example",
                        "https://partner.example")
                .filter(origin -> !origin.contains("hub-only") || !place.startsWith("/.well-known"))
                .filter(origin -> !origin.contains("partner") || !place.endsWith("partner"))
                .toList();
    }

    private static void assertNothingAllowed(HttpResponse<String> answer, String what) {
        assertEquals(
                List.of(),
                answer.headers().map().keySet().stream()
                        .filter(name -> name.toLowerCase(java.util.Locale.ROOT).startsWith("access-control-"))
                        .toList(),
                what);
    }

    private static String[] with(String[] headers, String... more) {
        return Stream.concat(Arrays.stream(headers), Arrays.stream(more)).toArray(String[]::new);
    }

    private static HttpResponse<String> post(Server server, String path, String body, String... headers)
            throws Exception {
        return Following.HTTP.send(
                HttpRequest.newBuilder(server.uri(path))
                        .POST(BodyPublishers.ofString(body))
                        .headers(headers)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static HttpResponse<String> send(Server server, String method, String path, String... headers)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.uri(path)).method(method, BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return Following.HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static String header(HttpResponse<?> answer, String name) {
        return answer.headers().firstValue(name).orElse("");
    }

    private static List<String> list(HttpResponse<?> answer, String name) {
        return answer.headers().allValues(name).stream()
                .flatMap(value -> Stream.of(value.split(",", -1)))
                .map(String::strip)
                .toList();
    }
}
