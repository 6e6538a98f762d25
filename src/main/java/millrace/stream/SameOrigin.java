package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Locale;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;

/**
 * Refuses state-changing requests that a browser sends from another site's page (cross-site request forgery). Browsers
 * tell where a request comes from in {@code Origin}; who sends none is no browser, or did not leave the site.
 */
public final class SameOrigin {

    private SameOrigin() {}

    /** Throws a 403 where the request comes from another origin. */
    public static void require(HttpServletRequest request) throws ProblemException {
        if (!is(request)) {
            throw new ProblemException(
                    ProblemType.FORBIDDEN, "This request comes from a page of another origin; send it from this one.");
        }
    }

    public static boolean is(HttpServletRequest request) {
        String origin = request.getHeader("Origin");
        if (origin == null) {
            String site = request.getHeader("Sec-Fetch-Site");
            return site == null || site.equals("same-origin") || site.equals("none");
        }
        return authority(origin).equals(hostOf(request));
    }

    /** Scheme is left out: behind a proxy that ends TLS the server sees another than the browser. */
    private static String authority(String origin) {
        int start = origin.indexOf("://");
        return start < 0 ? origin : origin.substring(start + 3).toLowerCase(Locale.ROOT);
    }

    /**
     * The host that the request was sent to, with its port where that is not the usual one, in lower case; empty where it
     * names none. Over HTTP/2 some containers show {@code :authority} as the server's name and port, and no {@code Host}.
     */
    public static String hostOf(HttpServletRequest request) {
        String header = request.getHeader("Host");
        if (header == null && request.getProtocol().startsWith("HTTP/2")) {
            int port = request.getServerPort();
            header = request.getServerName() + (port == 80 || port == 443 ? "" : ":" + port);
        }
        return header == null ? "" : header.toLowerCase(Locale.ROOT);
    }
}
