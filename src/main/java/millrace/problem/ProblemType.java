package millrace.problem;

import java.util.Locale;

/** Every kind of problem that Millrace tells, with its HTTP status and a title that never changes. */
public enum ProblemType {
    BAD_PARAMETER(400, "A parameter has a value that cannot be used"),
    BAD_BODY(400, "The body cannot be read"),
    MALFORMED_JSON(400, "The body is not JSON"),
    UNAUTHORIZED(401, "This needs a token"),
    FORBIDDEN(403, "This is not allowed"),
    NOT_FOUND(404, "There is nothing here"),
    METHOD_NOT_ALLOWED(405, "This method is not offered here"),
    GONE_FROM_LOG(409, "That position is no longer held"),
    BODY_TOO_LARGE(413, "The body is too large"),
    UNSUPPORTED_MEDIA_TYPE(415, "The body has a type that is not understood here"),
    TOO_MANY_REQUESTS(429, "Too many requests"),
    INTERNAL(500, "Something failed on our side"),
    UPSTREAM_FAILED(502, "The upstream server failed"),
    UNAVAILABLE(503, "This is not possible at the moment");

    private final int status;
    private final String title;

    ProblemType(int status, String title) {
        this.status = status;
        this.title = title;
    }

    public int status() {
        return status;
    }

    public String title() {
        return title;
    }

    /** The stable identifier of this type, a URI as RFC 9457 section 3.1.1 wants it. */
    public String uri() {
        return "urn:millrace:problem:" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
