package millrace.web;

import jakarta.json.JsonObject;
import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonParsingException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;

/** Reads a body that is to be one JSON object, in UTF-8, and nothing after it. */
final class JsonBody {

    private static final JsonProvider JSON = JsonProvider.provider();

    private JsonBody() {}

    /**
     * Reads it whole.
     *
     * @param example of such an object, for who sends something else
     */
    static JsonObject read(byte[] body, String example) throws ProblemException {
        try (var parser = JSON.createParser(new StringReader(utf8(body)))) {
            parser.next();
            if (!(parser.getValue() instanceof JsonObject object)) {
                throw new ProblemException(ProblemType.BAD_BODY, "Send a JSON object, e.g. " + example + ".");
            }
            if (parser.hasNext()) {
                parser.next(); // throws: there is something after the object
            }
            return object;
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
                    ProblemType.MALFORMED_JSON, "The body is not JSON in UTF-8, or nested too deeply.");
        }
    }

    private static String utf8(byte[] body) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
    }
}
