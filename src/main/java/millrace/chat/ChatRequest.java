package millrace.chat;

import jakarta.json.JsonArray;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import millrace.problem.ProblemException;
import millrace.request.JsonBody;
import org.jspecify.annotations.Nullable;

/**
 * The body of a {@code POST /v1/chat/completions}: the bytes, which an upstream gets as they came, and what Millrace
 * itself has to know of them. Members that are not named here are nobody's business but the upstream's.
 *
 * @param body never modified
 * @param choices how many answers were asked for ({@code n})
 * @param question the text of the last message of the user, empty when there is none
 */
@SuppressWarnings("ArrayRecordComponent") // bytes to pass on, not a value to compare
public record ChatRequest(
        byte[] body, String model, boolean stream, boolean includeUsage, int choices, String question) {

    private static final Set<String> NEED_CONTENT = Set.of("system", "developer", "user", "tool");
    private static final int MOST_CHOICES = 128;

    /**
     * Reads and checks a body.
     *
     * @throws RefusedException with status 400, and the member that is wrong
     */
    public static ChatRequest read(byte[] body) throws RefusedException {
        JsonObject root = parse(body);
        String model = requireString(root, "model", "model");
        String question = checkMessages(root.get("messages"));
        boolean stream = optionalFlag(root, "stream", "stream");
        JsonValue options = root.getOrDefault("stream_options", JsonValue.NULL);
        boolean includeUsage = false;
        if (options instanceof JsonObject object) {
            includeUsage = optionalFlag(object, "include_usage", "stream_options.include_usage");
        } else if (!isNull(options)) {
            throw invalid("stream_options", "must be an object");
        }
        return new ChatRequest(body, model, stream, includeUsage, choices(root), question);
    }

    /** A request of Millrace's own making, for a client that sent only texts. */
    public static ChatRequest streamOf(String model, @Nullable String systemPrompt, String userMessage) {
        var messages = ChatJson.PROVIDER.createArrayBuilder();
        if (systemPrompt != null && !systemPrompt.isEmpty()) {
            messages.add(message("system", systemPrompt));
        }
        messages.add(message("user", userMessage));
        byte[] body = ChatJson.PROVIDER
                .createObjectBuilder()
                .add("model", model)
                .add("stream", true)
                .add("messages", messages)
                .build()
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        return new ChatRequest(body, model, true, false, 1, userMessage);
    }

    private static JsonObject message(String role, String content) {
        return ChatJson.PROVIDER
                .createObjectBuilder()
                .add("role", role)
                .add("content", content)
                .build();
    }

    private static JsonObject parse(byte[] body) throws RefusedException {
        try {
            return JsonBody.read(body, "{\"model\": \"…\", \"messages\": […]}");
        } catch (ProblemException refused) {
            throw new RefusedException(ApiError.of(refused));
        }
    }

    /** Returns the text of the last message whose role is {@code user}. */
    private static String checkMessages(@Nullable JsonValue value) throws RefusedException {
        if (!(value instanceof JsonArray messages) || messages.isEmpty()) {
            throw invalid("messages", "must be an array of at least one message");
        }
        String question = "";
        for (int i = 0; i < messages.size(); i++) {
            String where = "messages[" + i + "]";
            if (!(messages.get(i) instanceof JsonObject message)) {
                throw invalid(where, "must be an object");
            }
            // which roles there are, and which of them may say nothing, is the upstream's affair
            String role = requireString(message, "role", where + ".role");
            JsonValue content = message.getOrDefault("content", JsonValue.NULL);
            boolean mayBeAbsent = !NEED_CONTENT.contains(role);
            if (isNull(content) ? !mayBeAbsent : !(content instanceof JsonString || content instanceof JsonArray)) {
                throw invalid(where + ".content", "must be a string or an array of parts");
            }
            if (role.equals("user")) {
                question = textOf(content);
            }
        }
        return question;
    }

    private static String textOf(JsonValue content) {
        if (content instanceof JsonString text) {
            return text.getString();
        }
        StringBuilder joined = new StringBuilder();
        for (JsonValue part : content.asJsonArray()) {
            if (part instanceof JsonObject object && object.get("text") instanceof JsonString text) {
                joined.append(joined.isEmpty() ? "" : "\n").append(text.getString());
            }
        }
        return joined.toString();
    }

    private static String requireString(JsonObject object, String name, String param) throws RefusedException {
        if (object.get(name) instanceof JsonString string && !string.getString().isEmpty()) {
            return string.getString();
        }
        throw invalid(param, "must be a string that is not empty");
    }

    private static boolean optionalFlag(JsonObject object, String name, String param) throws RefusedException {
        return switch (object.getOrDefault(name, JsonValue.NULL).getValueType()) {
            case TRUE -> true;
            case FALSE, NULL -> false;
            case STRING, NUMBER, ARRAY, OBJECT -> throw invalid(param, "must be true or false");
        };
    }

    private static int choices(JsonObject root) throws RefusedException {
        JsonValue n = root.getOrDefault("n", JsonValue.NULL);
        if (isNull(n)) {
            return 1;
        }
        if (n instanceof JsonNumber number && number.isIntegral()) {
            long value = number.bigDecimalValue()
                    .min(BigDecimal.valueOf(MOST_CHOICES + 1L))
                    .longValue();
            if (value >= 1 && value <= MOST_CHOICES) {
                return (int) value;
            }
        }
        throw invalid("n", "must be a whole number from 1 to " + MOST_CHOICES);
    }

    private static boolean isNull(JsonValue value) {
        return value.getValueType() == JsonValue.ValueType.NULL;
    }

    private static RefusedException invalid(String param, String rule) {
        return new RefusedException(ApiError.invalid(param, "'" + param + "' " + rule));
    }
}
