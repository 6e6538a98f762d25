package millrace.sse;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One event as its sender sees it, after the WHATWG HTML standard, section 9.2.5. Illegal values cannot be built, so no
 * byte of a payload can forge a field.
 *
 * @param id the new last event id; {@code null} leaves the reader's as it is, {@code ""} resets it. At most
 *     {@link #MAX_ID_BYTES} bytes of UTF-8, without CR, LF and NUL
 * @param type the event type, {@code null} or {@code ""} for {@code message}; without CR, LF and NUL
 * @param data any text; CR, LF and CRLF in it arrive as LF. {@code null}: the block fires no event
 * @param retry the reader's new reconnection time, in whole milliseconds, not negative
 */
public record Event(
        @Nullable String id,
        @Nullable String type,
        @Nullable String data,
        @Nullable Duration retry) {

    /** Longer ids cost a browser a preflight request when it reconnects across origins. */
    public static final int MAX_ID_BYTES = 128;

    public Event {
        if (id != null) {
            requireOneLine("id", id);
            if (id.length() > MAX_ID_BYTES || id.getBytes(StandardCharsets.UTF_8).length > MAX_ID_BYTES) {
                throw new IllegalArgumentException("an event's id has at most " + MAX_ID_BYTES + " bytes");
            }
        }
        if (type != null) {
            requireOneLine("type", type);
        }
        if (retry != null && retry.isNegative()) {
            throw new IllegalArgumentException("an event's retry is not negative: " + retry);
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

    /** The bytes on the wire, ended by a blank line. */
    public byte[] encode() {
        return EventEncoder.encode(this);
    }

    private static void requireOneLine(String field, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\r' || c == '\n' || c == 0) {
                throw new IllegalArgumentException("an event's " + field + " holds no CR, LF or NUL (at " + i + ")");
            }
        }
    }
}
