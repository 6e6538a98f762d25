package millrace.problem;

import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One problem: what kind, what exactly, and members of its own. Immutable.
 *
 * @param detail one or two sentences for the person who sent the request: what is wrong and what would be right
 * @param extensions further members, e.g. {@code "line": 3}
 */
public record Problem(ProblemType type, String detail, Map<String, JsonValue> extensions) {

    /** The media type of {@link #toJson()}. */
    public static final String MEDIA_TYPE = "application/problem+json";

    // one for all: each Json.createX of the API looks its provider up again
    private static final JsonProvider JSON = JsonProvider.provider();

    public Problem {
        extensions = Collections.unmodifiableMap(new LinkedHashMap<>(extensions));
    }

    public static Problem of(ProblemType type, String detail) {
        return new Problem(type, detail, Map.of());
    }

    /** This problem with one more member. */
    public Problem with(String name, JsonValue value) {
        Map<String, JsonValue> more = new LinkedHashMap<>(extensions);
        more.put(name, value);
        return new Problem(type, detail, more);
    }

    public int status() {
        return type.status();
    }

    /** The JSON text, on one line. */
    public String toJson() {
        var json = JSON.createObjectBuilder()
                .add("type", type.uri())
                .add("title", type.title())
                .add("status", type.status())
                .add("detail", detail);
        extensions.forEach(json::add);
        return json.build().toString();
    }
}
