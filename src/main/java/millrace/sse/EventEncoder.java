package millrace.sse;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** From events and comments to bytes. Any thread may call it; it keeps nothing. */
public final class EventEncoder {

    private static final byte[] DATA = ascii("data: ");
    private static final byte[] COMMENT = ascii(":");
    private static final byte[] EVENT = ascii("event: ");
    private static final byte[] ID = ascii("id: ");
    private static final String RETRY_FIELD = "retry: ";
    private static final byte[] RETRY = ascii(RETRY_FIELD);

    /** What the standard sends for half of a surrogate pair. */
    private static final char REPLACEMENT = '\uFFFD';

    private EventEncoder() {}

    static byte[] encode(Event event) {
        String type = event.type() == null ? "" : event.type();
        String id = event.id();
        String data = event.data();
        String retry =
                event.retry() == null ? null : Long.toString(event.retry().toMillis());

        if (data == null && id == null) {
            // An empty line would make lenient clients fire an event with empty data; and without one a type would be
            // that of the next event.
            return retry == null ? comment("") : (RETRY_FIELD + retry + "\n").getBytes(StandardCharsets.US_ASCII);
        }

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

    /**
     * The bytes of a comment: one line beginning with a colon for each line of the text. No empty line follows: it would
     * end a block without data, which lenient clients take for an event.
     */
    public static byte[] comment(String text) {
        Block block = new Block(COMMENT.length + text.length() + 1);
        block.field(COMMENT, text);
        return block.bytes;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** The bytes of one block; the array grows once for each text that is not ASCII on one line, to its exact size. */
    private static final class Block {

        private byte[] bytes;
        private int length;

        Block(int room) {
            bytes = new byte[room];
        }

        /** One line for each line of the text; CR, LF and CRLF end one. */
        void field(byte[] name, String text) {
            append(name);
            int at = appendAscii(text, 0);
            if (at < text.length()) {
                bytes = Arrays.copyOf(bytes, Math.addExact(bytes.length, bytesBeyondAscii(name, text, at)));
            }
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c == '\r' || c == '\n') {
                    at = afterLineEnd(text, at);
                    append('\n');
                    append(name);
                } else if (c < 0x800) {
                    at++;
                    append(0xC0 | (c >> 6));
                    append(0x80 | (c & 0x3F));
                } else if (isPair(c, text, at)) {
                    int codePoint = text.codePointAt(at);
                    at += 2;
                    append(0xF0 | (codePoint >> 18));
                    append(0x80 | ((codePoint >> 12) & 0x3F));
                    append(0x80 | ((codePoint >> 6) & 0x3F));
                    append(0x80 | (codePoint & 0x3F));
                } else {
                    char scalar = Character.isSurrogate(c) ? REPLACEMENT : c;
                    at++;
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
            return bytes;
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

        /** How many more bytes than characters the rest of the text takes. */
        private static int bytesBeyondAscii(byte[] name, String text, int from) {
            long beyond = 0;
            for (int at = from; at < text.length(); ) {
                char c = text.charAt(at);
                int next = at + 1;
                if (c == '\r' || c == '\n') {
                    next = afterLineEnd(text, at);
                    beyond += 1 + name.length;
                } else if (c < 0x80) {
                    beyond += 1;
                } else if (c < 0x800) {
                    beyond += 2;
                } else if (isPair(c, text, at)) {
                    next++;
                    beyond += 4;
                } else {
                    beyond += 3;
                }
                beyond -= next - at;
                at = next;
            }
            return Math.toIntExact(beyond);
        }

        private static int afterLineEnd(String text, int at) {
            return text.startsWith("\r\n", at) ? at + 2 : at + 1;
        }

        private static boolean isPair(char c, String text, int at) {
            return Character.isHighSurrogate(c)
                    && at + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(at + 1));
        }
    }
}
