package millrace.sse;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** From events and comments to bytes. Any thread may call it; it keeps nothing. */
public final class EventEncoder {

    private static final byte[] DATA = ascii("data: ");
    private static final byte[] COMMENT = ascii(":");
    private static final byte[] EVENT = ascii("event: ");
    private static final byte[] ID = ascii("id: ");
    private static final byte[] RETRY = ascii("retry: ");

    /** What the standard sends for half of a surrogate pair. */
    private static final char REPLACEMENT = '\uFFFD';

    private EventEncoder() {}

    static byte[] encode(Event event) {
        String type = event.type() == null ? "" : event.type();
        String id = event.id();
        String data = event.data();
        String retry =
                event.retry() == null ? null : Long.toString(event.retry().toMillis());

        // room for the common case, ASCII on one line: then the array is exactly as large as the block
        int room = 1;
        room += type.isEmpty() ? 0 : EVENT.length + type.length() + 1;
        room += retry == null ? 0 : RETRY.length + retry.length() + 1;
        room += id == null ? 0 : ID.length + id.length() + 1;
        room += data == null ? 0 : DATA.length + data.length() + 1;

        Block block = new Block(room);
        if (!type.isEmpty()) {
            block.field(EVENT, type);
        }
        if (retry != null) {
            block.field(RETRY, retry);
        }
        if (id != null) {
            block.field(ID, id);
        }
        if (data != null) {
            block.field(DATA, data);
        }
        return block.end();
    }

    /** The bytes of a comment: one line beginning with a colon for each line of the text; fires no event. */
    public static byte[] comment(String text) {
        Block block = new Block(COMMENT.length + text.length() + 2);
        block.field(COMMENT, text);
        return block.end();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** The bytes of one block. They grow only if a text is not ASCII or has more than one line. */
    private static final class Block {

        private byte[] bytes;
        private int length;

        /** How many bytes would stay free if all that is still to come were ASCII on one line. */
        private int spare;

        Block(int room) {
            bytes = new byte[room];
        }

        /** One line for each line of the text; CR, LF and CRLF end one. */
        void field(byte[] name, String text) {
            append(name);
            int at = appendAscii(text, 0);
            while (at < text.length()) {
                char c = text.charAt(at++);
                if (c == '\r' || c == '\n') {
                    if (c == '\r' && at < text.length() && text.charAt(at) == '\n') {
                        at++;
                        spare++;
                    }
                    take(name.length, 0);
                    append('\n');
                    append(name);
                } else if (c < 0x800) {
                    take(1, text.length() - at);
                    append(0xC0 | (c >> 6));
                    append(0x80 | (c & 0x3F));
                } else if (at < text.length() && Character.isSurrogatePair(c, text.charAt(at))) {
                    int codePoint = Character.toCodePoint(c, text.charAt(at++));
                    take(2, text.length() - at);
                    append(0xF0 | (codePoint >> 18));
                    append(0x80 | ((codePoint >> 12) & 0x3F));
                    append(0x80 | ((codePoint >> 6) & 0x3F));
                    append(0x80 | (codePoint & 0x3F));
                } else {
                    char scalar = Character.isSurrogate(c) ? REPLACEMENT : c;
                    take(2, 2 * (text.length() - at));
                    append(0xE0 | (scalar >> 12));
                    append(0x80 | ((scalar >> 6) & 0x3F));
                    append(0x80 | (scalar & 0x3F));
                }
                at = appendAscii(text, at);
            }
            append('\n');
        }

        byte[] end() {
            append('\n');
            return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
        }

        /** Copies up to the first character that needs care, and returns where that stands. */
        private int appendAscii(String text, int from) {
            byte[] to = bytes;
            int shift = length - from;
            int end = text.length();
            int at = from;
            for (; at < end; at++) {
                char c = text.charAt(at);
                if (c >= 0x80 || c == '\r' || c == '\n') {
                    break;
                }
                to[at + shift] = (byte) c;
            }
            length = at + shift;
            return at;
        }

        private void append(byte[] name) {
            System.arraycopy(name, 0, bytes, length, name.length);
            length += name.length;
        }

        private void append(int unit) {
            bytes[length++] = (byte) unit;
        }

        /** Takes {@code more} bytes beyond what the ASCII case needs, and looks ahead for {@code likely} others. */
        private void take(int more, int likely) {
            if (spare < more) {
                int growth = Math.max(more + likely, bytes.length / 2);
                bytes = Arrays.copyOf(bytes, Math.addExact(bytes.length, growth));
                spare += growth;
            }
            spare -= more;
        }
    }
}
