package millrace.auth;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a request presents about who sent it, without servlet types.
 *
 * @param stateChanging whether it is a request that a foreign page must not cause: every method but GET, HEAD and QUERY
 * @param authorization all values of the header {@code Authorization}
 * @param cookies the values of {@link #COOKIE_V0} and {@link #COOKIE_V1}, all of each name
 * @param urlTokens all values of the parameter {@link #URL_PARAMETER} in the query string
 * @param origin the header {@code Origin}
 * @param referer the header {@code Referer}
 * @param ownOrigin the origin that the request was sent to; {@code null} where it is not known for sure
 * @param user whom the container knows; {@code null} for nobody
 */
public record AccessRequest(
        boolean stateChanging,
        List<String> authorization,
        Map<String, List<String>> cookies,
        List<String> urlTokens,
        @Nullable String origin,
        @Nullable String referer,
        @Nullable String ownOrigin,
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
