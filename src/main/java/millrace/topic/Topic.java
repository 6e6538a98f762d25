package millrace.topic;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One topic of an update, with what matching needs of it computed once. Make it once for an update and ask every
 * selector with it. Any thread may use it.
 */
public final class Topic {

    private final String text;

    // computed when first asked for; two threads may both do it, with equal results
    private @Nullable String ascii;
    private @Nullable Resolved resolved;

    private Topic(String text) {
        this.text = Objects.requireNonNull(text);
    }

    public static Topic of(String text) {
        return new Topic(text);
    }

    public String text() {
        return text;
    }

    /** With everything beyond ASCII as percent-encoded UTF-8, as RFC 3987 section 3.1 maps an IRI. */
    String ascii() {
        String value = ascii;
        if (value == null) {
            value = toAscii(text);
            ascii = value;
        }
        return value;
    }

    /** Resolved against the hub's URL; {@code null} when it cannot be parsed. */
    @Nullable
    Url url(HubUrl hub) {
        Resolved value = resolved;
        if (value == null || !value.hub.equals(hub)) {
            value = new Resolved(hub, Url.parse(text, hub.url()));
            resolved = value;
        }
        return value.url;
    }

    static String toAscii(String text) {
        int i = 0;
        while (i < text.length() && text.charAt(i) < 128) {
            i++;
        }
        if (i == text.length()) {
            return text;
        }
        StringBuilder encoded = new StringBuilder(text.length() * 3);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (b >= 0) {
                encoded.append((char) b);
            } else {
                Url.percentEncode(b, encoded);
            }
        }
        return encoded.toString();
    }

    /**
     * How many looks one pattern takes at it at most, be it a template, which is tried on its text, or a URL Pattern, which is
     * tried on each component, with all that it takes over from the hub's URL. What is percent-encoded counts so.
     */
    public int matchedLength(HubUrl hub) {
        Url url = url(hub);
        return Math.max(ascii().length() + 1, url == null ? 0 : url.looks());
    }

    /**
     * Where the first control or format character of the text is (general categories Cc and Cf), which the 1.0 protocol
     * keeps out of topics and selectors; -1 when there is none.
     */
    public static int invisibleCharacter(String text) {
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int type = Character.getType(text.codePointAt(i));
            if (type == Character.CONTROL || type == Character.FORMAT) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Topic topic && text.equals(topic.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return text;
    }

    // one object with final fields, so that a reader without a lock never sees half of it
    private record Resolved(HubUrl hub, @Nullable Url url) {}
}
