package millrace.chat;

import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.StringReader;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
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

    /**
     * The upstream's own error, its JSON as it came where it has the shape that clients can read.
     *
     * @param body what the upstream sent, already bounded and with the key masked
     */
    static ApiError passedOn(int status, String body, Map<String, String> headers) {
        String message = messageIn(body);
        if (message == null) {
            return of(
                    status,
                    "upstream_error",
                    null,
                    null,
                    "the upstream server answered with status " + status,
                    headers);
        }
        return new ApiError(status, message, body, headers);
    }

    /** The message of a body in OpenAI's error shape, {@code null} when it has another shape. */
    private static @Nullable String messageIn(String body) {
        try (JsonReader reader = ChatJson.PROVIDER.createReader(new StringReader(body))) {
            if (reader.readValue() instanceof JsonObject root && root.get("error") instanceof JsonObject error) {
                return error.get("message") instanceof JsonString message ? message.getString() : "";
            }
            return null;
        } catch (RuntimeException notJson) {
            return null;
        }
    }
}
