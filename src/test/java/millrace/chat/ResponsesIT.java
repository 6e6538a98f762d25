package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.StringReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.Node;
import millrace.harness.OnContainers;
import millrace.harness.Output;
import millrace.harness.Server;
import millrace.sse.EventStreamParser;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;

/** The Responses API over a server that knows chat completions alone, and over the guide. */
@OnContainers
@Timeout(120)
class ResponsesIT {

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final Map<Container, Server> SERVERS = new EnumMap<>(Container.class);

    private static ScriptedUpstream upstream;
    private static volatile CompletableFuture<Boolean> upstreamClosed = new CompletableFuture<>();

    @BeforeAll
    static void startUpstream() throws Exception {
        upstream = new ScriptedUpstream();
        upstream.on("complete", exchange -> {
            exchange.stream();
            exchange.delta("{\"reasoning_content\":\"hm\"}");
            for (String piece : "Zwölf 👋 Boxkämpfer jagen".split("(?<= )", -1)) {
                exchange.text(piece);
            }
            exchange.finish();
            exchange.done();
            exchange.end();
        });
        upstream.on("cut", exchange -> {
            exchange.stream();
            exchange.text("Hel");
            exchange.cut();
        });
        upstream.on("busy", exchange -> {
            exchange.head(429, "Content-Type: application/json", "Retry-After: 7");
            exchange.chunk("{\"error\":{\"message\":\"slow down\",\"type\":\"t\",\"param\":null,\"code\":null}}");
            exchange.end();
        });
        upstream.on("flowing", exchange -> {
            exchange.stream();
            do {
                exchange.text("token ");
            } while (!exchange.closedWithin(Duration.ofMillis(50)));
            upstreamClosed.complete(true);
        });
    }

    @AfterAll
    static void stop() throws Exception {
        SERVERS.values().forEach(Server::close);
        SERVERS.clear();
        upstream.close();
    }

    private static Server on(Container container) {
        return SERVERS.computeIfAbsent(
                container,
                key -> Server.start(
                        key,
                        Map.of(
                                "millrace.chat.upstreams",
                                "scripted=" + upstream.baseUrl(),
                                "millrace.chat.models",
                                "scripted=complete,scripted=cut,scripted=busy,scripted=flowing",
                                "millrace.guide.pace",
                                "0")));
    }

    @ContainerTest
    void aStreamIsWellFormedAndResumesAfterEachOfItsEvents(Container container) throws Exception {
        Server server = on(container);
        List<JsonObject> events = events(create(server, "\"model\":\"complete\",\"stream\":true"));
        ResponsesFaceTest.requireWellFormed(events);
        JsonObject response = events.getLast().getJsonObject("response");
        assertEquals("completed", response.getString("status"));
        String id = response.getString("id");

        assertEquals(events, events(get(server, id + "?stream=true")));
        for (int after = 0; after < events.size(); after++) {
            String cursor = "?stream=" + (after % 2 == 0 ? "1" : "true") + "&starting_after=" + after;
            assertEquals(events.subList(after + 1, events.size()), events(get(server, id + cursor)), cursor);
        }
        assertEquals(
                400,
                get(server, id + "?stream=true&starting_after=" + events.size()).statusCode());
        assertEquals(400, get(server, id + "?stream=true&starting_after=x").statusCode());
        assertEquals(response, json(get(server, id)));
        assertEquals(404, get(server, "resp_unknown").statusCode());
    }

    @ContainerTest
    void aWholeAnswerIsTheSameAndADeletedOneIsGone(Container container) throws Exception {
        Server server = on(container);
        JsonObject response = json(create(server, "\"model\":\"complete\""));
        assertEquals("completed", response.getString("status"));
        String text = response.getJsonArray("output")
                .getJsonObject(1)
                .getJsonArray("content")
                .getJsonObject(0)
                .getString("text");
        assertEquals("Zwölf 👋 Boxkämpfer jagen", text);
        String id = response.getString("id");

        JsonObject next = json(create(server, "\"model\":\"complete\",\"previous_response_id\":\"" + id + "\""));
        assertEquals(
                3,
                json(get(server, next.getString("id") + "/input_items"))
                                .getJsonArray("data")
                                .size()
                        - 1);
        assertEquals(200, send(server, id, "DELETE", "").statusCode());
        assertEquals(404, get(server, id).statusCode());
        HttpResponse<String> lost = create(server, "\"model\":\"complete\",\"previous_response_id\":\"" + id + "\"");
        assertEquals(400, lost.statusCode());
        assertTrue(lost.body().contains("previous_response_not_found"), lost.body());
        String unstored =
                json(create(server, "\"model\":\"complete\",\"store\":false")).getString("id");
        assertEquals(404, get(server, unstored).statusCode());
    }

    @ContainerTest
    void aCutNeverLooksCompleteAndARefusalIsAStatus(Container container) throws Exception {
        Server server = on(container);
        List<JsonObject> events = events(create(server, "\"model\":\"cut\",\"stream\":true"));
        ResponsesFaceTest.requireWellFormed(events);
        assertEquals("response.failed", events.getLast().getString("type"));
        assertEquals(502, create(server, "\"model\":\"cut\"").statusCode());
        for (String stream : List.of("true", "false")) {
            HttpResponse<String> busy = create(server, "\"model\":\"busy\",\"stream\":" + stream);
            assertEquals(429, busy.statusCode());
            assertEquals("7", busy.headers().firstValue("Retry-After").orElse(""));
        }
        events = events(create(server, "\"model\":\"busy\",\"stream\":true,\"background\":true"));
        assertEquals("response.failed", events.getLast().getString("type"));
    }

    @ContainerTest
    void whoCancelsStopsTheUpstreamAndItsReadersAreTold(Container container) throws Exception {
        Server server = on(container);
        upstreamClosed = new CompletableFuture<>();
        String id = json(create(server, "\"model\":\"flowing\",\"background\":true"))
                .getString("id");
        CompletableFuture<HttpResponse<String>> reader = HTTP.sendAsync(
                HttpRequest.newBuilder(server.uri("/v1/responses/" + id + "?stream=true"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        while (json(get(server, id)).getJsonArray("output").isEmpty()) {
            Thread.onSpinWait();
        }

        assertEquals("cancelled", json(send(server, id + "/cancel", "POST", "")).getString("status"));

        assertTrue(upstreamClosed.get(10, TimeUnit.SECONDS));
        List<JsonObject> events = events(reader.get(10, TimeUnit.SECONDS));
        ResponsesFaceTest.requireWellFormed(events);
        assertEquals("response.incomplete", events.getLast().getString("type"));
        assertEquals("cancelled", json(send(server, id + "/cancel", "POST", "")).getString("status"), "again is fine");
    }

    @ContainerTest
    void theOfficialJavaScriptClientDoesAllOfIt(Container container) {
        Output output = Node.run(
                Duration.ofSeconds(100),
                "responses.mjs",
                on(container).uri("/v1").toString(),
                "guide");

        assertEquals("""
                create completed true
                create, streamed response.completed true
                helper completed true
                retrieve after a cut response.completed true
                helper after a cut true
                retrieve completed true
                input items How does resume work?
                previous_response_id completed message,reasoning,message,message
                delete 404
                """, output.text().strip() + "\n");
    }

    private static HttpResponse<String> create(Server server, String members) throws Exception {
        return send(server, "", "POST", "{" + members + ",\"input\":\"hello\"}");
    }

    private static HttpResponse<String> get(Server server, String path) throws Exception {
        return send(server, path, "GET", "");
    }

    private static HttpResponse<String> send(Server server, String path, String method, String body) throws Exception {
        String all = "/v1/responses" + (path.isEmpty() ? "" : "/" + path);
        return HTTP.send(
                HttpRequest.newBuilder(server.uri(all))
                        .header("Content-Type", "application/json")
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static JsonObject json(HttpResponse<String> answer) {
        assertEquals(200, answer.statusCode(), answer.body());
        return Json.createReader(new StringReader(answer.body())).readObject();
    }

    private static List<JsonObject> events(HttpResponse<String> answer) throws Exception {
        assertEquals(200, answer.statusCode(), answer.body());
        List<JsonObject> events = new ArrayList<>();
        EventStreamParser parser = new EventStreamParser(
                (type, data, lastEventId) -> {
                    JsonObject event = Json.createReader(new StringReader(data)).readObject();
                    assertEquals(event.getString("type"), type);
                    assertTrue(
                            lastEventId.endsWith("-" + (event.getInt("sequence_number") + 1)),
                            lastEventId + " " + data);
                    events.add(event);
                },
                1 << 20);
        byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
        parser.feed(bytes, 0, bytes.length);
        return events;
    }
}
