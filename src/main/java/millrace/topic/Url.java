package millrace.topic;

import org.jspecify.annotations.Nullable;

/**
 * A parsed URL, in the components of the WHATWG URL standard; everything in it is ASCII.
 *
 * @param scheme in lower case, without the colon
 * @param host as it is serialized, an IPv6 address in brackets; {@code null} for none
 * @param port -1 for none or the scheme's default
 * @param path with its leading slash, if it has one; for an opaque path everything up to the query
 * @param query without the question mark
 * @param fragment without the hash sign
 */
record Url(
        String scheme,
        String username,
        String password,
        @Nullable String host,
        int port,
        String path,
        boolean opaque,
        @Nullable String query,
        @Nullable String fragment) {

    /** A character that no component holds. */
    static final char KEY_SEPARATOR = '\n';

    /** {@code null} when it cannot be parsed. */
    static @Nullable Url parse(String text, @Nullable Url base) {
        return new UrlParser(text, base).parse();
    }

    static boolean isSpecial(String scheme) {
        return switch (scheme) {
            case "http", "https", "ws", "wss", "ftp", "file" -> true;
            default -> false;
        };
    }

    /** -1 when the scheme has none. */
    static int defaultPort(String scheme) {
        return switch (scheme) {
            case "http", "ws" -> 80;
            case "https", "wss" -> 443;
            case "ftp" -> 21;
            default -> -1;
        };
    }

    /** What URL Patterns are sorted by: scheme, host, port and path, each ended by a separator. */
    String key() {
        return scheme
                + KEY_SEPARATOR
                + hostOrEmpty()
                + KEY_SEPARATOR
                + portOrEmpty()
                + KEY_SEPARATOR
                + path
                + KEY_SEPARATOR;
    }

    /** How many looks it takes at most to try a pattern for each component: one for each character and one for its end. */
    int looks() {
        return scheme.length()
                + username.length()
                + password.length()
                + hostOrEmpty().length()
                + portOrEmpty().length()
                + path.length()
                + queryOrEmpty().length()
                + fragmentOrEmpty().length()
                + PatternString.Component.values().length;
    }

    String hostOrEmpty() {
        return host == null ? "" : host;
    }

    String portOrEmpty() {
        return port < 0 ? "" : Integer.toString(port);
    }

    String queryOrEmpty() {
        return query == null ? "" : query;
    }

    String fragmentOrEmpty() {
        return fragment == null ? "" : fragment;
    }

    /** Appends a byte as {@code %} and two digits. */
    static void percentEncode(byte b, StringBuilder to) {
        to.append('%')
                .append(Character.toUpperCase(Character.forDigit((b >> 4) & 15, 16)))
                .append(Character.toUpperCase(Character.forDigit(b & 15, 16)));
    }
}
