package millrace.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;

/** {@code /health/live}: the process answers. {@code /health/ready}: it takes new streams and updates; 503 once it drains, or cannot keep updates. */
public final class HealthServlet extends ProblemServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final byte[] UP = "{\"status\":\"UP\"}\n".getBytes(StandardCharsets.UTF_8);

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response) throws ProblemException, IOException {
        if (!request.getMethod().equals("GET") && !request.getMethod().equals("HEAD")) {
            throw methodNotAllowed(response, "GET, HEAD");
        }
        String path = request.getPathInfo();
        if ("/ready".equals(path)) {
            if (application().streams().isDraining()) {
                throw new ProblemException(ProblemType.UNAVAILABLE, "The application stops.");
            }
            if (!application().hub().hub().isReady()) { // why is for the log, not for everyone
                throw new ProblemException(ProblemType.UNAVAILABLE, "The history takes nothing at the moment.");
            }
        } else if (!"/live".equals(path)) {
            throw notFound(request);
        }
        response.setContentType("application/json");
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(UP.length);
        response.getOutputStream().write(UP);
    }
}
