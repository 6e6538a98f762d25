package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import millrace.problem.Problem;
import millrace.problem.ProblemException;

/** Answers a request with a problem, before anything else was written. */
public final class ProblemResponse {

    private ProblemResponse() {}

    /** Refuses a request, in the form that its client can take; see {@link EventSourceClient}. */
    public static void refuse(HttpServletRequest request, HttpServletResponse response, ProblemException refused)
            throws IOException {
        if (!comesBack(request, response, refused)) {
            send(response, refused);
        }
    }

    /**
     * The part of that for servlets with a form of their own: returns whether the client was told to come back; otherwise
     * it is still to be refused.
     */
    public static boolean comesBack(HttpServletRequest request, HttpServletResponse response, ProblemException refused)
            throws IOException {
        announceClose(request, response);
        return EventSourceClient.tellToComeBack(request, response, refused);
    }

    public static void send(HttpServletResponse response, ProblemException failure) throws IOException {
        if (failure.retryAfter() != null) {
            long seconds = Math.ceilDiv(failure.retryAfter().toMillis(), 1000);
            response.setHeader("Retry-After", Long.toString(Math.max(1, seconds)));
        }
        send(response, failure.problem());
    }

    /** Before a refusal is sent: says that the connection ends, where its body or a rest of it will not be read. */
    public static void announceClose(HttpServletRequest request, HttpServletResponse response) {
        // Jetty closes the connection then without saying so, if what is unread is still on its way, and a client would
        // use it for its next request
        if (RequestBody.isUnread(request) && request.getProtocol().startsWith("HTTP/1")) {
            response.setHeader("Connection", "close");
        }
    }

    public static void send(HttpServletResponse response, Problem problem) throws IOException {
        send(response, problem.status(), problem.toJson());
    }

    /** A status without a problem of ours: says no more than the status itself does, RFC 9457 section 4.2.1. */
    public static void send(HttpServletResponse response, int status) throws IOException {
        send(response, status, "{\"type\":\"about:blank\",\"status\":" + status + "}");
    }

    private static void send(HttpServletResponse response, int status, String json) throws IOException {
        if (response.isCommitted()) {
            return; // too late for a status
        }
        response.resetBuffer();
        byte[] body = (json + "\n").getBytes(StandardCharsets.UTF_8);
        response.setStatus(status);
        response.setContentType(Problem.MEDIA_TYPE);
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
