package millrace.chat;

import jakarta.json.JsonArray;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import millrace.problem.ProblemException;
import millrace.request.JsonBody;
import org.jspecify.annotations.Nullable;

/**
 * The body of a {@code POST /v1/responses}, and the chat completion that asks an upstream for the same. What a chat
 * completion has no word for is refused by its name: to leave it out in silence would answer another question.
 *
 * @param body as it was sent
 * @param input the items of this request
 * @param previous the response that it goes on from
 */
public record ResponsesRequest(
        JsonObject body,
        String model,
        boolean stream,
        boolean background,
        boolean store,
        List<JsonObject> input,
        @Nullable String previous) {

    /** Have the same name and meaning in a chat completion. */
    private static final List<String> SAME = List.of(
            "temperature",
            "top_p",
            "parallel_tool_calls",
            "user",
            "service_tier",
            "prompt_cache_key",
            "safety_identifier");

    /** Of the Responses API, and nothing that we could do or have done. */
    private static final List<String> UNKNOWN = List.of("conversation", "prompt");

    public ResponsesRequest {
        input = List.copyOf(input);
    }

    /**
     * Reads and checks a body.
     *
     * @throws RefusedException with status 400, and the member that is wrong
     */
    public static ResponsesRequest read(byte[] bytes) throws RefusedException {
        JsonObject body;
        try {
            body = JsonBody.read(bytes, "{\"model\": \"…\", \"input\": \"…\"}");
        } catch (ProblemException refused) {
            throw new RefusedException(ApiError.of(refused));
        }
        for (String name : UNKNOWN) {
            if (!isNull(body.get(name))) {
                throw invalid(name, "is not known here");
            }
        }
        String model = text(body, "model", "model");
        if (model == null || model.isEmpty()) {
            throw invalid("model", "must be a string that is not empty");
        }
        boolean background = flag(body, "background", false);
        boolean store = flag(body, "store", true);
        if (background && !store) {
            throw invalid("background", "needs 'store': what is not kept cannot be asked for later");
        }
        ResponsesRequest request = new ResponsesRequest(
                body,
                model,
                flag(body, "stream", false),
                background,
                store,
                items(body.get("input")),
                text(body, "previous_response_id", "previous_response_id"));
        var unused = request.toChat(List.of()); // says now what is wrong
        return request;
    }

    /**
     * The chat completion that asks for the same, always as a stream.
     *
     * @param before the items of the conversation so far
     */
    ChatRequest toChat(List<JsonObject> before) throws RefusedException {
        JsonObjectBuilder chat = ChatJson.PROVIDER.createObjectBuilder();
        chat.add("model", model).add("stream", true);
        chat.add("stream_options", ChatJson.PROVIDER.createObjectBuilder().add("include_usage", true));
        JsonArray messages = messages(before);
        if (messages.isEmpty()) {
            throw invalid("input", "must hold at least one message");
        }
        chat.add("messages", messages);
        for (String name : SAME) {
            if (!isNull(body.get(name))) {
                chat.add(name, body.get(name));
            }
        }
        if (!isNull(body.get("max_output_tokens"))) {
            chat.add("max_tokens", body.get("max_output_tokens")); // every server knows this one
        }
        if (body.get("reasoning") instanceof JsonObject reasoning && !isNull(reasoning.get("effort"))) {
            chat.add("reasoning_effort", reasoning.get("effort"));
        }
        addText(chat);
        addTools(chat);
        byte[] bytes = chat.build().toString().getBytes(StandardCharsets.UTF_8);
        try {
            return ChatRequest.read(bytes);
        } catch (RefusedException shape) { // its members have other names than those that the client sent
            throw new RefusedException(ApiError.invalid("input", shape.error().message()));
        }
    }

    private void addText(JsonObjectBuilder chat) throws RefusedException {
        if (!(body.get("text") instanceof JsonObject text)) {
            return;
        }
        if (!isNull(text.get("verbosity"))) {
            chat.add("verbosity", text.get("verbosity"));
        }
        if (!(text.get("format") instanceof JsonObject format)) {
            return;
        }
        switch (format.getString("type", "")) {
            case "text" -> {
                // what every answer is
            }
            case "json_object" -> chat.add("response_format", format);
            case "json_schema" ->
                chat.add(
                        "response_format",
                        ChatJson.PROVIDER
                                .createObjectBuilder()
                                .add("type", "json_schema")
                                .add("json_schema", without(format, "type")));
            default -> throw invalid("text.format.type", "must be one of text, json_object, json_schema");
        }
    }

    private void addTools(JsonObjectBuilder chat) throws RefusedException {
        if (body.get("tools") instanceof JsonArray tools && !tools.isEmpty()) {
            JsonArrayBuilder functions = ChatJson.PROVIDER.createArrayBuilder();
            for (int i = 0; i < tools.size(); i++) {
                if (!(tools.get(i) instanceof JsonObject tool) || !isType(tool, "function")) {
                    throw invalid(
                            "tools[" + i + "].type",
                            "must be 'function': the server of this model has no tools of its own");
                }
                functions.add(ChatJson.PROVIDER
                        .createObjectBuilder()
                        .add("type", "function")
                        .add("function", without(tool, "type")));
            }
            chat.add("tools", functions);
        }
        JsonValue choice = body.getOrDefault("tool_choice", JsonValue.NULL);
        if (choice instanceof JsonString) {
            chat.add("tool_choice", choice);
        } else if (choice instanceof JsonObject object) {
            if (!isType(object, "function")) {
                throw invalid("tool_choice.type", "must be 'function'");
            }
            chat.add(
                    "tool_choice",
                    ChatJson.PROVIDER
                            .createObjectBuilder()
                            .add("type", "function")
                            .add("function", without(object, "type")));
        }
    }

    private JsonArray messages(List<JsonObject> before) throws RefusedException {
        Messages messages = new Messages();
        String instructions = text(body, "instructions", "instructions");
        if (instructions != null) {
            messages.add("system", ChatJson.PROVIDER.createValue(instructions));
        }
        for (JsonObject item : before) {
            messages.add(item, "previous_response_id");
        }
        for (int i = 0; i < input.size(); i++) {
            messages.add(input.get(i), "input[" + i + "]");
        }
        return messages.build();
    }

    /** What a request's input says as a list: a text alone is a message of the user. */
    private static List<JsonObject> items(@Nullable JsonValue input) throws RefusedException {
        if (input instanceof JsonString text) {
            return List.of(ChatJson.PROVIDER
                    .createObjectBuilder()
                    .add("type", "message")
                    .add("role", "user")
                    .add("content", text)
                    .build());
        }
        if (!(input instanceof JsonArray array)) {
            throw invalid("input", "must be a string or an array of items");
        }
        List<JsonObject> items = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            if (!(array.get(i) instanceof JsonObject item)) {
                throw invalid("input[" + i + "]", "must be an object");
            }
            items.add(item);
        }
        return items;
    }

    /** Items of the Responses API as messages of a chat completion; calls of one turn become one message. */
    private static final class Messages {
        private final JsonArrayBuilder messages = ChatJson.PROVIDER.createArrayBuilder();
        private @Nullable JsonObject assistant;
        private List<JsonObject> calls = new ArrayList<>();

        void add(String role, JsonValue content) {
            flush();
            messages.add(message(role, content).build());
        }

        void add(JsonObject item, String where) throws RefusedException {
            switch (item.getString("type", "message")) {
                case "message" -> addMessage(item, where);
                case "function_call" ->
                    calls.add(ChatJson.PROVIDER
                            .createObjectBuilder()
                            .add("id", required(item, "call_id", where))
                            .add("type", "function")
                            .add(
                                    "function",
                                    ChatJson.PROVIDER
                                            .createObjectBuilder()
                                            .add("name", required(item, "name", where))
                                            .add("arguments", required(item, "arguments", where)))
                            .build());
                case "function_call_output" -> {
                    flush();
                    messages.add(message("tool", content(item.get("output"), where + ".output"))
                            .add("tool_call_id", required(item, "call_id", where)));
                }
                case "reasoning" -> {
                    // chat completions have no place for what was thought before
                }
                default -> throw invalid(where + ".type", "is none that this model's server knows");
            }
        }

        private void addMessage(JsonObject item, String where) throws RefusedException {
            String role = required(item, "role", where);
            JsonValue content = content(item.get("content"), where + ".content");
            flush();
            if (role.equals("assistant")) {
                assistant = message(role, content).build(); // perhaps its calls follow
            } else {
                messages.add(message(role, content));
            }
        }

        JsonArray build() {
            flush();
            return messages.build();
        }

        private void flush() {
            JsonObject said = assistant;
            if (!calls.isEmpty()) {
                JsonArrayBuilder all = ChatJson.PROVIDER.createArrayBuilder();
                calls.forEach(all::add);
                JsonObjectBuilder message = said == null
                        ? message("assistant", JsonValue.NULL)
                        : ChatJson.PROVIDER.createObjectBuilder(said);
                messages.add(message.add("tool_calls", all));
            } else if (said != null) {
                messages.add(said);
            }
            assistant = null;
            calls = new ArrayList<>();
        }

        private static JsonObjectBuilder message(String role, JsonValue content) {
            return ChatJson.PROVIDER.createObjectBuilder().add("role", role).add("content", content);
        }

        private static String required(JsonObject item, String name, String where) throws RefusedException {
            String value = text(item, name, where + "." + name);
            if (value == null) {
                throw invalid(where + "." + name, "must be a string");
            }
            return value;
        }

        private static JsonValue content(@Nullable JsonValue content, String where) throws RefusedException {
            if (content instanceof JsonString) {
                return content;
            }
            if (!(content instanceof JsonArray parts)) {
                throw invalid(where, "must be a string or an array of parts");
            }
            JsonArrayBuilder translated = ChatJson.PROVIDER.createArrayBuilder();
            StringBuilder text = new StringBuilder();
            boolean isText = true;
            for (int i = 0; i < parts.size(); i++) {
                if (!(parts.get(i) instanceof JsonObject part)) {
                    throw invalid(where + "[" + i + "]", "must be an object");
                }
                JsonObject one = part(part, where + "[" + i + "]");
                translated.add(one);
                isText &= isType(one, "text");
                text.append(text.isEmpty() ? "" : "\n").append(one.getString("text", ""));
            }
            // some servers take a text alone, and nothing else, of whoever is not the user
            return isText ? ChatJson.PROVIDER.createValue(text.toString()) : translated.build();
        }

        private static JsonObject part(JsonObject part, String where) throws RefusedException {
            JsonObjectBuilder translated = ChatJson.PROVIDER.createObjectBuilder();
            switch (part.getString("type", "")) {
                case "input_text", "output_text", "text" ->
                    translated.add("type", "text").add("text", required(part, "text", where));
                case "refusal" -> translated.add("type", "refusal").add("refusal", required(part, "refusal", where));
                case "input_image" -> {
                    JsonObjectBuilder image =
                            ChatJson.PROVIDER.createObjectBuilder().add("url", required(part, "image_url", where));
                    if (!isNull(part.get("detail"))) {
                        image.add("detail", part.get("detail"));
                    }
                    translated.add("type", "image_url").add("image_url", image);
                }
                case "input_file" -> translated.add("type", "file").add("file", without(part, "type"));
                case "input_audio" -> translated.add("type", "input_audio").add("input_audio", part.get("input_audio"));
                default -> throw invalid(where + ".type", "is none that this model's server knows");
            }
            return translated.build();
        }
    }

    /** What a response repeats of its request, with what was not sent at its default. */
    void echo(JsonObjectBuilder response) {
        for (String name :
                List.of("instructions", "max_output_tokens", "previous_response_id", "temperature", "top_p")) {
            response.add(name, body.getOrDefault(name, JsonValue.NULL));
        }
        response.add("background", background).add("store", store);
        response.add("metadata", or(body.get("metadata"), JsonValue.EMPTY_JSON_OBJECT));
        response.add("parallel_tool_calls", or(body.get("parallel_tool_calls"), JsonValue.TRUE));
        response.add("tool_choice", or(body.get("tool_choice"), ChatJson.PROVIDER.createValue("auto")));
        response.add("tools", or(body.get("tools"), JsonValue.EMPTY_JSON_ARRAY));
        response.add("truncation", or(body.get("truncation"), ChatJson.PROVIDER.createValue("disabled")));
        response.add("reasoning", or(body.get("reasoning"), REASONING));
        response.add("text", or(body.get("text"), TEXT));
    }

    private static final JsonObject REASONING = ChatJson.PROVIDER
            .createObjectBuilder()
            .addNull("effort")
            .addNull("summary")
            .build();
    private static final JsonObject TEXT = ChatJson.PROVIDER
            .createObjectBuilder()
            .add("format", ChatJson.PROVIDER.createObjectBuilder().add("type", "text"))
            .build();

    private static JsonValue or(@Nullable JsonValue value, JsonValue standard) {
        return value == null || isNull(value) ? standard : value;
    }

    private static JsonObject without(JsonObject object, String name) {
        return ChatJson.PROVIDER.createObjectBuilder(object).remove(name).build();
    }

    private static boolean isType(JsonObject object, String type) {
        return object.getString("type", "").equals(type);
    }

    private static final Set<JsonValue.ValueType> FLAGS = Set.of(JsonValue.ValueType.TRUE, JsonValue.ValueType.FALSE);

    private static boolean flag(JsonObject object, String name, boolean standard) throws RefusedException {
        JsonValue value = object.getOrDefault(name, JsonValue.NULL);
        if (isNull(value)) {
            return standard;
        }
        if (!FLAGS.contains(value.getValueType())) {
            throw invalid(name, "must be true or false");
        }
        return value.getValueType() == JsonValue.ValueType.TRUE;
    }

    private static @Nullable String text(JsonObject object, String name, String param) throws RefusedException {
        JsonValue value = object.getOrDefault(name, JsonValue.NULL);
        if (isNull(value)) {
            return null;
        }
        if (value instanceof JsonString string) {
            return string.getString();
        }
        throw invalid(param, "must be a string");
    }

    private static boolean isNull(@Nullable JsonValue value) {
        return value == null || value.getValueType() == JsonValue.ValueType.NULL;
    }

    private static RefusedException invalid(String param, String rule) {
        return new RefusedException(ApiError.invalid(param, "'" + param + "' " + rule));
    }
}
