package millrace.sse;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One event as its sender sees it, after the WHATWG HTML standard, section 9.2.5. Illegal values cannot be built, so no
 * byte of a payload can forge a field.
 *
 * @param id the new last event id; {@code null} leaves the reader's as it is, {@code ""} resets it. At most
 *     {@link #MAX_ID_BYTES} bytes of UTF-8, without CR, LF, NUL and unpaired surrogates
 * @param type the event type, {@code null} or {@code ""} for {@code message}; without CR, LF, NUL and unpaired
 *     surrogates
 * @param data any text; CR, LF and CRLF in it arrive as LF, and an unpaired surrogate as U+FFFD. {@code null}: this
 *     fires no event, while {@code ""} fires one with empty data
 * @param retry the reader's new reconnection time, in whole milliseconds, not negative
 */
public record Event(
        @Nullable String id,
        @Nullable String type,
        @Nullable String data,
        @Nullable Duration retry) {

    /** Longer ids cost a browser a preflight request when it reconnects across origins. */
    public static final int MAX_ID_BYTES = 128;

    private static final Duration MAX_RETRY = Duration.ofMillis(Long.MAX_VALUE);

    public Event {
        if (id != null && checkedUtf8Length("id", id) > MAX_ID_BYTES) {
            throw new IllegalArgumentException("an event's id has at most " + MAX_ID_BYTES + " bytes");
        }
        if (type != null) {
            checkedUtf8Length("type", type);
        }
        if (retry != null && (retry.isNegative() || retry.compareTo(MAX_RETRY) > 0)) {
            throw new IllegalArgumentException(
                    "an event's retry is not negative, and its milliseconds fit a long: " + retry);
        }
    }

    /** An event of the type {@code message}. */
    public static Event of(String data) {
        return new Event(null, null, data, null);
    }

    public static Event of(String type, String data) {
        return new Event(null, type, data, null);
    }

    public Event withId(String newId) {
        return new Event(newId, type, data, retry);
    }

    public Event withRetry(Duration newRetry) {
        return new Event(id, type, data, newRetry);
    }

    /**
     * The bytes on the wire, ended by a blank line. Without data and id there is nothing that such a line would complete,
     * and lenient clients would take it for an event: then they are the line {@code retry:} alone, or an empty comment.
     */
    public byte[] encode() {
        return EventEncoder.encode(this);
    }

    /** How long the value is on the wire; what would forge a field or not arrive as it is gets refused. */
    private static int checkedUtf8Length(String field, String value) {
        int bytes = 0;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\r' || c == '\n' || c == 0) {
                throw new IllegalArgumentException("an event's " + field + " holds no CR, LF or NUL (at " + i + ")");
            }
            if (Character.isHighSurrogate(c)
                    && i + 1 < value.length()
                    && Character.isLowSurrogate(value.charAt(i + 1))) {
                i++;
                bytes += 4;
            } else if (Character.isSurrogate(c)) {
                throw new IllegalArgumentException("an event's " + field + " has an unpaired surrogate (at " + i + ")");
            } else {
                bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
            }
        }
        return bytes;
    }
}
