package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What chunks of a chat completion are in the Responses API. */
class ResponsesFaceTest {

    private final List<JsonObject> events = new ArrayList<>();
    private final ResponsesFace face = face("{\"model\":\"m\",\"input\":\"x\",\"instructions\":\"be brief\"}");

    private static ResponsesFace face(String request) {
        try {
            ResponsesFace face =
                    new ResponsesFace(ResponsesRequest.read(request.getBytes(StandardCharsets.UTF_8)), 1_700_000_000);
            face.runs("R");
            return face;
        } catch (RefusedException refused) {
            throw new AssertionError(refused);
        }
    }

    private void say(String delta, String finish) throws Exception {
        chunk("{\"choices\":[{\"index\":0,\"delta\":" + delta + ",\"finish_reason\":" + finish + "}]}");
    }

    private void chunk(String chunk) throws Exception {
        face.say(chunk, true, this::take);
    }

    private void take(millrace.sse.Event event) {
        JsonObject json = Json.createReader(new StringReader(event.data())).readObject();
        assertEquals(event.type(), json.getString("type"));
        events.add(json);
    }

    private List<String> types() {
        return events.stream().map(event -> event.getString("type")).toList();
    }

    @Test
    void aTextIsAnnouncedToldInPiecesAndClosedWhole() throws Exception {
        say("{\"role\":\"assistant\",\"content\":\"\"}", "null");
        say("{\"content\":\"Hel\\ud83d\"}", "null");
        say("{\"content\":\"\\ude00lo\"}", "null");
        say("{}", "\"stop\"");
        chunk("{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5,"
                + "\"completion_tokens_details\":{\"reasoning_tokens\":1}}}");
        face.complete(this::take);

        assertEquals(
                List.of(
                        "response.created",
                        "response.in_progress",
                        "response.output_item.added",
                        "response.content_part.added",
                        "response.output_text.delta",
                        "response.output_text.delta",
                        "response.output_text.done",
                        "response.content_part.done",
                        "response.output_item.done",
                        "response.completed"),
                types());
        assertEquals("Hel", events.get(4).getString("delta"));
        assertEquals("😀lo", events.get(5).getString("delta"));
        assertEquals("Hel😀lo", events.get(6).getString("text"));
        JsonObject response = events.getLast().getJsonObject("response");
        assertEquals("resp_R", response.getString("id"));
        assertEquals("completed", response.getString("status"));
        assertEquals("be brief", response.getString("instructions"));
        assertEquals(
                "{\"input_tokens\":3,\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":2,"
                        + "\"output_tokens_details\":{\"reasoning_tokens\":1},\"total_tokens\":5}",
                response.get("usage").toString());
        assertEquals(response, face.response());
        requireWellFormed(events);
    }

    @Test
    void reasoningIsAnItemOfItsOwnBeforeTheMessage() throws Exception {
        say("{\"reasoning_content\":\"hm\"}", "null");
        say("{\"reasoning\":\" so\"}", "null");
        say("{\"content\":\"Yes\"}", "\"stop\"");
        face.complete(this::take);

        JsonObject response = events.getLast().getJsonObject("response");
        assertEquals(
                "[{\"id\":\"rs_R_0\",\"type\":\"reasoning\",\"status\":\"completed\",\"summary\":[],\"content\":"
                        + "[{\"type\":\"reasoning_text\",\"text\":\"hm so\"}]},"
                        + "{\"id\":\"msg_R_1\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":"
                        + "[{\"type\":\"output_text\",\"text\":\"Yes\",\"annotations\":[],\"logprobs\":[]}]}]",
                response.get("output").toString());
        assertTrue(types().contains("response.reasoning_text.delta"), types().toString());
        requireWellFormed(events);
    }

    @Test
    void callsThatComeInTurnAreKeptApartAndALateNameIsWaitedFor() throws Exception {
        say("{\"content\":\"Let me see.\"}", "null");
        say(
                "{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"arguments\":\"{\\\"x\\\"\"}},"
                        + "{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}",
                "null");
        say("{\"tool_calls\":[{\"index\":1,\"function\":{\"name\":\"g\",\"arguments\":\":1\"}}]}", "null");
        say("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]}", "null");
        say("{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"}\"}}]}", "\"tool_calls\"");
        face.complete(this::take);

        List<String> calls = events.getLast().getJsonObject("response").getJsonArray("output").stream()
                .map(JsonValue::asJsonObject)
                .filter(item -> item.getString("type").equals("function_call"))
                .map(item ->
                        item.getString("call_id") + " " + item.getString("name") + " " + item.getString("arguments"))
                .toList();
        assertEquals(List.of("a f {}", "b g {\"x\":1}"), calls);
        assertEquals("response.completed", types().getLast());
        requireWellFormed(events);
    }

    @Test
    void callsWithoutIndexAreToldApartByTheirIds() throws Exception {
        say("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"}}]}", "null");
        say("{\"tool_calls\":[{\"function\":{\"arguments\":\"2\"}}]}", "null");
        say("{\"tool_calls\":[{\"id\":\"b\",\"function\":{\"name\":\"f\",\"arguments\":\"3\"}}]}", "\"tool_calls\"");
        face.complete(this::take);

        assertEquals(
                "12, 3",
                face.output().stream().map(item -> item.getString("arguments")).collect(Collectors.joining(", ")));
        requireWellFormed(events);
    }

    @Test
    void aRefusalIsAPartOfTheMessage() throws Exception {
        say("{\"content\":\"I \"}", "null");
        say("{\"refusal\":\"will not\"}", "\"stop\"");
        face.complete(this::take);

        assertEquals(
                "[{\"type\":\"output_text\",\"text\":\"I \",\"annotations\":[],\"logprobs\":[]},"
                        + "{\"type\":\"refusal\",\"refusal\":\"will not\"}]",
                face.output().getFirst().get("content").toString());
        requireWellFormed(events);
    }

    @ParameterizedTest
    @CsvSource({
        "stop, completed, null",
        "tool_calls, completed, null",
        "own_reason, completed, null",
        "length, incomplete, max_output_tokens",
        "content_filter, incomplete, content_filter"
    })
    void theFinishReasonDecidesHowItEnds(String finish, String status, String reason) throws Exception {
        say("{\"content\":\"x\"}", '"' + finish + '"');
        face.complete(this::take);

        assertEquals("response." + status, types().getLast());
        JsonObject response = events.getLast().getJsonObject("response");
        assertEquals(status, response.getString("status"));
        assertEquals(
                reason.equals("null") ? "null" : "{\"reason\":\"" + reason + "\"}",
                response.get("incomplete_details").toString());
        requireWellFormed(events);
    }

    @Test
    void whatBreaksOffHasFailedAndKeepsWhatWasThere() throws Exception {
        say("{\"content\":\"half an ans\"}", "null");
        face.fail(ApiError.upstream(502, "upstream_cut", "it broke"), this::take);

        assertEquals("response.failed", types().getLast());
        JsonObject response = events.getLast().getJsonObject("response");
        assertEquals(
                "{\"code\":\"server_error\",\"message\":\"it broke\"}",
                response.get("error").toString());
        JsonObject item = response.getJsonArray("output").getJsonObject(0);
        assertEquals("incomplete", item.getString("status"));
        assertEquals(
                "half an ans", item.getJsonArray("content").getJsonObject(0).getString("text"));
        requireWellFormed(events);
    }

    @Test
    void inTheBackgroundItIsQueuedUntilTheUpstreamSpeaks() throws Exception {
        ResponsesFace queued = face("{\"model\":\"m\",\"input\":\"x\",\"background\":true}");

        assertTrue(queued.begin(this::take));
        assertEquals("queued", queued.status());
        queued.say("{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}", true, this::take);
        assertEquals("in_progress", queued.status());
        queued.cancel(this::take);

        assertEquals("cancelled", queued.status());
        assertEquals(List.of("response.created", "response.queued", "response.in_progress"), types().subList(0, 3));
        requireWellFormed(events);
        assertFalse(face.begin(this::take), "else the upstream may still refuse");
    }

    /**
     * What OpenAI's clients build on: numbers without a gap, nothing told of what was not announced, and what is closed is
     * what was told piece by piece.
     */
    static void requireWellFormed(List<JsonObject> events) {
        Map<String, StringBuilder> told = new HashMap<>();
        List<JsonObject> added = new ArrayList<>();
        for (int i = 0; i < events.size(); i++) {
            JsonObject event = events.get(i);
            String type = event.getString("type");
            assertEquals(i, event.getInt("sequence_number"), type);
            boolean isLast = i == events.size() - 1;
            assertEquals(
                    isLast,
                    List.of("response.completed", "response.incomplete", "response.failed")
                            .contains(type),
                    type);
            switch (type) {
                case "response.output_item.added" -> {
                    assertEquals(added.size(), event.getInt("output_index"), type);
                    added.add(event.getJsonObject("item"));
                }
                case "response.content_part.added" -> {
                    assertEquals(id(added, event), event.getString("item_id"));
                    told.put(key(event), new StringBuilder());
                }
                case "response.output_item.done" ->
                    assertEquals(
                            added.get(event.getInt("output_index")).getString("id"),
                            event.getJsonObject("item").getString("id"));
                default -> {
                    if (type.endsWith(".delta")) {
                        assertEquals(id(added, event), event.getString("item_id"));
                        if (!type.contains("function_call")) {
                            assertTrue(told.containsKey(key(event)), "announced before " + event);
                        }
                        told.computeIfAbsent(key(event), none -> new StringBuilder())
                                .append(event.getString("delta"));
                    } else if (type.matches(
                            "response\\.(output_text|refusal|reasoning_text|function_call_arguments)\\.done")) {
                        String whole = event.getString(
                                type.contains("function_call")
                                        ? "arguments"
                                        : type.contains("refusal") ? "refusal" : "text");
                        assertEquals(
                                told.getOrDefault(key(event), new StringBuilder())
                                        .toString(),
                                whole,
                                type);
                    }
                }
            }
        }
    }

    private static String id(List<JsonObject> added, JsonObject event) {
        return added.get(event.getInt("output_index")).getString("id");
    }

    private static String key(JsonObject event) {
        return event.getInt("output_index") + "/" + event.getInt("content_index", -1);
    }
}
