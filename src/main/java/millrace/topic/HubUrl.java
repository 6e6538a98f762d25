package millrace.topic;

import org.jspecify.annotations.Nullable;

/** The hub's own URL: what relative topics and URL Patterns are resolved against. Immutable. */
public final class HubUrl {

    private final Url url;
    private final String reservedPath;

    private HubUrl(Url url) {
        this.url = url;
        this.reservedPath = decodeUnreserved(url.path());
    }

    /**
     * The hub at this absolute URL, e.g. {@code https://example.com/.well-known/mercure}.
     *
     * @throws IllegalArgumentException when it is no absolute http or https URL
     */
    public static HubUrl of(String text) {
        Url url = Url.parse(text, null);
        if (url == null || !(url.scheme().equals("http") || url.scheme().equals("https"))) {
            throw new IllegalArgumentException(
                    "write an absolute URL like https://example.com/.well-known/mercure: " + text);
        }
        return new HubUrl(new Url(url.scheme(), "", "", url.host(), url.port(), url.path(), false, null, null));
    }

    /**
     * Whether this topic lies in the namespace that the hub keeps for itself: resolved against the hub's URL, without
     * dot segments and needless escapes, its path is the hub's or below it, on whatever host.
     */
    public boolean reserves(Topic topic) {
        return isAtOrBelow(topic, reservedPath);
    }

    /** The same of another path, written without dot segments and needless escapes; also of what only looks so. */
    public boolean isAtOrBelow(Topic topic, String where) {
        // dot segments may lead away from there, but who wrote a template compares texts
        if (topic.text().startsWith(where + "/")) {
            return true;
        }
        Url resolved = topic.url(this);
        if (resolved == null) {
            return false;
        }
        String path = decodeUnreserved(resolved.path());
        return path.equals(where) || path.startsWith(where + "/");
    }

    Url url() {
        return url;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof HubUrl hub && url.equals(hub.url);
    }

    @Override
    public int hashCode() {
        return url.hashCode();
    }

    @Override
    public String toString() {
        return url.scheme() + "://" + url.hostOrEmpty() + (url.port() < 0 ? "" : ":" + url.port()) + url.path();
    }

    private static String decodeUnreserved(String path) {
        StringBuilder decoded = new StringBuilder(path.length());
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c == '%' && UriTemplate.isTriplet(path, i)) {
                int value = Integer.parseInt(path, i + 1, i + 3, 16);
                if (UriTemplate.UNRESERVED.has(value)) {
                    decoded.append((char) value);
                    i += 2;
                    continue;
                }
            }
            decoded.append(c);
        }
        return decoded.toString();
    }
}
