package millrace.hub;

import jakarta.json.JsonArray;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.util.ArrayList;
import java.util.List;
import millrace.auth.Dialect;
import millrace.history.Update;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.JsonBody;
import millrace.topic.HubUrl;
import org.jspecify.annotations.Nullable;

/**
 * Reads one line of a batch: a JSON object with the fields of a {@linkplain PublishForm form}.
 *
 * <pre>
 * {"topic": ["books/1", "books"], "data": "hello", "private": true, "id": "…", "type": "…", "retry": 3000}
 * </pre>
 */
public final class PublishLine {

    private static final String EXAMPLE = "{\"topic\": \"books/1\", \"data\": \"hello\"}";

    private PublishLine() {}

    /**
     * Reads the update. Fields with other names are ignored, and {@code null} is as good as absent.
     *
     * @throws ProblemException as {@link PublishForm#parse}, or where the line is not a JSON object in UTF-8
     */
    public static Update parse(byte[] line, HubUrl hub, HubLimits limits, Dialect dialect) throws ProblemException {
        JsonObject fields = read(line);
        return PublishForm.update(
                topics(fields),
                text(fields, "data"),
                isPrivate(fields),
                text(fields, "id"),
                text(fields, "type"),
                milliseconds(fields),
                hub,
                limits,
                dialect);
    }

    private static JsonObject read(byte[] line) throws ProblemException {
        try {
            return JsonBody.read(line, EXAMPLE);
        } catch (ProblemException malformed) {
            // its line is a line of the body elsewhere; here that is told by whoever has the body
            JsonValue column = malformed.problem().extensions().get("column");
            if (column == null) {
                throw malformed;
            }
            throw new ProblemException(
                    Problem.of(ProblemType.MALFORMED_JSON, "The JSON is malformed at column " + column + ".")
                            .with("column", column));
        }
    }

    private static List<String> topics(JsonObject fields) throws ProblemException {
        JsonValue value = fields.getOrDefault("topic", JsonValue.NULL);
        if (value.equals(JsonValue.NULL)) {
            return List.of();
        }
        List<String> topics = new ArrayList<>();
        for (JsonValue topic : value instanceof JsonArray several ? several : List.of(value)) {
            if (!(topic instanceof JsonString string)) {
                throw bad("topic is a string, or an array of strings.");
            }
            topics.add(whole("topic", string.getString()));
        }
        return topics;
    }

    private static @Nullable String text(JsonObject fields, String name) throws ProblemException {
        JsonValue value = fields.getOrDefault(name, JsonValue.NULL);
        if (value.equals(JsonValue.NULL)) {
            return null;
        }
        if (!(value instanceof JsonString string)) {
            throw bad(name + " is a string.");
        }
        return whole(name, string.getString());
    }

    private static boolean isPrivate(JsonObject fields) throws ProblemException {
        return switch (fields.getOrDefault("private", JsonValue.NULL).getValueType()) {
            case TRUE -> true;
            case FALSE, NULL -> false;
            case ARRAY, OBJECT, STRING, NUMBER -> throw bad("private is true or false.");
        };
    }

    /** As it stands there: a number of a few characters may be one of a billion digits. */
    private static @Nullable String milliseconds(JsonObject fields) throws ProblemException {
        JsonValue value = fields.getOrDefault("retry", JsonValue.NULL);
        if (value.equals(JsonValue.NULL)) {
            return null;
        }
        if (!(value instanceof JsonNumber number)) {
            throw bad("retry is a number of milliseconds.");
        }
        return number.toString();
    }

    /** JSON can escape half a character, which UTF-8 cannot carry. */
    private static String whole(String name, String text) throws ProblemException {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (Character.isLowSurrogate(text.charAt(i))
                        || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    throw bad(name + " has an unpaired surrogate (at " + i + ").");
                }
                i++;
            }
        }
        return text;
    }

    private static ProblemException bad(String detail) {
        return new ProblemException(ProblemType.BAD_PARAMETER, detail);
    }
}
