package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;

/** Answers a request with a problem, before anything else was written. */
public final class ProblemResponse {

    private ProblemResponse() {}

    public static void send(HttpServletResponse response, ProblemException failure) throws IOException {
        if (failure.retryAfter() != null) {
            long seconds = Math.ceilDiv(failure.retryAfter().toMillis(), 1000);
            response.setHeader("Retry-After", Long.toString(Math.max(1, seconds)));
        }
        send(response, failure.problem());
    }

    /** Before a refusal is sent: says that the connection ends, where its rest of a body will not be read. */
    public static void announceClose(HttpServletRequest request, HttpServletResponse response, Problem problem) {
        // Jetty closes the connection then without saying so, and a client would use it for its next request
        if (problem.type() == ProblemType.BODY_TOO_LARGE
                && request.getProtocol().startsWith("HTTP/1")) {
            response.setHeader("Connection", "close");
        }
    }

    public static void send(HttpServletResponse response, Problem problem) throws IOException {
        if (response.isCommitted()) {
            return; // too late for a status
        }
        response.resetBuffer();
        byte[] body = (problem.toJson() + "\n").getBytes(StandardCharsets.UTF_8);
        response.setStatus(problem.status());
        response.setContentType(Problem.MEDIA_TYPE);
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
