package millrace.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static millrace.web.HubClient.bearer;
import static millrace.web.Problems.assertProblem;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.StringReader;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.web.Following.Received;
import org.junit.jupiter.api.Timeout;

/** Many updates in one request, one a line, with a durable history. Each test has topics and a subject of its own. */
@OnContainers(
        properties = {
            "millrace.demo=false",
            "millrace.body-time=3s",
            "millrace.hub.publisher-key=" + HubClient.KEY,
            "millrace.hub.anonymous=true",
            "millrace.hub.max-body=256k",
            "millrace.hub.publish-rate=50",
        })
@Timeout(120)
class HubBatchIT {

    private static final String NDJSON = "application/x-ndjson";

    private final String topic = "https://example.com/" + UUID.randomUUID();
    private final String subject = UUID.randomUUID().toString();

    @ContainerTest
    void eachLineIsPublishedInTurnAndAnsweredByItsId(Server server) throws Exception {
        var hub = new HubClient(server);
        try (Following reader = Following.get(hub.hub("topic", topic))) {
            HttpResponse<byte[]> answer = batch(hub, """
                    {"topic": "TOPIC", "data": "one"}
                    {"topic": ["TOPIC", "https://example.com/other"], "data": "two\\nlines €", "type": "price", "unknown": [1]}

                    {"topic": "TOPIC", "id": "a \\"quoted\\" \\\\ one SUBJECT", "data": null, "private": false, "retry": 1500}\r
                    {"topic": "TOPIC", "data": "without a line feed"}""");

            assertEquals(200, answer.statusCode());
            assertEquals(NDJSON, answer.headers().firstValue("Content-Type").orElse(""));
            List<JsonObject> lines = lines(answer);
            assertEquals(4, lines.size());
            assertTrue(lines.get(0).getString("id").startsWith("urn:uuid:"), lines.toString());
            assertEquals("a \"quoted\" \\ one " + subject, lines.get(2).getString("id"));
            assertEquals(new Received("message", "one", lines.get(0).getString("id")), reader.next());
            assertEquals(new Received("price", "two\nlines €", lines.get(1).getString("id")), reader.next());
            assertEquals(new Received("message", "", lines.get(2).getString("id")), reader.next());
            assertEquals(
                    new Received("message", "without a line feed", lines.get(3).getString("id")), reader.next());
        }
    }

    @ContainerTest
    void aBadLineTellsItsNumberAndUndoesNoOther(Server server) throws Exception {
        var hub = new HubClient(server);
        List<String> bad = List.of(
                "{\"topic\": \"TOPIC\", \"data\": ",
                "[1, 2]",
                "\"TOPIC\"",
                "nonsense",
                "{\"topic\": \"TOPIC\"} {\"topic\": \"TOPIC\"}",
                "{\"topic\": \"TOPIC\", \"topic\": \"x\"}",
                "{}",
                "{\"topic\": []}",
                "{\"topic\": 7}",
                "{\"topic\": [\"TOPIC\", null]}",
                "{\"topic\": \"*\"}",
                "{\"topic\": \"\"}",
                "{\"topic\": \"TOPIC\", \"data\": 5}",
                "{\"topic\": \"TOPIC\", \"data\": {\"a\": 1}}",
                "{\"topic\": \"TOPIC\", \"data\": \"\\ud800\"}",
                "{\"topic\": \"TOPIC\\udc00\"}",
                "{\"topic\": \"TOPIC\", \"private\": \"false\"}",
                "{\"topic\": \"TOPIC\", \"private\": 1}",
                "{\"topic\": \"TOPIC\", \"id\": \"#mine\"}",
                "{\"topic\": \"TOPIC\", \"id\": \"a\\nb\"}",
                "{\"topic\": \"TOPIC\", \"id\": 5}",
                "{\"topic\": \"TOPIC\", \"type\": \"mercure\"}",
                "{\"topic\": \"TOPIC\", \"retry\": \"5\"}",
                "{\"topic\": \"TOPIC\", \"retry\": -5}",
                "{\"topic\": \"TOPIC\", \"retry\": 1.5}",
                "{\"topic\": \"TOPIC\", \"retry\": 1e999999999}",
                "[".repeat(20_000));
        try (Following reader = Following.get(hub.hub("topic", topic))) {
            StringBuilder body = new StringBuilder();
            for (int i = 0; i < bad.size(); i++) {
                body.append(bad.get(i)).append('\n');
                body.append("{\"topic\": \"TOPIC\", \"data\": \"good ")
                        .append(i)
                        .append("\"}\n");
            }
            List<JsonObject> lines = lines(batch(hub, body.toString()));

            assertEquals(2 * bad.size(), lines.size());
            for (int i = 0; i < bad.size(); i++) {
                JsonObject problem = lines.get(2 * i);
                String what = bad.get(i).substring(0, Math.min(80, bad.get(i).length())) + ": " + problem;
                assertEquals(400, problem.getInt("status", -1), what);
                assertEquals(2 * i + 1, problem.getInt("line"), what);
                assertTrue(problem.getString("type").startsWith("urn:millrace:problem:"), what);
                Received good = reader.next();
                assertEquals("good " + i, good.data());
                assertEquals(lines.get(2 * i + 1).getString("id"), good.id());
            }
        }
    }

    @ContainerTest
    void aLineThatIsNotUtf8IsRefusedAlone(Server server) throws Exception {
        var hub = new HubClient(server);
        byte[] good = ("{\"topic\": \"" + topic + "\"}\n").getBytes(UTF_8);
        byte[] body = new byte[2 * good.length];
        System.arraycopy(good, 0, body, 0, good.length);
        System.arraycopy(good, 0, body, good.length, good.length);
        body[12] = (byte) 0xff;
        try (var connection = new RawConnection(server.uri("/"))) {
            connection.send(head(server, body.length, bearer(subject, "\"*\"", "")));
            connection.send(new String(body, ISO_8859_1));
            assertEquals(200, connection.head().status());
            List<JsonObject> lines = lines(new String(connection.body(), UTF_8));
            assertEquals(400, lines.get(0).getInt("status"));
            assertTrue(lines.get(1).containsKey("id"), lines.toString());
        }
        assertEquals(200, batch(hub, "{\"topic\": \"TOPIC\"}").statusCode());
    }

    @ContainerTest
    void rightsAndLimitsAreThoseOfEachUpdate(Server server) throws Exception {
        var hub = new HubClient(server);
        String own = topic + "/own";
        List<JsonObject> lines = lines(hub.send(
                "POST",
                hub.hub(),
                """
                {"topic": "OWN"}
                {"topic": "OTHER"}
                {"topic": ["OWN", "OTHER"]}
                {"topic": "OWN", "private": true}
                {"topic": "/.well-known/mercure/subscriptions"}
                """.replace("OWN", own).replace("OTHER", topic),
                NDJSON,
                "Authorization",
                bearer(subject, '"' + own + '"', "")));

        assertTrue(lines.get(0).containsKey("id"), lines.toString());
        assertEquals(403, lines.get(1).getInt("status"), lines.toString());
        assertEquals(403, lines.get(2).getInt("status"), lines.toString());
        assertTrue(lines.get(3).containsKey("id"), lines.toString());
        assertEquals(403, lines.get(4).getInt("status"), lines.toString());
    }

    @ContainerTest
    void theRateCountsEachUpdateAndTheRestIsRefusedByTheLine(Server server) throws Exception {
        var hub = new HubClient(server);
        List<JsonObject> lines = lines(batch(hub, "{\"topic\": \"TOPIC\"}\n".repeat(3_000)));

        long taken = lines.stream().filter(line -> line.containsKey("id")).count();
        assertEquals(3_000, lines.size());
        assertTrue(
                taken >= 500 && taken < 3_000,
                "taken at once are ten seconds' worth, and what came in meanwhile: " + taken);
        JsonObject refused = lines.stream()
                .filter(line -> !line.containsKey("id"))
                .findFirst()
                .orElseThrow();
        assertEquals(429, refused.getInt("status"));
        assertTrue(refused.getInt("retry_after") >= 1, refused.toString());
    }

    @ContainerTest
    void aBatchThatIsNoneIsRefusedAsAWholeAndPublishesNothing(Server server) throws Exception {
        var hub = new HubClient(server);
        assertProblem(400, "bad-body", batch(hub, ""));
        assertProblem(400, "bad-body", batch(hub, "\n \r\n\t\n"));
        assertProblem(400, "bad-body", batch(hub, "x\n".repeat(10_001)));
        assertProblem(413, "body-too-large", batch(hub, "{\"topic\": \"" + "x".repeat(300_000) + "\"}"));
        assertProblem(401, "unauthorized", hub.send("POST", hub.hub(), "{}", NDJSON));
        assertProblem(
                403,
                "forbidden",
                hub.send("POST", hub.hub(), "{}", NDJSON, "Authorization", bearer(subject, "", "\"*\"")));
        for (String type : List.of("application/json", "application/ndjson", "text/plain")) {
            assertProblem(
                    415,
                    "unsupported-media-type",
                    hub.send("POST", hub.hub(), "{}", type, "Authorization", bearer(subject, "\"*\"", "")));
        }
    }

    @ContainerTest
    void aLineMayBeAsLongAsTheBody(Server server) throws Exception {
        var hub = new HubClient(server);
        String data = "€".repeat(20_000);
        try (Following reader = Following.get(hub.hub("topic", topic))) {
            List<JsonObject> lines = lines(batch(hub, "{\"topic\": \"TOPIC\", \"data\": \"" + data + "\"}"));

            assertEquals(new Received("message", data, lines.getFirst().getString("id")), reader.next());
        }
    }

    /** Half of the most lines, each answered by more bytes than it has: the answer is whole, whoever reads it slowly. */
    @ContainerTest
    void manyBadLinesAreAnsweredEach(Server server) throws Exception {
        var hub = new HubClient(server);
        List<JsonObject> lines = lines(batch(hub, "x\n".repeat(5_000)));

        assertEquals(
                IntStream.rangeClosed(1, 5_000).boxed().toList(),
                lines.stream().map(line -> line.getInt("line")).toList());
    }

    @ContainerTest
    void aBodyThatComesSlowlyCountsIfItComesInTimeAndElsePublishesNothing(Server server) throws Exception {
        var hub = new HubClient(server);
        String body =
                "{\"topic\": \"%s\", \"data\": \"a\"}\n{\"topic\": \"%s\", \"data\": \"b\"}\n".formatted(topic, topic);
        try (Following reader = Following.get(hub.hub("topic", topic))) {
            try (var late = new RawConnection(server.uri("/"));
                    var slow = new RawConnection(server.uri("/"))) {
                late.send(head(server, body.length(), bearer(subject, "\"*\"", "")));
                late.send(body.substring(0, body.length() / 2 + 2)); // more than the first line
                slow.send(head(server, body.length(), bearer(subject, "\"*\"", "")));
                slow.send(body.substring(0, 10));
                Thread.sleep(300);
                slow.send(body.substring(10));
                assertEquals(200, slow.head().status());
                assertEquals(2, lines(new String(slow.body(), UTF_8)).size());
                late.halfClose();
            }
            assertEquals("a", reader.next().data());
            assertEquals("b", reader.next().data());
            batch(hub, "{\"topic\": \"TOPIC\", \"data\": \"c\"}");
            assertEquals("c", reader.next().data(), "nothing of the half batch was published");
        }
    }

    private HttpResponse<byte[]> batch(HubClient hub, String body) throws Exception {
        return hub.send(
                "POST",
                hub.hub(),
                body.replace("TOPIC", topic).replace("SUBJECT", subject),
                NDJSON,
                "Authorization",
                bearer(subject, "\"*\"", ""));
    }

    private static List<JsonObject> lines(HttpResponse<byte[]> answer) {
        String text = new String(answer.body(), UTF_8);
        assertEquals(200, answer.statusCode(), text);
        return lines(text);
    }

    private static List<JsonObject> lines(String text) {
        assertTrue(text.endsWith("\n"), text);
        return text.lines()
                .map(line -> Json.createReader(new StringReader(line)).readObject())
                .collect(Collectors.toList());
    }

    private static String head(Server server, int length, String authorization) {
        return "POST /.well-known/mercure HTTP/1.1\r\nHost: 127.0.0.1:" + server.port() + "\r\nContent-Type: " + NDJSON
                + "\r\nContent-Length: " + length + "\r\nAuthorization: " + authorization + "\r\n\r\n";
    }
}
