package millrace.auth;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The token that counts when a request carries several: the header, then (0.x, if a setting says so) the URL, then the
 * cookie of 1.0, then that of 0.x. What a stronger carrier holds hides the weaker ones, also when it is not valid.
 *
 * @param ambient whether a browser adds it by itself, so that a foreign page can cause the request
 */
record BearerToken(String value, boolean ambient) {

    /** {@code null} when there is none. */
    static @Nullable BearerToken find(AccessRequest request, boolean v0, boolean v1, boolean inUrl)
            throws AccessException {
        Dialect dialect = v1 ? Dialect.V1 : Dialect.V0;
        if (!request.authorization().isEmpty()) {
            return fromHeader(request, dialect);
        }
        if (v0 && inUrl && !request.urlTokens().isEmpty()) {
            String token = single(request.urlTokens(), dialect, "The parameter authorization");
            if (token.isEmpty()) {
                throw AccessException.invalidRequest(dialect, "The parameter authorization holds no token.");
            }
            return new BearerToken(token, false);
        }
        BearerToken cookie = v1 ? fromCookie(request, dialect, AccessRequest.COOKIE_V1) : null;
        return cookie == null && v0 ? fromCookie(request, dialect, AccessRequest.COOKIE_V0) : cookie;
    }

    private static @Nullable BearerToken fromHeader(AccessRequest request, Dialect dialect) throws AccessException {
        String value = single(request.authorization(), dialect, "The header Authorization");
        int space = value.indexOf(' ');
        String scheme = space < 0 ? value : value.substring(0, space);
        String token = space < 0 ? "" : value.substring(space).strip();
        if (!scheme.toLowerCase(Locale.ROOT).equals("bearer")) {
            // Basic or the like, by which the container knows its user
            if (request.user() != null) {
                return null;
            }
            throw AccessException.invalidRequest(
                    dialect, "The header Authorization is not of the form 'Bearer token'.");
        }
        if (token.isEmpty() || token.indexOf(' ') >= 0) {
            throw AccessException.invalidRequest(
                    dialect, "The header Authorization is not of the form 'Bearer token'.");
        }
        return new BearerToken(token, false);
    }

    private static @Nullable BearerToken fromCookie(AccessRequest request, Dialect dialect, String name)
            throws AccessException {
        List<String> values = request.cookies().getOrDefault(name, List.of());
        if (values.isEmpty()) {
            return null;
        }
        // two that differ: a page of a neighbouring subdomain may have planted one
        String token = single(values, dialect, "The cookie " + name);
        return token.isEmpty() ? null : new BearerToken(token, true);
    }

    private static String single(List<String> values, Dialect dialect, String what) throws AccessException {
        Set<String> distinct = new HashSet<>(values);
        if (distinct.size() != 1) {
            throw AccessException.invalidRequest(dialect, what + " comes twice, with different values.");
        }
        return values.getFirst();
    }
}
