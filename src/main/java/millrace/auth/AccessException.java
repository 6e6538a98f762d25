package millrace.auth;

import java.io.Serial;
import java.time.Duration;
import millrace.problem.Problem;
import millrace.problem.ProblemType;
import org.jspecify.annotations.Nullable;

/**
 * A request is refused for who sent it. Carries how to answer: the problem with its status, and the challenge of RFC 6750
 * section 3. It has no stack trace: a client can cause it as often as it likes.
 */
public final class AccessException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    /** Why, as far as the client is told and the metrics count. */
    public enum Cause {
        /** No token, and one is needed: 401, a challenge without a code. */
        NO_TOKEN(ProblemType.UNAUTHORIZED, ""),
        /** A token that is not valid here: 401. One code for all reasons, so that nobody learns how far it came. */
        INVALID_TOKEN(ProblemType.UNAUTHORIZED, "invalid_token"),
        /** The token, the user or the anonymous lacks a grant: 403. */
        INSUFFICIENT_SCOPE(ProblemType.FORBIDDEN, "insufficient_scope"),
        /** The token is not presented as it should be, or a page of a foreign origin sent it: 400, or 401 as 0.x has it. */
        INVALID_REQUEST(ProblemType.BAD_PARAMETER, "invalid_request"),
        /** The keys to check the token with are still being fetched: 503, without a challenge. */
        KEYS_UNAVAILABLE(ProblemType.UNAVAILABLE, "");

        private final ProblemType type;
        private final String code;

        Cause(ProblemType type, String code) {
            this.type = type;
            this.code = code;
        }
    }

    private final Cause cause;
    private final transient Problem problem;
    private final String reason;

    private AccessException(Cause cause, ProblemType type, String detail, String reason) {
        super(detail, null, false, false);
        this.cause = cause;
        this.problem = Problem.of(type, detail);
        this.reason = reason;
    }

    public static AccessException noToken(String detail) {
        return new AccessException(Cause.NO_TOKEN, Cause.NO_TOKEN.type, detail, "no token");
    }

    /** A principal lacks a grant: 401 without a code when it is anonymous and a token would help, else 403. */
    public static AccessException insufficient(Principal principal, String detail) {
        return principal.isAnonymous()
                ? noToken(detail)
                : new AccessException(Cause.INSUFFICIENT_SCOPE, ProblemType.FORBIDDEN, detail, "a grant is missing");
    }

    /** Nobody can publish until the operator sets something: no token would help, so it is a 403 for everyone. */
    static AccessException publishingIsOff(String detail) {
        return new AccessException(Cause.INSUFFICIENT_SCOPE, ProblemType.FORBIDDEN, detail, "publishing is not set up");
    }

    static AccessException invalidToken(String reason) {
        return new AccessException(
                Cause.INVALID_TOKEN, ProblemType.UNAUTHORIZED, "The token is not valid for this hub.", reason);
    }

    static AccessException invalidRequest(Dialect dialect, String detail) {
        return new AccessException(
                Cause.INVALID_REQUEST,
                dialect == Dialect.V0 ? ProblemType.UNAUTHORIZED : ProblemType.BAD_PARAMETER,
                detail,
                detail);
    }

    static AccessException keysUnavailable() {
        return new AccessException(
                Cause.KEYS_UNAVAILABLE,
                ProblemType.UNAVAILABLE,
                "The keys that tokens are checked with are being fetched; try again in a second.",
                "keys are being fetched");
    }

    /** Named so because an exception's {@code getCause} is another exception. */
    public Cause why() {
        return cause;
    }

    public Problem problem() {
        return problem;
    }

    /** When the same may be tried again; {@code null} where that would be in vain. */
    public @Nullable Duration retryAfter() {
        return cause == Cause.KEYS_UNAVAILABLE ? Duration.ofSeconds(1) : null;
    }

    /** For the operator's log, not for the client: what exactly was wrong. Holds nothing of the token. */
    public String reason() {
        return reason;
    }

    /**
     * The value of {@code WWW-Authenticate}; {@code null} where none is sent.
     *
     * @param resourceMetadata the URL of the RFC 9728 metadata, without quotes in it
     */
    public @Nullable String challenge(@Nullable String resourceMetadata) {
        if (cause == Cause.KEYS_UNAVAILABLE) {
            return null;
        }
        StringBuilder challenge = new StringBuilder("Bearer");
        String separator = " ";
        if (!cause.code.isEmpty()) {
            challenge.append(separator).append("error=\"").append(cause.code).append('"');
            separator = ", ";
        }
        if (resourceMetadata != null) {
            challenge
                    .append(separator)
                    .append("resource_metadata=\"")
                    .append(resourceMetadata)
                    .append('"');
        }
        return challenge.toString();
    }
}
