package millrace.auth;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import millrace.config.Config;
import millrace.config.ConfigException;
import millrace.config.Settings;
import org.jspecify.annotations.Nullable;

/**
 * Which pages may use the hub with the cookies of its readers: a list of exact origins. Never {@code null} (which every
 * sandboxed page sends), never a wildcard, never whatever the request says. Immutable; pure.
 */
public final class Origins {

    private static final String ALLOWED_HEADERS = "authorization, cache-control, content-type, last-event-id";
    private static final String EXPOSED_HEADERS = "Last-Event-ID, Link, Mercure-Last-Event-ID";

    private final Set<String> allowed;

    Origins(Set<String> allowed) {
        this.allowed = Set.copyOf(allowed);
    }

    /**
     * Those of the settings.
     *
     * @throws ConfigException when one is no exact origin
     */
    public static Origins of(Config config) {
        for (String origin : config.get(Settings.HUB_ORIGINS)) {
            if (!origin.startsWith("http") || !origin.equals(originOf(origin)) || origin.contains("*")) {
                throw new ConfigException(Settings.HUB_ORIGINS.key() + ": write exact origins like https://app.example"
                        + " or http://localhost:8080, without a path and without *: '" + origin + "'");
            }
        }
        return new Origins(Set.copyOf(config.get(Settings.HUB_ORIGINS)));
    }

    /**
     * Whether a page of this origin may read answers and change state.
     *
     * @param origin the header {@code Origin}; {@code null} where there is none
     * @param own the origin that the request was sent to; {@code null} where it is not known for sure
     */
    public boolean allows(@Nullable String origin, @Nullable String own) {
        return origin != null && !origin.equals("null") && (allowed.contains(origin) || origin.equals(own));
    }

    /**
     * Whether a request that its browser may have sent on behalf of a foreign page may change state: by its
     * {@code Origin}, where that is missing by its {@code Referer}, and not at all where both are.
     */
    public boolean allowsStateChange(@Nullable String origin, @Nullable String referer, @Nullable String own) {
        return allows(origin == null && referer != null ? originOf(referer) : origin, own);
    }

    /** The headers of an answer to a page of this origin, for requests that are not preflights. */
    public Map<String, String> answerHeaders(@Nullable String origin) {
        return headers(origin, Map.of("Access-Control-Expose-Headers", EXPOSED_HEADERS));
    }

    /** The headers of the answer to a preflight ({@code OPTIONS} with {@code Access-Control-Request-Method}). */
    public Map<String, String> preflightHeaders(@Nullable String origin, List<String> methods) {
        return headers(
                origin,
                Map.of(
                        "Access-Control-Allow-Methods",
                        String.join(", ", methods),
                        "Access-Control-Allow-Headers",
                        ALLOWED_HEADERS,
                        "Access-Control-Max-Age",
                        "7200"));
    }

    private Map<String, String> headers(@Nullable String origin, Map<String, String> whereAllowed) {
        Map<String, String> headers = new HashMap<>();
        headers.put("Vary", "Origin");
        if (origin != null && allows(origin, null)) {
            headers.put("Access-Control-Allow-Origin", origin);
            headers.put("Access-Control-Allow-Credentials", "true");
            headers.putAll(whereAllowed);
        }
        return headers;
    }

    /** {@code https://example.com:8443/a/b} has the origin {@code https://example.com:8443}. */
    private static @Nullable String originOf(String referer) {
        int slashes = referer.indexOf("://");
        if (slashes < 0) {
            return null;
        }
        int end = slashes + 3;
        if (end == referer.length()) {
            return null;
        }
        while (end < referer.length() && "/?#\\".indexOf(referer.charAt(end)) < 0) {
            end++;
        }
        // browsers send no credentials in a Referer; whoever does tries something
        return referer.indexOf('@', slashes) >= 0 && referer.indexOf('@', slashes) < end
                ? null
                : referer.substring(0, end);
    }
}
