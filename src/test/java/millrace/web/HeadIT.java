package millrace.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.junit.jupiter.api.Timeout;

/** RFC 9110 section 9.1: HEAD wherever GET is, with what GET would say, and without what GET would start. */
@OnContainers(
        properties = {
            "millrace.history=memory",
            "millrace.hub.anonymous=true",
            "millrace.hub.publisher-key=" + HubClient.KEY,
            "millrace.hub.issuers=https://login.example http://127.0.0.1:9/jwks.json",
            "millrace.hub.url=http://127.0.0.1/.well-known/mercure",
        })
@Timeout(120)
class HeadIT {

    /** Of these each answer has its own; what is sent in pieces has no length. */
    private static final List<String> OF_THE_ANSWER =
            List.of("date", "connection", "keep-alive", "transfer-encoding", "content-length", "set-cookie");

    /** Told of a run that is started, and HEAD starts none. */
    private static final List<String> OF_A_NEW_RUN = List.of("content-location", "millrace-run-secret");

    @ContainerTest
    void headSaysWhatGetSays(Server server) throws Exception {
        String run = runOf(server);
        String hub = "/.well-known/mercure";
        for (String path : List.of(
                "/",
                "/page/page.css",
                "/sse/v1",
                "/sse/v1?n=0",
                "/sse/no_sse",
                "/testapp/partner",
                "/testapp/resumable",
                "/streams/" + run,
                "/streams/" + run + "?last_event_id=" + run + "-2",
                "/streams/" + run + "?last_event_id=" + run + "-3",
                "/streams/" + run + "?last_event_id=" + run + "-4",
                "/streams/" + run + "/cut",
                "/streams/AAAAAAAAAAAAAAAAAAAAAA",
                "/streams/x",
                "/v1/models",
                "/v1/models/guide",
                "/v1/models/none",
                "/v1/chat/completions",
                "/v1/nothing",
                "/sse/async_openai_out",
                hub + "?topic=a",
                hub + "?topic=a&lastEventID=earliest",
                hub,
                hub + "/subscriptions",
                hub + "/subscriptions/x/y",
                "/.well-known/oauth-protected-resource" + hub,
                "/.well-known/oauth-protected-resource/other",
                "/demo/token",
                "/health/live",
                "/health/ready",
                "/health/none",
                "/metrics",
                "/nothing")) {
            compare(server.uri(path));
        }
        for (String id : List.of(run + "-1", run + "-3", run + "-9", "none-1", "x".repeat(200))) {
            compare(server.uri("/sse/v1"), "Last-Event-ID", id);
            compare(server.uri("/streams/" + run), "Last-Event-ID", id);
        }
        compare(server.testapp("/partner"), "Last-Event-ID", "end");
        compare(server.uri("/v1/models"), "Origin", "https://evil.example");
    }

    @ContainerTest
    void headStartsNothing(Server server) throws Exception {
        String run = runOf(server);
        Map<String, Double> before = counted(server);
        assertTrue(before.containsKey("millrace_runs_held"), before.toString());
        for (String path : List.of("/sse/v1?n=1000", "/streams/" + run, "/.well-known/mercure?topic=a", "/v1/models")) {
            HttpResponse<byte[]> head = head(server.uri(path));
            assertEquals(200, head.statusCode(), path);
            assertEquals(0, head.body().length, path);
        }
        assertEquals(before, counted(server));
    }

    private static void compare(URI uri, String... headers) throws Exception {
        HttpRequest.Builder get = HttpRequest.newBuilder(uri);
        HttpRequest.Builder head = HttpRequest.newBuilder(uri).HEAD();
        if (headers.length > 0) {
            get.headers(headers);
            head.headers(headers);
        }
        HttpResponse<java.io.InputStream> got = Following.HTTP.send(get.build(), BodyHandlers.ofInputStream());
        got.body().close();
        HttpResponse<byte[]> told = Following.HTTP.send(head.build(), BodyHandlers.ofByteArray());
        assertEquals(got.statusCode(), told.statusCode(), uri.toString());
        assertEquals(0, told.body().length, uri.toString());
        TreeMap<String, List<String>> expected = headers(got);
        TreeMap<String, List<String>> actual = headers(told);
        boolean starts = expected.containsKey("millrace-run-secret");
        if (starts) {
            OF_A_NEW_RUN.forEach(expected::remove);
        }
        assertEquals(expected, actual, uri.toString());
    }

    private static TreeMap<String, List<String>> headers(HttpResponse<?> response) {
        var headers = new TreeMap<String, List<String>>();
        response.headers().map().forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values));
        OF_THE_ANSWER.forEach(headers::remove);
        return headers;
    }

    /** A run that has ended, after three events. */
    private static String runOf(Server server) throws Exception {
        try (Following stream = Following.get(server.uri("/sse/v1?n=3&interval=0"))) {
            assertEquals(3, stream.rest().size());
            String location = stream.header("Content-Location");
            return location.substring(location.lastIndexOf('/') + 1);
        }
    }

    /** What counts runs and streams that were ever opened. */
    private static Map<String, Double> counted(Server server) throws Exception {
        var counted = new TreeMap<String, Double>();
        String text = Following.HTTP
                .send(HttpRequest.newBuilder(server.uri("/metrics")).build(), BodyHandlers.ofString())
                .body();
        for (String line : text.split("\n")) {
            if (line.startsWith("millrace_runs_held") || line.startsWith("millrace_streams_opened")) {
                int space = line.lastIndexOf(' ');
                counted.put(line.substring(0, space), Double.parseDouble(line.substring(space + 1)));
            }
        }
        return counted;
    }

    private static HttpResponse<byte[]> head(URI uri) throws Exception {
        return Following.HTTP.send(HttpRequest.newBuilder(uri).HEAD().build(), BodyHandlers.ofByteArray());
    }
}
