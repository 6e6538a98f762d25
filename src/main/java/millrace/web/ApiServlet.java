package millrace.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import java.util.List;
import millrace.chat.ApiError;
import millrace.problem.ProblemException;

/** What OpenAI's clients speak to: errors have the shape that they read. */
abstract class ApiServlet extends ChatServlet {
    @Serial
    private static final long serialVersionUID = 1;

    @Override
    void refuse(HttpServletResponse response, ApiError error) throws IOException {
        if (response.isCommitted()) {
            return; // too late for a status
        }
        response.resetBuffer();
        response.setStatus(error.status());
        error.headers().forEach(response::setHeader);
        sendJson(response, utf8(error.json()));
    }

    @Override
    void refuse(HttpServletResponse response, ProblemException refused) throws IOException {
        refuse(response, ApiError.of(refused));
    }

    static void requireMethod(HttpServletRequest request, HttpServletResponse response, String... methods)
            throws ProblemException {
        if (!List.of(methods).contains(request.getMethod())) {
            throw ProblemServlet.methodNotAllowed(response, String.join(", ", methods));
        }
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
