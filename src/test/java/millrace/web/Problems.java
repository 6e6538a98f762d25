package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.net.http.HttpResponse;
import java.util.regex.Pattern;

/** What every refusal must look like. */
final class Problems {

    /** What only somebody who reads our code could understand: names of classes, lines of a stack trace. */
    private static final Pattern INSIDE = Pattern.compile("Exception|\\\\tat |(millrace|java|jakarta|org)\\.[a-z]+\\.");

    private Problems() {}

    static JsonObject assertProblem(int status, String type, HttpResponse<byte[]> response) {
        return assertProblem(
                status,
                type,
                response.statusCode(),
                response.headers().firstValue("Content-Type").orElse(""),
                response.body());
    }

    static JsonObject assertProblem(int status, String type, RawConnection.Head head, byte[] body) {
        String contentType = head.header("Content-Type");
        return assertProblem(status, type, head.status(), contentType == null ? "" : contentType, body);
    }

    static JsonObject assertProblem(int status, String type, int actualStatus, String contentType, byte[] body) {
        String text = new String(body, UTF_8);
        assertEquals(status, actualStatus, text);
        assertEquals("application/problem+json", contentType.split(";", 2)[0], text);
        JsonObject problem = Json.createReader(new ByteArrayInputStream(body)).readObject();
        assertEquals("urn:millrace:problem:" + type, problem.getString("type"), text);
        assertEquals(status, problem.getInt("status"), text);
        assertFalse(problem.getString("title").isBlank(), text);
        assertFalse(problem.getString("detail").isBlank(), text);
        assertFalse(INSIDE.matcher(text).find(), text);
        return problem;
    }
}
