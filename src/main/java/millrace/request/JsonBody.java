package millrace.request;

import jakarta.json.JsonConfig;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonReaderFactory;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParsingException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;

/**
 * Reads a body that is to be one JSON object, in UTF-8, and nothing after it. An object with a key twice is refused: whoever
 * reads the body after us might read the other one.
 */
public final class JsonBody {

    private static final JsonProvider JSON = JsonProvider.provider();
    private static final JsonReaderFactory READERS =
            JSON.createReaderFactory(Map.of(JsonConfig.KEY_STRATEGY, JsonConfig.KeyStrategy.NONE));

    private JsonBody() {}

    /**
     * Reads it whole.
     *
     * @param example of such an object, for who sends something else
     */
    public static JsonObject read(byte[] body, String example) throws ProblemException {
        try {
            String text = utf8(body);
            JsonValue value;
            try (JsonReader reader = READERS.createReader(new StringReader(text))) {
                value = reader.readValue();
            }
            requireNothingBehind(text);
            if (value instanceof JsonObject object) {
                return object;
            }
            throw new ProblemException(ProblemType.BAD_BODY, "Send a JSON object, e.g. " + example + ".");
        } catch (JsonParsingException malformed) {
            var at = malformed.getLocation();
            throw new ProblemException(Problem.of(
                            ProblemType.MALFORMED_JSON,
                            "The JSON is malformed at line " + at.getLineNumber() + ", column " + at.getColumnNumber()
                                    + ".")
                    .with("line", JSON.createValue(at.getLineNumber()))
                    .with("column", JSON.createValue(at.getColumnNumber())));
        } catch (CharacterCodingException | RuntimeException unreadable) {
            // Parsson tells of too deep a nesting by a plain RuntimeException
            throw new ProblemException(
                    ProblemType.MALFORMED_JSON,
                    "The body is not JSON in UTF-8, or nested too deeply, or has a key twice in one object.");
        }
    }

    /** A reader does not look further than the end of the value, and a parser does not mind a key twice. */
    private static void requireNothingBehind(String text) {
        try (JsonParser parser = JSON.createParser(new StringReader(text))) {
            while (parser.hasNext()) {
                parser.next(); // throws behind the value; skipping it at once would, in Parsson, not end where it has
                // no end
            }
        }
    }

    private static String utf8(byte[] body) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
    }
}
