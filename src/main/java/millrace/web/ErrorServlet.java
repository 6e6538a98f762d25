package millrace.web;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.stream.ProblemResponse;
import org.jspecify.annotations.Nullable;

/**
 * Where the container sends what it refuses itself, and what nobody answers: a problem instead of its page, without a
 * stack trace and without its version.
 *
 * <p>Jetty 12.0 does not tell the status of what its own login refuses but in the response.
 */
public final class ErrorServlet extends ProblemServlet {
    @Serial
    private static final long serialVersionUID = 1;

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response) throws ProblemException, IOException {
        Object status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
        Object asked = request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI);
        Object path = asked == null ? request.getRequestURI() : asked;
        int code = status instanceof Integer number ? number : response.getStatus();
        if (code < 400) {
            code = 404; // somebody asked for this path itself
        }
        ProblemType type = typeOf(code);
        if (type == null) { // the container means something that we never say: a 412 or 416 of its files, a 501 …
            ProblemResponse.announceClose(request, response);
            ProblemResponse.send(response, code);
            return;
        }
        throw new ProblemException(
                type, type == ProblemType.NOT_FOUND ? "There is nothing at " + path + "." : type.title() + ".");
    }

    private static @Nullable ProblemType typeOf(int status) {
        return switch (status) {
            case 400 -> ProblemType.BAD_PARAMETER;
            case 401 -> ProblemType.UNAUTHORIZED;
            case 403 -> ProblemType.FORBIDDEN;
            case 404 -> ProblemType.NOT_FOUND;
            case 405 -> ProblemType.METHOD_NOT_ALLOWED;
            case 413 -> ProblemType.BODY_TOO_LARGE;
            case 415 -> ProblemType.UNSUPPORTED_MEDIA_TYPE;
            case 429 -> ProblemType.TOO_MANY_REQUESTS;
            case 500 -> ProblemType.INTERNAL;
            case 503 -> ProblemType.UNAVAILABLE;
            default -> null;
        };
    }
}
