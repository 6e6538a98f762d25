package millrace.auth;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a request presents about who sent it, without servlet types.
 *
 * @param mayBeForged whether it changes something, and a page that may not do so can have caused it: then what a browser
 *     sends by itself (a cookie, a login) does not count
 * @param authorization all values of the header {@code Authorization}
 * @param cookies the values of {@link #COOKIE_V0} and {@link #COOKIE_V1}, all of each name
 * @param urlTokens all values of the parameter {@link #URL_PARAMETER} in the query string
 * @param user whom the container knows; {@code null} for nobody
 */
public record AccessRequest(
        boolean mayBeForged,
        List<String> authorization,
        Map<String, List<String>> cookies,
        List<String> urlTokens,
        @Nullable User user) {

    public static final String COOKIE_V0 = "mercureAuthorization";
    public static final String COOKIE_V1 = "__Secure-mercure_access_token";
    public static final String URL_PARAMETER = "authorization";

    public AccessRequest {
        authorization = List.copyOf(authorization);
        cookies = Map.copyOf(cookies);
        urlTokens = List.copyOf(urlTokens);
    }

    /** A user of the container: {@code getUserPrincipal().getName()} and {@code isUserInRole}. */
    public record User(String name, Predicate<String> inRole) {}
}
