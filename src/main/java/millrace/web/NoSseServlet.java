package millrace.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import millrace.config.Settings;
import millrace.problem.ProblemException;
import millrace.request.Origins;

/** {@code POST /sse/no_sse}: the same server answering plainly, to compare. */
public final class NoSseServlet extends ProblemServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final byte[] HELLO = "{\"message\":\"Hello World\"}".getBytes(StandardCharsets.UTF_8);

    @Override
    Origins origins() {
        return application().streams().origins();
    }

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response) throws ProblemException, IOException {
        TenEventsServlet.requireExamples(application().config().get(Settings.EXAMPLES));
        if (!request.getMethod().equals("POST")) {
            throw methodNotAllowed(response, "POST");
        }
        origins().require(request);
        response.setContentType("application/json");
        response.setContentLength(HELLO.length);
        response.getOutputStream().write(HELLO);
    }
}
