package millrace.chat;

import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.io.StringReader;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import org.jspecify.annotations.Nullable;

/**
 * An answer other than success, in OpenAI's shape: <code>{"error":{"message":…,"type":…,"param":…,"code":…}}</code>.
 * Immutable.
 *
 * @param status the HTTP status, 400 to 599
 * @param message what {@code json} says in words
 * @param json the whole body; an upstream's own body where it had this shape
 * @param headers what else the client gets to see, {@code Retry-After} for example
 */
public record ApiError(int status, String message, String json, Map<String, String> headers) {

    /** Tells the official SDKs, which repeat a request after any 5xx, that repeating is of no use. */
    private static final Map<String, String> DO_NOT_RETRY = Map.of("x-should-retry", "false");

    public ApiError {
        if (status < 400 || status > 599) {
            throw new IllegalArgumentException("an error has a status from 400 to 599: " + status);
        }
        headers = Collections.unmodifiableMap(new TreeMap<>(headers));
    }

    /** The request is at fault; {@code param} names the member that is. */
    public static ApiError invalid(@Nullable String param, String message) {
        return of(400, "invalid_request_error", param, null, message, Map.of());
    }

    public static ApiError of(
            int status,
            String type,
            @Nullable String param,
            @Nullable String code,
            String message,
            Map<String, String> headers) {
        JsonValue paramValue = param == null ? JsonValue.NULL : ChatJson.PROVIDER.createValue(param);
        JsonValue codeValue = code == null ? JsonValue.NULL : ChatJson.PROVIDER.createValue(code);
        String json = ChatJson.PROVIDER
                .createObjectBuilder()
                .add(
                        "error",
                        ChatJson.PROVIDER
                                .createObjectBuilder()
                                .add("message", message)
                                .add("type", type)
                                .add("param", paramValue)
                                .add("code", codeValue))
                .build()
                .toString();
        return new ApiError(status, message, json, headers);
    }

    static ApiError unknownModel(String model) {
        return of(
                404,
                "invalid_request_error",
                "model",
                "model_not_found",
                "there is no model '" + model + "' here; GET /v1/models lists those there are",
                Map.of());
    }

    /** The upstream, not the request, is at fault, and asking again may help. */
    static ApiError upstream(int status, String code, String message) {
        return of(status, "upstream_error", null, code, message, Map.of());
    }

    /** The upstream does not accept Millrace's own credentials; its text, which quotes them, is not passed on. */
    static ApiError upstreamRefusedKey() {
        return of(
                502,
                "upstream_error",
                null,
                "upstream_unauthorized",
                "the upstream server does not accept the credentials that Millrace is configured with",
                DO_NOT_RETRY);
    }

    /** The upstream could not be reached, or broke off before it had said anything. */
    static ApiError unreachable(IOException failure) {
        return failure instanceof HttpTimeoutException
                ? upstream(504, "upstream_timeout", "the upstream server did not answer in time")
                : upstream(502, "upstream_unreachable", "the upstream server cannot be reached, or broke off");
    }

    /** Something failed on our side; what it was is in the log. */
    public static ApiError internal() {
        return of(500, "server_error", null, null, "something failed on our side", Map.of());
    }

    /** Somebody stopped it, or the application stops. */
    public static ApiError stopped() {
        return of(503, "server_error", null, "stopped", "the generation was stopped", Map.of());
    }

    /** Who asks has shown nothing that would let them in. */
    public static ApiError unauthorized() {
        return of(
                401,
                "authentication_error",
                null,
                "invalid_api_key",
                "this needs an API key of this server, as a bearer token",
                Map.of("WWW-Authenticate", "Bearer realm=\"millrace\""));
    }

    /** A problem in the shape that OpenAI's clients read. */
    public static ApiError of(ProblemException failure) {
        Problem problem = failure.problem();
        Duration retryAfter = failure.retryAfter();
        String type = switch (problem.status()) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 429 -> "rate_limit_error";
            default -> problem.status() < 500 ? "invalid_request_error" : "server_error";
        };
        return of(
                problem.status(),
                type,
                null,
                problem.type().name().toLowerCase(Locale.ROOT),
                problem.detail(),
                retryAfter == null ? Map.of() : Map.of("Retry-After", Long.toString(ceilSeconds(retryAfter))));
    }

    /** The same for whoever speaks to another path than {@code /v1}. */
    public Problem toProblem() {
        ProblemType type = switch (status) {
            case 400, 422 -> ProblemType.BAD_BODY;
            case 401 -> ProblemType.UNAUTHORIZED;
            case 403 -> ProblemType.FORBIDDEN;
            case 404 -> ProblemType.NOT_FOUND;
            case 413 -> ProblemType.BODY_TOO_LARGE;
            case 429 -> ProblemType.TOO_MANY_REQUESTS;
            case 500 -> ProblemType.INTERNAL;
            case 503 -> ProblemType.UNAVAILABLE;
            default -> ProblemType.UPSTREAM_FAILED;
        };
        return Problem.of(type, message);
    }

    private static long ceilSeconds(Duration time) {
        return Math.max(1, Math.ceilDiv(time.toMillis(), 1000));
    }

    /**
     * The upstream's own error, its JSON as it came where it has the shape that clients can read.
     *
     * @param body what the upstream sent, already bounded and with the key masked
     */
    static ApiError passedOn(int status, String body, Map<String, String> headers) {
        String json = inShape(body);
        JsonValue error = errorIn(json);
        if (error instanceof JsonObject object) {
            return new ApiError(status, object.getString("message", ""), json, headers);
        }
        String message = error instanceof JsonString text
                ? text.getString()
                : "the upstream server answered with status " + status;
        return of(status, "upstream_error", null, null, message, headers);
    }

    /**
     * An error that came under status 200, as an event or as a whole answer, as the response that it should have been.
     * The status is the one that the error names as its code, as vLLM and others do, else 502.
     */
    static ApiError under200(String data) {
        int status = errorIn(inShape(data)) instanceof JsonObject error ? statusIn(error.get("code")) : 502;
        return status == 401 || status == 403 ? upstreamRefusedKey() : passedOn(status, data, Map.of());
    }

    private static int statusIn(@Nullable JsonValue code) {
        int status = 502;
        if (code instanceof JsonNumber number) {
            status = number.intValue();
        } else if (code instanceof JsonString text && text.getString().matches("\\d{3}")) {
            status = Integer.parseInt(text.getString());
        }
        return status < 400 || status > 599 ? 502 : status;
    }

    private static @Nullable JsonValue errorIn(String body) {
        JsonObject root = objectIn(body);
        return root == null ? null : root.get("error");
    }

    /** As it came, or under {@code error} where it only calls itself one: <code>{"object":"error","message":…}</code>. */
    private static String inShape(String body) {
        JsonObject root = objectIn(body);
        boolean isError = root != null
                && !(root.get("error") instanceof JsonObject)
                && root.get("object") instanceof JsonString object
                && object.getString().equals("error");
        return isError ? "{\"error\":" + body.strip() + "}" : body;
    }

    private static @Nullable JsonObject objectIn(String body) {
        try (JsonReader reader = ChatJson.PROVIDER.createReader(new StringReader(body))) {
            return reader.readValue() instanceof JsonObject root ? root : null;
        } catch (RuntimeException notJson) { // JsonException; too deep nesting is a plain RuntimeException in Parsson
            return null;
        }
    }
}
