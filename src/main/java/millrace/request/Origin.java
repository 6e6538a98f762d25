package millrace.request;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a page comes from: scheme, host and port, RFC 6454. Two are the same where all three are; {@code https://x} is
 * {@code https://X:443}, but {@code https://x.} and {@code http://x} are others. Immutable.
 *
 * @param scheme in lower case
 * @param host in lower case; an IPv6 address in its brackets
 * @param port that of the scheme where none was written; -1 where the scheme has none that we know
 */
record Origin(String scheme, String host, int port) {

    private static final Pattern AUTHORITY =
            Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[^\\s\\[\\]:/?#\\\\@,*\"<>]+)(?::(\\d{0,5}))?");
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*");

    /** What a header {@code Origin} or a setting says; {@code null} where that is no origin, as {@code null} itself. */
    static @Nullable Origin parse(@Nullable String text) {
        int colon = text == null ? -1 : text.indexOf("://");
        return text == null || colon < 0 ? null : of(text.substring(0, colon), text.substring(colon + 3));
    }

    /** The origin of a page's whole address, as in a header {@code Referer}. */
    static @Nullable Origin ofAddress(@Nullable String address) {
        int end = address == null ? -1 : address.indexOf("://");
        if (address == null || end < 0) {
            return null;
        }
        end += 3;
        while (end < address.length() && "/?#\\".indexOf(address.charAt(end)) < 0) {
            end++;
        }
        return parse(address.substring(0, end));
    }

    /** The origin that a host and port name, as in a header {@code Host}, under that scheme. */
    static @Nullable Origin of(String scheme, String authority) {
        Matcher parts = AUTHORITY.matcher(authority);
        if (!SCHEME.matcher(scheme).matches() || !parts.matches()) {
            return null;
        }
        String name = scheme.toLowerCase(Locale.ROOT);
        String digits = parts.group(2);
        int port = digits == null || digits.isEmpty() ? usualPort(name) : Integer.parseInt(digits);
        return port > 65_535 ? null : new Origin(name, parts.group(1).toLowerCase(Locale.ROOT), port);
    }

    private static int usualPort(String scheme) {
        return switch (scheme) {
            case "http", "ws" -> 80;
            case "https", "wss" -> 443;
            default -> -1;
        };
    }

    /** Whether pages of this scheme come from a web server, which may be this one. */
    boolean isOfTheWeb() {
        return scheme.equals("http") || scheme.equals("https");
    }
}
