package millrace.web;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import millrace.auth.AccessException;
import millrace.auth.AccessRequest;
import millrace.auth.Authenticator;
import millrace.auth.Dialect;
import millrace.auth.Grant;
import millrace.auth.Principal;
import millrace.auth.Purpose;
import millrace.hub.Hub;
import millrace.problem.ProblemException;
import millrace.request.FormData;
import millrace.request.Origins;
import millrace.topic.Selector;
import org.jspecify.annotations.Nullable;

/** Who asks the hub: from a servlet's request to a principal, and which pages may. */
final class HubAccess {

    private static final System.Logger LOG = System.getLogger("millrace.hub");

    /** What anyone on this machine may do in demo mode without a token. What is private stays private to tokens. */
    private static final Principal DEMO_PUBLISHER = new Principal(
            "demo", Dialect.V0, true, List.of(new Grant(true, false, Set.of(Selector.everything()), null)), null, null);

    private final Authenticator authenticator;
    private final Origins origins;
    private final boolean demo;
    private final String url;

    /** @param url the hub's public URL by the settings; empty where they say none */
    HubAccess(Authenticator authenticator, Origins origins, boolean demo, String url) {
        this.authenticator = authenticator;
        this.origins = origins;
        this.demo = demo;
        this.url = url;
    }

    Authenticator authenticator() {
        return authenticator;
    }

    Origins origins() {
        return origins;
    }

    Principal publisher(HttpServletRequest request) throws AccessException, ProblemException {
        Principal principal = authenticator.authenticate(read(request, origins.mayBeForged(request)), Purpose.PUBLISH);
        if (demo && principal.isAnonymous()) {
            origins.require(request);
            return DEMO_PUBLISHER;
        }
        return principal;
    }

    Principal subscriber(HttpServletRequest request) throws AccessException, ProblemException {
        return authenticator.authenticate(read(request, false), Purpose.SUBSCRIBE);
    }

    private static AccessRequest read(HttpServletRequest request, boolean mayBeForged) throws ProblemException {
        Map<String, List<String>> cookies = new HashMap<>();
        if (request.getCookies() != null) {
            for (Cookie cookie : request.getCookies()) {
                cookies.computeIfAbsent(cookie.getName(), name -> new ArrayList<>())
                        .add(cookie.getValue());
            }
        }
        cookies.keySet().retainAll(Set.of(AccessRequest.COOKIE_V0, AccessRequest.COOKIE_V1));
        var known = request.getUserPrincipal();
        return new AccessRequest(
                mayBeForged,
                Collections.list(request.getHeaders("Authorization")),
                cookies,
                FormData.parse(request.getQueryString()).all(AccessRequest.URL_PARAMETER),
                known == null ? null : new AccessRequest.User(known.getName(), request::isUserInRole));
    }

    /** A refusal as a problem, with its challenge in the response. */
    ProblemException refusal(HttpServletRequest request, HttpServletResponse response, AccessException refused) {
        LOG.log(Level.DEBUG, "a request is refused: {0}", refused.reason()); // clients can cause it at will
        String challenge = refused.challenge(hubMetadata(request));
        if (challenge != null) {
            response.setHeader("WWW-Authenticate", challenge);
        }
        return new ProblemException(refused.problem(), refused.retryAfter());
    }

    /** Where the RFC 9728 metadata is; {@code null} where only 0.x is spoken, or the place cannot be told for sure. */
    private @Nullable String hubMetadata(HttpServletRequest request) {
        String base = base(request);
        return authenticator.dialects().contains(Dialect.V1) && base != null
                ? base + HubMetadataServlet.PATH + Hub.PATH
                : null;
    }

    /** The hub's public URL. */
    @Nullable
    String hubUrl(HttpServletRequest request) {
        String base = base(request);
        return !url.isEmpty() ? url : base == null ? null : base + Hub.PATH;
    }

    /** The application's public URL, without a slash at its end. */
    private @Nullable String base(HttpServletRequest request) {
        if (url.endsWith(Hub.PATH)) {
            return url.substring(0, url.length() - Hub.PATH.length());
        }
        String host = Origins.hostOf(request);
        return !host.matches("[\\w.:\\[\\]-]+") ? null : request.getScheme() + "://" + host + request.getContextPath();
    }
}
