package millrace.request;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;

/**
 * Where else in this application something is, told from where the request was sent to: {@code ../streams/ID}. A proxy may
 * show the application below another path than the container knows, and only such a reference means the same to both. RFC
 * 9110 allows it in {@code Content-Location} and {@code Location} (sections 8.7, 10.2.2), RFC 8288 in {@code Link}.
 */
public final class RelativeReference {

    private RelativeReference() {}

    /**
     * The reference.
     *
     * @param path below the context path, with its slash
     */
    public static String to(String path, HttpServletRequest request) {
        Object forwarded = request.getAttribute(RequestDispatcher.FORWARD_REQUEST_URI); // what the client asked for
        String asked = forwarded == null ? request.getRequestURI() : forwarded.toString();
        return "../".repeat(depth(asked, request.getContextPath())) + path.substring(1);
    }

    /** How many directories below the application's root a path is; what is sent of it is not normalized, nor is this. */
    private static int depth(String asked, String contextPath) {
        long slashes = asked.substring(Math.min(asked.length(), contextPath.length()))
                .chars()
                .filter(c -> c == '/')
                .count();
        return (int) Math.max(0, slashes - 1);
    }
}
