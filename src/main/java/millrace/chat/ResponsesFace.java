package millrace.chat;

import jakarta.json.JsonArray;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import millrace.log.CloseReason;
import millrace.sse.Event;
import millrace.stream.EventSink;
import millrace.stream.StreamClosedException;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's Responses API, over an upstream that knows chat completions alone. Every event has its number, which is its
 * place in the run; an item and a part are announced before any piece of them, and closed whole:
 *
 * <pre>
 *  response.created, response.in_progress
 *    response.output_item.added                 an item: reasoning, message or function_call
 *      response.content_part.added              of reasoning and message
 *        response.output_text.delta …           or refusal, reasoning_text, function_call_arguments
 *        response.output_text.done
 *      response.content_part.done
 *    response.output_item.done
 *  response.completed, or response.incomplete, or response.failed
 * </pre>
 *
 * <p>Reasoning and messages follow one another; calls of functions stay open beside each other until the end. The
 * generation's thread builds the events under the lock and sends them outside of it, so that others can ask for the
 * response as it is at any time.
 */
final class ResponsesFace implements Face {

    /** One item of the output. */
    private static final class Item {
        final String type;
        final WholeCharacters characters = new WholeCharacters();
        final StringBuilder text = new StringBuilder();
        final List<JsonObject> closedParts = new ArrayList<>();

        /** Of the part that is open, {@code null} where none is. */
        @Nullable
        String part;

        /** From its announcement on: clients take it for the place in the list of what they know. */
        int index = -1;

        String id = "";
        String name = "";
        String callId = "";
        boolean done;

        Item(String type) {
            this.type = type;
        }

        boolean isAnnounced() {
            return index >= 0;
        }
    }

    private final ResponsesRequest request;
    private final long createdAt;

    // under the lock
    private String runId = "";
    private long chars;
    private long events;
    private boolean begun;
    private String status;
    private @Nullable JsonObject error;
    private @Nullable String incomplete;
    private @Nullable JsonObject usage;
    private String finishReason = "";

    /** Those that were announced, in that order. */
    private final List<Item> items = new ArrayList<>();

    private @Nullable Item said;
    private final Map<String, Item> calls = new LinkedHashMap<>();
    private @Nullable Item lastCall;

    ResponsesFace(ResponsesRequest request, long createdAt) {
        this.request = request;
        this.createdAt = createdAt;
        this.status = request.background() ? "queued" : "in_progress";
    }

    static String idOf(String runId) {
        return "resp_" + runId;
    }

    /** An end by an event of its own is all that clients of this API look for. */
    @Override
    public boolean cutsOnFailure() {
        return false;
    }

    @Override
    public synchronized void runs(String id) {
        runId = id;
    }

    @Override
    public boolean begin(EventSink sink) throws InterruptedException, StreamClosedException {
        if (!request.background()) {
            return false; // the upstream may still refuse, and that is a status
        }
        send(created(), sink);
        return true;
    }

    @Override
    public void say(String chunk, boolean says, EventSink sink) throws InterruptedException, StreamClosedException {
        send(taken(parse(chunk)), sink);
    }

    @Override
    public void complete(EventSink sink) throws InterruptedException, StreamClosedException {
        send(completed(), sink);
    }

    @Override
    public void fail(ApiError failure, EventSink sink) throws InterruptedException, StreamClosedException {
        send(failed(failure), sink);
    }

    @Override
    public void cancel(EventSink sink) throws InterruptedException, StreamClosedException {
        send(cancelled(), sink);
    }

    @Override
    public synchronized void stopped(CloseReason why) {
        if (!isOver()) {
            status = why == CloseReason.FAILED ? "failed" : "cancelled";
        }
    }

    private static void send(List<Event> built, EventSink sink) throws InterruptedException, StreamClosedException {
        for (Event event : built) {
            sink.send(event);
        }
    }

    /** How many events there have been. */
    synchronized long events() {
        return events;
    }

    /** Of all that was said. */
    synchronized long chars() {
        return chars;
    }

    synchronized boolean isOver() {
        return !status.equals("queued") && !status.equals("in_progress");
    }

    synchronized String status() {
        return status;
    }

    /** The response as it is now. */
    synchronized JsonObject response() {
        JsonObjectBuilder response = ChatJson.PROVIDER.createObjectBuilder();
        response.add("id", idOf(runId))
                .add("object", "response")
                .add("created_at", createdAt)
                .add("status", status)
                .add("model", request.model());
        request.echo(response);
        response.add("error", error == null ? JsonValue.NULL : error);
        response.add(
                "incomplete_details",
                incomplete == null
                        ? JsonValue.NULL
                        : ChatJson.PROVIDER
                                .createObjectBuilder()
                                .add("reason", incomplete)
                                .build());
        JsonArrayBuilder output = ChatJson.PROVIDER.createArrayBuilder();
        output().forEach(output::add);
        response.add("output", output);
        response.add("usage", usage == null ? JsonValue.NULL : usage);
        return response.build();
    }

    /** The items of the answer so far. */
    synchronized List<JsonObject> output() {
        List<JsonObject> output = new ArrayList<>();
        for (Item item : items) {
            output.add(json(item));
        }
        return output;
    }

    // ---- the events, under the lock ----

    private synchronized List<Event> created() {
        List<Event> out = new ArrayList<>();
        begin(out);
        return out;
    }

    private void begin(List<Event> out) {
        if (begun) {
            return;
        }
        begun = true;
        out.add(event("response.created", start().add("response", response())));
        if (status.equals("queued")) {
            out.add(event("response.queued", start().add("response", response())));
        } else {
            out.add(event("response.in_progress", start().add("response", response())));
        }
    }

    private synchronized List<Event> taken(@Nullable JsonObject chunk) {
        List<Event> out = new ArrayList<>();
        begin(out);
        if (status.equals("queued")) {
            status = "in_progress";
            out.add(event("response.in_progress", start().add("response", response())));
        }
        if (chunk == null) {
            return out;
        }
        if (chunk.get("usage") instanceof JsonObject told) {
            usage = usage(told);
        }
        if (chunk.get("choices") instanceof JsonArray choices) {
            for (JsonValue value : choices) {
                if (value instanceof JsonObject choice && choice.getInt("index", 0) == 0) {
                    take(choice, out);
                }
            }
        }
        return out;
    }

    private void take(JsonObject choice, List<Event> out) {
        if (choice.get("delta") instanceof JsonObject delta) {
            String reasoning = text(delta, "reasoning_content");
            addText("reasoning", "reasoning_text", reasoning.isEmpty() ? text(delta, "reasoning") : reasoning, out);
            addText("message", "output_text", text(delta, "content"), out);
            addText("message", "refusal", text(delta, "refusal"), out);
            if (delta.get("tool_calls") instanceof JsonArray pieces) {
                for (JsonValue piece : pieces) {
                    if (piece instanceof JsonObject object) {
                        addCall(object, out);
                    }
                }
            }
            if (delta.get("function_call") instanceof JsonObject old) {
                addCall(
                        ChatJson.PROVIDER
                                .createObjectBuilder()
                                .add("index", 0)
                                .add("function", old)
                                .build(),
                        out);
            }
        }
        String reason = text(choice, "finish_reason");
        finishReason = reason.isEmpty() ? finishReason : reason;
    }

    private void addText(String type, String part, String text, List<Event> out) {
        if (text.isEmpty()) {
            return;
        }
        Item item = said;
        if (item == null || !item.type.equals(type)) {
            closeSaid(out);
            item = new Item(type);
            said = item;
            announce(item, out);
        }
        if (!part.equals(item.part)) {
            closePart(item, out);
            item.part = part;
            out.add(event(
                    "response.content_part.added",
                    start(item).add("content_index", item.closedParts.size()).add("part", part(part, ""))));
        }
        addDelta(item, item.characters.add(text), out);
    }

    private void addDelta(Item item, String delta, List<Event> out) {
        if (delta.isEmpty()) {
            return;
        }
        item.text.append(delta);
        chars += delta.length();
        JsonObjectBuilder event = start(item);
        if (item.part != null) {
            event.add("content_index", item.closedParts.size());
        }
        event.add("delta", delta);
        if ("output_text".equals(item.part)) {
            event.add("logprobs", JsonValue.EMPTY_JSON_ARRAY);
        }
        out.add(event("response." + pieces(item) + ".delta", event));
    }

    /** A call is announced with its name, which some servers send late. */
    private void addCall(JsonObject piece, List<Event> out) {
        closeSaid(out);
        Item item = callOf(piece);
        lastCall = item;
        String id = text(piece, "id");
        item.callId = item.callId.isEmpty() ? id : item.callId;
        String arguments = "";
        if (piece.get("function") instanceof JsonObject function) {
            item.name = item.name.isEmpty() ? text(function, "name") : item.name;
            arguments = text(function, "arguments");
        }
        String whole = item.characters.add(arguments);
        if (item.isAnnounced()) {
            addDelta(item, whole, out);
        } else {
            item.text.append(whole);
            if (!item.name.isEmpty()) {
                announceCall(item, out);
            }
        }
    }

    private void announceCall(Item item, List<Event> out) {
        String early = item.text.toString();
        item.text.setLength(0);
        announce(item, out);
        addDelta(item, early, out);
    }

    /** By its index; where a server sends none, a new id begins a new call. */
    private Item callOf(JsonObject piece) {
        String key;
        if (piece.get("index") instanceof JsonNumber index) {
            key = "index " + index;
        } else if (!text(piece, "id").isEmpty()) {
            key = "id " + text(piece, "id");
        } else if (lastCall != null) {
            return lastCall;
        } else {
            key = "";
        }
        return calls.computeIfAbsent(key, any -> new Item("function_call"));
    }

    private void announce(Item item, List<Event> out) {
        String prefix = switch (item.type) {
            case "message" -> "msg_";
            case "reasoning" -> "rs_";
            default -> "fc_";
        };
        item.index = items.size();
        item.id = prefix + runId + "_" + item.index;
        if (item.type.equals("function_call") && item.callId.isEmpty()) {
            item.callId = "call_" + runId + "_" + item.index;
        }
        items.add(item);
        out.add(event(
                "response.output_item.added",
                start().add("output_index", item.index).add("item", json(item))));
    }

    private void closeSaid(List<Event> out) {
        Item item = said;
        if (item != null) {
            said = null;
            closePart(item, out);
            close(item, out);
        }
    }

    private void closePart(Item item, List<Event> out) {
        String part = item.part;
        if (part == null) {
            return;
        }
        addDelta(item, item.characters.rest(), out);
        String text = item.text.toString();
        JsonObjectBuilder done = start(item).add("content_index", item.closedParts.size());
        done.add(part.equals("refusal") ? "refusal" : "text", text);
        if (part.equals("output_text")) {
            done.add("logprobs", JsonValue.EMPTY_JSON_ARRAY);
        }
        out.add(event("response." + pieces(item) + ".done", done));
        JsonObject whole = part(part, text);
        out.add(event(
                "response.content_part.done",
                start(item).add("content_index", item.closedParts.size()).add("part", whole)));
        item.closedParts.add(whole);
        item.text.setLength(0);
        item.part = null;
    }

    private void close(Item item, List<Event> out) {
        item.done = true;
        out.add(event(
                "response.output_item.done",
                start().add("output_index", item.index).add("item", json(item))));
    }

    private void closeAll(List<Event> out) {
        closeSaid(out);
        for (Item call : calls.values()) {
            if (!call.isAnnounced()) {
                announceCall(call, out); // it never got a name; its arguments are told all the same
            }
            addDelta(call, call.characters.rest(), out);
            out.add(event(
                    "response.function_call_arguments.done",
                    start(call).add("name", call.name).add("arguments", call.text.toString())));
            close(call, out);
        }
    }

    private synchronized List<Event> completed() {
        List<Event> out = new ArrayList<>();
        begin(out);
        closeAll(out);
        incomplete = switch (finishReason) {
            case "length" -> "max_output_tokens";
            case "content_filter" -> "content_filter";
            default -> null;
        };
        status = incomplete == null ? "completed" : "incomplete";
        out.add(event("response." + status, start().add("response", response())));
        return out;
    }

    private synchronized List<Event> failed(ApiError failure) {
        List<Event> out = new ArrayList<>();
        begin(out);
        status = "failed";
        error = ChatJson.PROVIDER
                .createObjectBuilder()
                .add("code", failure.status() == 429 ? "rate_limit_exceeded" : "server_error")
                .add("message", failure.message())
                .build();
        out.add(event("response.failed", start().add("response", response())));
        return out;
    }

    /** The API has no event of that name; this is the one that says that the answer is not whole. */
    private synchronized List<Event> cancelled() {
        List<Event> out = new ArrayList<>();
        begin(out);
        status = "cancelled";
        out.add(event("response.incomplete", start().add("response", response())));
        return out;
    }

    // ---- their JSON ----

    private static JsonObjectBuilder start() {
        return ChatJson.PROVIDER.createObjectBuilder();
    }

    private static JsonObjectBuilder start(Item item) {
        return start().add("item_id", item.id).add("output_index", item.index);
    }

    private Event event(String type, JsonObjectBuilder members) {
        JsonObjectBuilder event = ChatJson.PROVIDER.createObjectBuilder();
        event.add("type", type).add("sequence_number", events++).addAll(members);
        return Event.of(type, event.build().toString());
    }

    private static String pieces(Item item) {
        String part = item.part;
        return part == null ? "function_call_arguments" : part;
    }

    private static JsonObject part(String type, String text) {
        JsonObjectBuilder part = ChatJson.PROVIDER.createObjectBuilder().add("type", type);
        part.add(type.equals("refusal") ? "refusal" : "text", text);
        if (type.equals("output_text")) {
            part.add("annotations", JsonValue.EMPTY_JSON_ARRAY).add("logprobs", JsonValue.EMPTY_JSON_ARRAY);
        }
        return part.build();
    }

    private JsonObject json(Item item) {
        JsonObjectBuilder json =
                ChatJson.PROVIDER.createObjectBuilder().add("id", item.id).add("type", item.type);
        json.add("status", item.done ? "completed" : isOver() ? "incomplete" : "in_progress");
        if (item.type.equals("function_call")) {
            return json.add("call_id", item.callId)
                    .add("name", item.name)
                    .add("arguments", item.text.toString())
                    .build();
        }
        JsonArrayBuilder content = ChatJson.PROVIDER.createArrayBuilder();
        item.closedParts.forEach(content::add);
        if (item.part != null) {
            content.add(part(item.part, item.text.toString()));
        }
        if (item.type.equals("reasoning")) {
            json.add("summary", JsonValue.EMPTY_JSON_ARRAY);
        } else {
            json.add("role", "assistant");
        }
        return json.add("content", content).build();
    }

    private static JsonObject usage(JsonObject told) {
        long input = number(told, "prompt_tokens");
        long output = number(told, "completion_tokens");
        return ChatJson.PROVIDER
                .createObjectBuilder()
                .add("input_tokens", input)
                .add("input_tokens_details", details(told, "prompt_tokens_details", "cached_tokens"))
                .add("output_tokens", output)
                .add("output_tokens_details", details(told, "completion_tokens_details", "reasoning_tokens"))
                .add("total_tokens", input + output)
                .build();
    }

    private static JsonObjectBuilder details(JsonObject told, String name, String member) {
        long count = told.get(name) instanceof JsonObject details ? number(details, member) : 0;
        return ChatJson.PROVIDER.createObjectBuilder().add(member, count);
    }

    private static long number(JsonObject object, String name) {
        return object.get(name) instanceof JsonNumber number ? number.longValue() : 0;
    }

    private static String text(JsonObject object, String name) {
        return object.get(name) instanceof JsonString text ? text.getString() : "";
    }

    private static @Nullable JsonObject parse(String chunk) {
        try (JsonReader reader = ChatJson.PROVIDER.createReader(new StringReader(chunk))) {
            return reader.readObject();
        } catch (RuntimeException otherShape) { // an event that has nothing for us, whatever else it is
            return null;
        }
    }
}
