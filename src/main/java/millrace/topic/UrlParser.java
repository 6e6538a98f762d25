package millrace.topic;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Parses one URL as the WHATWG URL standard says, section 4.4: the states of its machine are the methods here, in its
 * order and with its names. They return {@code false} for failure.
 */
final class UrlParser {

    private static final CharSet SCHEME = CharSet.LETTER.or(CharSet.DIGIT).or(CharSet.of("+-."));

    // the percent-encode sets of section 1.3, of ASCII; what is beyond is in each
    static final CharSet C0_CONTROL = CharSet.range(0, 0x1f).or(CharSet.only('\u007f'));
    static final CharSet FRAGMENT = C0_CONTROL.or(CharSet.of(" \"<>`"));
    static final CharSet QUERY = C0_CONTROL.or(CharSet.of(" \"#<>"));
    static final CharSet SPECIAL_QUERY = QUERY.or(CharSet.of("'"));
    static final CharSet PATH = QUERY.or(CharSet.of("?^`{}"));
    static final CharSet USERINFO = PATH.or(CharSet.of("/:;=@[\\]|"));

    private final String input;
    private final @Nullable Url base;

    private String scheme = "";
    private String username = "";
    private String password = "";
    private @Nullable String host;
    private int port = -1;
    private List<String> path = new ArrayList<>();
    private @Nullable String opaquePath;
    private @Nullable String query;
    private @Nullable String fragment;

    UrlParser(String text, @Nullable Url base) {
        this.input = withoutTabsAndNewlines(trim(text));
        this.base = base;
    }

    @Nullable
    Url parse() {
        if (!schemeStart()) {
            return null;
        }
        String whole = opaquePath != null ? opaquePath : joined(path);
        return new Url(scheme, username, password, host, port, whole, opaquePath != null, query, fragment);
    }

    private boolean schemeStart() {
        int colon = 0;
        while (colon < input.length() && SCHEME.has(input.charAt(colon))) {
            colon++;
        }
        boolean hasScheme = colon > 0
                && colon < input.length()
                && input.charAt(colon) == ':'
                && CharSet.LETTER.has(input.charAt(0));
        if (!hasScheme) {
            return noScheme();
        }
        scheme = input.substring(0, colon).toLowerCase(Locale.ROOT);
        int at = colon + 1;
        if (scheme.equals("file")) {
            return file(at);
        }
        if (special()) {
            boolean slashes = input.startsWith("//", at);
            if (base != null && base.scheme().equals(scheme) && !slashes) {
                return relative(at, base);
            }
            return authority(afterSlashes(at));
        }
        if (input.startsWith("//", at)) {
            return authority(at + 2);
        }
        return input.startsWith("/", at) ? path(at + 1) : opaquePath(at);
    }

    private boolean noScheme() {
        if (base == null) {
            return false;
        }
        if (base.opaque()) {
            if (!input.startsWith("#")) {
                return false;
            }
            scheme = base.scheme();
            opaquePath = base.path();
            query = base.query();
            return fragment(1);
        }
        scheme = base.scheme();
        return scheme.equals("file") ? file(0) : relative(0, base);
    }

    private boolean relative(int at, Url from) {
        if (isSlash(at)) {
            return relativeSlash(at + 1, from);
        }
        copyAuthority(from);
        path = segments(from.path());
        query = from.query();
        return afterCopiedPath(at, false);
    }

    private boolean relativeSlash(int at, Url from) {
        if (special() && isSlash(at)) {
            return authority(afterSlashes(at));
        }
        if (isSlash(at)) {
            return authority(at + 1);
        }
        copyAuthority(from);
        return path(at);
    }

    /** A relative reference without a leading slash, when path and query are the base's. */
    private boolean afterCopiedPath(int at, boolean driveLetter) {
        if (at == input.length()) {
            return true;
        }
        return switch (input.charAt(at)) {
            case '?' -> query(at + 1);
            case '#' -> fragment(at + 1);
            default -> {
                query = null;
                if (driveLetter) {
                    path.clear();
                } else {
                    shorten();
                }
                yield path(at);
            }
        };
    }

    private boolean authority(int at) {
        int end = at;
        while (end < input.length() && !isSlash(end) && input.charAt(end) != '?' && input.charAt(end) != '#') {
            end++;
        }
        int sign = input.lastIndexOf('@', end - 1);
        int hostAt = at;
        if (sign >= at) {
            String credentials = input.substring(at, sign);
            int colon = credentials.indexOf(':');
            username = encode(colon < 0 ? credentials : credentials.substring(0, colon), USERINFO);
            password = colon < 0 ? "" : encode(credentials.substring(colon + 1), USERINFO);
            hostAt = sign + 1;
            if (hostAt == end) {
                return false;
            }
        }
        return hostAndPort(hostAt, end) && pathStart(end);
    }

    private boolean hostAndPort(int at, int end) {
        int colon = at;
        boolean inBrackets = false;
        while (colon < end && (inBrackets || input.charAt(colon) != ':')) {
            inBrackets = input.charAt(colon) == '[' || (inBrackets && input.charAt(colon) != ']');
            colon++;
        }
        boolean hasPort = colon < end;
        if (colon == at && (hasPort || special())) {
            return false;
        }
        host = HostParser.parse(input.substring(at, colon), special());
        return host != null && (!hasPort || port(input.substring(colon + 1, end)));
    }

    private boolean port(String digits) {
        int value = 0;
        for (int i = 0; i < digits.length(); i++) {
            if (!CharSet.DIGIT.has(digits.charAt(i))) {
                return false;
            }
            value = value * 10 + digits.charAt(i) - '0';
            if (value > 65_535) {
                return false;
            }
        }
        port = digits.isEmpty() || value == Url.defaultPort(scheme) ? -1 : value;
        return true;
    }

    private boolean file(int at) {
        host = "";
        if (isSlash(at)) {
            return fileSlash(at + 1);
        }
        if (base == null || !base.scheme().equals("file")) {
            return path(at);
        }
        host = base.host();
        path = segments(base.path());
        query = base.query();
        return afterCopiedPath(at, startsWithDriveLetter(at));
    }

    private boolean fileSlash(int at) {
        if (isSlash(at)) {
            return fileHost(at + 1);
        }
        if (base != null && base.scheme().equals("file")) {
            host = base.host();
            List<String> inherited = segments(base.path());
            if (!startsWithDriveLetter(at) && !inherited.isEmpty() && isDriveLetter(inherited.getFirst(), ":")) {
                path.add(inherited.getFirst());
            }
        }
        return path(at);
    }

    private boolean fileHost(int at) {
        int end = at;
        while (end < input.length() && !isSlash(end) && input.charAt(end) != '?' && input.charAt(end) != '#') {
            end++;
        }
        String name = input.substring(at, end);
        if (isDriveLetter(name, ":|")) {
            return path(at);
        }
        if (!name.isEmpty()) {
            host = HostParser.parse(name, true);
            if (host == null) {
                return false;
            }
            if (host.equals("localhost")) {
                host = "";
            }
        }
        return pathStart(end);
    }

    private boolean pathStart(int at) {
        if (special()) {
            return path(isSlash(at) ? at + 1 : at);
        }
        if (at == input.length()) {
            return true;
        }
        return switch (input.charAt(at)) {
            case '?' -> query(at + 1);
            case '#' -> fragment(at + 1);
            case '/' -> path(at + 1);
            default -> path(at);
        };
    }

    private boolean path(int at) {
        int start = at;
        while (true) {
            int end = start;
            while (end < input.length() && !isSlash(end) && input.charAt(end) != '?' && input.charAt(end) != '#') {
                end++;
            }
            boolean more = isSlash(end);
            segment(encode(input.substring(start, end), PATH), !more);
            if (!more) {
                return afterPath(end);
            }
            start = end + 1;
        }
    }

    private void segment(String segment, boolean last) {
        switch (segment.toLowerCase(Locale.ROOT)) {
            case "..", ".%2e", "%2e.", "%2e%2e" -> {
                shorten();
                if (last) {
                    path.add("");
                }
            }
            case ".", "%2e" -> {
                if (last) {
                    path.add("");
                }
            }
            default -> {
                boolean drive = scheme.equals("file") && path.isEmpty() && isDriveLetter(segment, ":|");
                path.add(drive ? segment.charAt(0) + ":" : segment);
            }
        }
    }

    private void shorten() {
        boolean drive = scheme.equals("file") && path.size() == 1 && isDriveLetter(path.getFirst(), ":");
        if (!drive && !path.isEmpty()) {
            path.removeLast();
        }
    }

    private boolean opaquePath(int at) {
        int end = at;
        while (end < input.length() && input.charAt(end) != '?' && input.charAt(end) != '#') {
            end++;
        }
        String text = encode(input.substring(at, end), C0_CONTROL);
        opaquePath = end < input.length() && text.endsWith(" ") ? text.substring(0, text.length() - 1) + "%20" : text;
        return afterPath(end);
    }

    private boolean afterPath(int at) {
        if (at == input.length()) {
            return true;
        }
        return input.charAt(at) == '?' ? query(at + 1) : fragment(at + 1);
    }

    private boolean query(int at) {
        int hash = input.indexOf('#', at);
        String text = hash < 0 ? input.substring(at) : input.substring(at, hash);
        query = encode(text, special() ? SPECIAL_QUERY : QUERY);
        return hash < 0 || fragment(hash + 1);
    }

    private boolean fragment(int at) {
        fragment = encode(input.substring(at), FRAGMENT);
        return true;
    }

    private void copyAuthority(Url from) {
        username = from.username();
        password = from.password();
        host = from.host();
        port = from.port();
    }

    private boolean special() {
        return Url.isSpecial(scheme);
    }

    private boolean isSlash(int at) {
        return at < input.length() && (input.charAt(at) == '/' || (input.charAt(at) == '\\' && special()));
    }

    private int afterSlashes(int at) {
        int end = at;
        while (isSlash(end)) {
            end++;
        }
        return end;
    }

    private boolean startsWithDriveLetter(int at) {
        return at + 2 <= input.length()
                && isDriveLetter(input.substring(at, at + 2), ":|")
                && (at + 2 == input.length() || "/\\?#".indexOf(input.charAt(at + 2)) >= 0);
    }

    private static boolean isDriveLetter(String text, String colons) {
        return text.length() == 2 && CharSet.LETTER.has(text.charAt(0)) && colons.indexOf(text.charAt(1)) >= 0;
    }

    private static List<String> segments(String path) {
        return path.isEmpty()
                ? new ArrayList<>()
                : new ArrayList<>(List.of(path.substring(1).split("/", -1)));
    }

    private static String joined(List<String> segments) {
        return segments.isEmpty() ? "" : "/" + String.join("/", segments);
    }

    /** Percent-encodes the UTF-8 of what is in the set or beyond ASCII. */
    static String encode(String text, CharSet set) {
        int i = 0;
        while (i < text.length() && text.charAt(i) < 128 && !set.has(text.charAt(i))) {
            i++;
        }
        if (i == text.length()) {
            return text;
        }
        StringBuilder encoded = new StringBuilder(text.length() + 16);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (b < 0 || set.has(b)) {
                Url.percentEncode(b, encoded);
            } else {
                encoded.append((char) b);
            }
        }
        return encoded.toString();
    }

    private static String trim(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && text.charAt(start) <= ' ') {
            start++;
        }
        while (end > start && text.charAt(end - 1) <= ' ') {
            end--;
        }
        return text.substring(start, end);
    }

    private static String withoutTabsAndNewlines(String text) {
        return text.replace("\t", "").replace("\n", "").replace("\r", "");
    }
}
