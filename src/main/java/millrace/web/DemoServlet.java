package millrace.web;

import jakarta.json.JsonObject;
import jakarta.json.spi.JsonProvider;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import millrace.auth.AccessRequest;
import millrace.auth.DemoTokens;
import millrace.hub.Hub;
import millrace.log.CloseReason;
import millrace.problem.ProblemException;
import millrace.request.Origins;

/**
 * What the page needs in demo mode: {@code POST /demo/token} gives it tokens for the hub, {@code POST /demo/cut} cuts
 * the hub's connections, to watch clients resume. Outside demo mode there is nothing here.
 */
public final class DemoServlet extends ProblemServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final JsonProvider JSON = JsonProvider.provider();
    private static final Duration LIFETIME = Duration.ofMinutes(10);

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response) throws ProblemException, IOException {
        DemoTokens tokens = application().hub().demoTokens();
        String path = request.getPathInfo() == null ? "" : request.getPathInfo();
        if (tokens == null || !(path.equals("/token") || path.equals("/cut"))) {
            throw notFound(request);
        }
        if (!request.getMethod().equals("POST")) {
            throw methodNotAllowed(response, "POST");
        }
        Origins.none().require(request);
        if (path.equals("/cut")) {
            application()
                    .streams()
                    .endAll(CloseReason.STOPPED, stream -> stream.kind().equals(Hub.KIND));
            response.setStatus(HttpServletResponse.SC_NO_CONTENT);
            return;
        }
        String visitor = "visitor-" + UUID.randomUUID();
        JsonObject payload = JSON.createObjectBuilder().add("user", visitor).build();
        String publish = tokens.issue(visitor, List.of("*"), List.of(), payload, LIFETIME);
        String subscribe = tokens.issue(visitor, List.of(), List.of("*"), payload, LIFETIME);
        // an EventSource sends no headers of our choice, but it sends this
        Cookie cookie = new Cookie(AccessRequest.COOKIE_V0, subscribe);
        cookie.setHttpOnly(true);
        cookie.setAttribute("SameSite", "Strict");
        cookie.setPath(request.getContextPath() + "/.well-known/mercure");
        cookie.setMaxAge((int) LIFETIME.toSeconds());
        response.addCookie(cookie);
        byte[] body = JSON.createObjectBuilder()
                .add("publish", publish)
                .add("subscribe", subscribe)
                .add("expires_in", LIFETIME.toSeconds())
                .build()
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        response.setContentType("application/json");
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
