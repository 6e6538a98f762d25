package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;

/**
 * {@code @microsoft/fetch-event-source}, Jersey and others fire an event at every empty line, whether there was data or
 * not; pages then parse {@code ""} as JSON. So no stream has an empty line that ends no data.
 */
@OnContainers(
        properties = {
            "millrace.heartbeat=100ms",
            "millrace.hub.publisher-key=" + HubClient.KEY,
            "millrace.hub.presence=true",
            "millrace.max-runs-per-user=40"
        })
class LenientClientsIT {

    private static final String[] EVENT_SOURCE = {"Accept", "text/event-stream", "Cache-Control", "no-cache"};

    @ContainerTest
    void streamsOfServletsHaveNoBlockWithoutData(Server server) throws Exception {
        String ten = read(get(server.uri("/sse/v1?n=3&interval=350")), whole());
        assertTrue(ten.contains("\n:\n"), () -> "no heartbeat in " + ten);
        assertEquals(3, events(ten).size(), ten);
        String run = events(ten).getFirst().replaceAll("(?s).*id: (.{22})-.*", "$1");
        assertEquals(
                4,
                events(read(get(server.uri("/streams/" + run), "Last-Event-ID", "lost"), whole()))
                        .size());
        assertEquals(
                1,
                events(read(get(server.uri("/streams/" + run + "?lastEventId=" + run + "-2")), whole()))
                        .size());
        for (String temper : List.of("brief", "throwing")) {
            String text = read(get(server.testapp("/produce?name=lenient&temper=" + temper)), whole());
            assertEquals(2, events(text).size(), text);
        }
        read(get(server.testapp("/produce?name=lenient&temper=silent")), text -> text.endsWith(":\n"));
        String ending = read(get(server.testapp("/ending")), whole());
        assertEquals(2, events(ending).size(), ending);
        assertTrue(ending.contains("retry: 3000\n"), ending);
        String untilTheCut = cut(server);
        assertEquals(1, events(untilTheCut).size(), untilTheCut);
    }

    @ContainerTest
    void streamsOfTheChatHaveNoBlockWithoutData(Server server) throws Exception {
        String plain = read(post(server.uri("/sse/async_openai_out"), "{\"user_message\":\"What is SSE?\"}"), whole());
        assertTrue(events(plain).size() > 2, plain);
        String chunks = read(
                post(
                        server.uri("/v1/chat/completions"),
                        "{\"model\":\"guide\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"What is SSE?\"}]}"),
                whole());
        assertTrue(events(chunks).getLast().endsWith("data: [DONE]"), chunks);
    }

    @ContainerTest
    void streamsOfTheHubHaveNoBlockWithoutData(Server server) throws Exception {
        var hub = new HubClient(server);
        String topic = "https://example.com/lenient/" + server.container();
        hub.publish("topic", topic, "data", "before");
        hub.publish("topic", topic, "data", "");
        hub.publish("topic", topic, "type", "t", "retry", "1000");
        String replay = read(get(hub.hub("topic", topic, "last_event_id", "earliest")), text -> text.endsWith("\n:\n"));
        assertEquals(3, events(replay).size(), replay);
        String lost = read(get(hub.hub("topic", topic, "last_event_id", "nobody's")), text -> text.endsWith("\n:\n"));
        assertTrue(events(lost).getFirst().contains("event: gap\n"), lost);

        // no checkpoint for who would take it for an update
        String other = "https://example.com/lenient-other/" + server.container();
        var quiet = get(hub.hub("topic", other));
        var source = get(hub.hub("topic", other), EVENT_SOURCE);
        hub.publish("topic", topic, "data", "elsewhere");
        String silence = read(quiet, text -> text.endsWith("\n:\n:\n:\n"));
        assertEquals(List.of(), events(silence));
        String told = read(source, text -> events(text).size() == 2 && text.endsWith("\n:\n"));
        for (String checkpoint : events(told)) {
            assertTrue(checkpoint.matches("(?s)(retry: \\d+\n|:\n)*event: checkpoint\nid: #.{22}\ndata: \\{}"), told);
        }

        String token = HubClient.bearer("ada", "", "\"*\"");
        var watching = get(
                hub.hub("topic", "/.well-known/mercure/subscriptions/{topic}/{subscriber}"), "Authorization", token);
        read(get(hub.hub("topic", other)), text -> text.endsWith("\n:\n"));
        assertTrue(events(read(watching, text -> events(text).size() >= 2)).size() >= 2);
    }

    /** A stream that is ended by us, as a drain does it. */
    private static String cut(Server server) throws Exception {
        var stream = get(server.uri("/sse/v1?n=2&interval=3600000"));
        URI run = stream.uri()
                .resolve(stream.headers().firstValue("Content-Location").orElseThrow());
        return read(stream, text -> {
            if (text.endsWith("data: 0\n\n")) {
                post(URI.create(run + "/cut"), "");
            }
            return false;
        });
    }

    private static Predicate<String> whole() {
        return text -> false;
    }

    /** What came up to the end, or up to where that is true. Each empty line in it ends a block with data. */
    private static String read(HttpResponse<InputStream> response, Predicate<String> enough) throws IOException {
        assertEquals(200, response.statusCode());
        var all = new ByteArrayOutputStream();
        try (InputStream body = response.body()) {
            byte[] some = new byte[8192];
            while (!enough.test(all.toString(UTF_8))) {
                int n = body.read(some);
                if (n < 0) {
                    break;
                }
                all.write(some, 0, n);
            }
        }
        String text = all.toString(UTF_8);
        events(text);
        return text;
    }

    /** The whole blocks, as a lenient client sees them. */
    private static List<String> events(String text) {
        var events = new ArrayList<String>();
        int begin = 0;
        for (int end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n", begin)) {
            String block = text.substring(begin, end);
            begin = end + 2;
            assertTrue(
                    block.lines().anyMatch(line -> line.startsWith("data: ")), () -> "a block without data in " + text);
            assertTrue(block.lines().noneMatch(String::isEmpty), () -> "an empty line too many in " + text);
            events.add(block);
        }
        return events;
    }

    private static HttpResponse<InputStream> get(URI uri, String... headers) throws Exception {
        var request = HttpRequest.newBuilder(uri);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return Following.HTTP.send(request.build(), BodyHandlers.ofInputStream());
    }

    private static HttpResponse<InputStream> post(URI uri, String json) {
        try {
            var request = HttpRequest.newBuilder(uri).header("Content-Type", "application/json");
            return Following.HTTP.send(
                    request.POST(BodyPublishers.ofString(json)).build(), BodyHandlers.ofInputStream());
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }
}
