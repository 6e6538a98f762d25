package millrace.web;

import jakarta.json.JsonArrayBuilder;
import jakarta.json.spi.JsonProvider;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import millrace.auth.AccessRequest;
import millrace.auth.Dialect;
import millrace.config.Settings;
import millrace.hub.Hub;
import millrace.problem.ProblemException;
import millrace.request.Origins;

/**
 * The hub's metadata as a protected resource, RFC 9728: which authorization servers, which matchers, which cookie. By
 * the RFC it lies at the root of the origin, which is where it is when the application is the root.
 */
public final class HubMetadataServlet extends ProblemServlet {
    @Serial
    private static final long serialVersionUID = 1;

    static final String PATH = "/.well-known/oauth-protected-resource";

    private static final JsonProvider JSON = JsonProvider.provider();

    @Override
    Origins origins() {
        return application().hub().access().origins();
    }

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response) throws ProblemException, IOException {
        HubAccess access = application().hub().access();
        if (!request.getMethod().equals("GET") && !request.getMethod().equals("HEAD")) {
            throw methodNotAllowed(response, "GET, HEAD");
        }
        String resource = access.hubUrl(request);
        if (!Hub.PATH.equals(request.getPathInfo())
                || resource == null
                || !access.authenticator().dialects().contains(Dialect.V1)) {
            throw notFound(request);
        }
        JsonArrayBuilder servers = JSON.createArrayBuilder();
        for (String issuer : application().config().get(Settings.HUB_ISSUERS)) {
            servers.add(issuer.split(" ", 2)[0]);
        }
        byte[] body = JSON.createObjectBuilder()
                .add("resource", resource)
                .add("authorization_servers", servers)
                .add(
                        "authorization_details_types_supported",
                        JSON.createArrayBuilder().add("https://mercure.rocks/authorization-detail"))
                .add("bearer_methods_supported", JSON.createArrayBuilder().add("header"))
                .add("mercure_cookie", AccessRequest.COOKIE_V1)
                .add(
                        "mercure_matcher_types_supported",
                        JSON.createArrayBuilder().add("exact").add("urlpattern"))
                .add("mercure_subscriptions", application().config().get(Settings.HUB_PRESENCE))
                .build()
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        response.setContentType("application/json");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
