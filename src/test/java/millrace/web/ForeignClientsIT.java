package millrace.web;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.launchdarkly.eventsource.ConnectStrategy;
import com.launchdarkly.eventsource.ErrorStrategy;
import com.launchdarkly.eventsource.EventSource;
import com.launchdarkly.eventsource.FaultEvent;
import com.launchdarkly.eventsource.MessageEvent;
import com.launchdarkly.eventsource.StreamEvent;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.io.StringReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import millrace.harness.ContainerTest;
import millrace.harness.Node;
import millrace.harness.OnContainers;
import millrace.harness.Output;
import millrace.harness.Server;
import millrace.harness.Tool;

/** Clients that others wrote read the streams, are cut, come back by themselves and stay away at the end. */
@OnContainers(properties = "millrace.retry=200ms")
class ForeignClientsIT {

    private static final List<String> TEN =
            IntStream.range(0, 10).mapToObj(Integer::toString).toList();

    @ContainerTest
    void theJdksClientReadsLinesOverBothVersionsOfHttp(Server server) throws Exception {
        for (HttpClient.Version version : HttpClient.Version.values()) {
            if (version != HttpClient.Version.HTTP_1_1 && version != HttpClient.Version.HTTP_2) {
                continue; // newer JDKs know HTTP/3
            }
            try (var http = HttpClient.newBuilder().version(version).build()) {
                var request = HttpRequest.newBuilder(server.uri("/sse/v1?interval=20"))
                        .build();
                var response = http.send(request, BodyHandlers.ofLines());
                assertEquals(version, response.version());
                List<String> data = response.body()
                        .filter(line -> line.startsWith("data: "))
                        .map(line -> line.substring(6))
                        .toList();
                assertEquals(TEN, data);
            }
        }
    }

    /** This client does not know that 204 means "stay away": it asks on and on, and is told so each time. */
    @ContainerTest
    void okhttpEventsourceResumesAfterACutAndGetsNothingAfterTheEnd(Server server) throws Exception {
        var data = new ArrayList<String>();
        var ids = new ArrayList<String>();
        int faults = 0;
        try (var source = new EventSource.Builder(ConnectStrategy.http(server.uri("/sse/v1?interval=200&n=10")))
                .errorStrategy(ErrorStrategy.alwaysContinue())
                .retryDelay(100, TimeUnit.MILLISECONDS)
                .build()) {
            while (faults < 4) {
                StreamEvent event = source.readAnyEvent();
                if (event instanceof MessageEvent message) {
                    data.add(message.getData());
                    ids.add(message.getLastEventId());
                    if (data.size() == 5) {
                        cut(server, message.getLastEventId());
                    }
                } else if (event instanceof FaultEvent) {
                    faults++; // the cut, the end, and two answers without a stream
                }
            }
        }
        assertEquals(TEN, data);
        String run = ids.getFirst().substring(0, 22);
        assertEquals(IntStream.rangeClosed(1, 10).mapToObj(i -> run + "-" + i).toList(), ids);
        String resumed = " 200 \"GET /sse/v1?interval=200&n=10 HTTP/1.1\"";
        String stayAway = " 204 \"GET /sse/v1?interval=200&n=10 HTTP/1.1\"";
        assertEquals(2, logged(server, resumed), server.accessLog());
        assertEquals(2, logged(server, stayAway), server.accessLog());
    }

    @ContainerTest
    void npmEventsourceResumesAfterACutAndStaysClosedAfterTheEnd(Server server) {
        Output output = Node.run(
                Duration.ofSeconds(40),
                "eventsource.mjs",
                server.uri("/sse/v1?interval=200").toString());
        assertEquals(0, output.exit(), output.text());
        JsonObject seen = Json.createReader(new StringReader(output.text())).readObject();
        List<String> events = seen.getJsonArray("events").getValuesAs(JsonString::getString);
        String run = events.getFirst().substring(0, 22);
        assertEquals(
                IntStream.range(0, 10)
                        .mapToObj(i -> run + "-" + (i + 1) + " " + i)
                        .toList(),
                events);
        assertEquals(2, seen.getInt("opened"), output.text());
        assertEquals(204, seen.getInt("code"), output.text());
    }

    @ContainerTest
    void curlPrintsTheTenEvents(Server server) {
        Output output = Output.of(
                Duration.ofSeconds(20),
                List.of(
                        Tool.CURL.path().toString(),
                        "-sSN",
                        "-X",
                        "POST",
                        server.uri("/sse/v1").toString()));
        assertEquals(0, output.exit(), output.text());
        assertEquals(
                TEN,
                output.text()
                        .lines()
                        .filter(line -> line.startsWith("data"))
                        .map(line -> line.substring("data: ".length()))
                        .toList());
    }

    private static long logged(Server server, String part) throws InterruptedException {
        Thread.sleep(200); // a line is written after the answer
        return server.accessLog().lines().filter(line -> line.contains(part)).count();
    }

    private static void cut(Server server, String eventId) throws Exception {
        var request = HttpRequest.newBuilder(server.uri("/streams/" + eventId.substring(0, 22) + "/cut"))
                .POST(BodyPublishers.noBody());
        assertEquals(
                204,
                Following.HTTP.send(request.build(), BodyHandlers.discarding()).statusCode());
    }
}
