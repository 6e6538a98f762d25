package millrace.sse;

import java.nio.charset.StandardCharsets;

/** From events and comments to bytes. Any thread may call it; it keeps nothing. */
public final class EventEncoder {

    private EventEncoder() {}

    static byte[] encode(Event event) {
        StringBuilder block = new StringBuilder(64);
        if (event.type() != null && !event.type().isEmpty()) {
            block.append("event: ").append(event.type()).append('\n');
        }
        if (event.retry() != null) {
            block.append("retry: ").append(event.retry().toMillis()).append('\n');
        }
        if (event.id() != null) {
            block.append("id: ").append(event.id()).append('\n');
        }
        if (event.data() != null) {
            appendLines(block, "data: ", event.data());
        }
        return block.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    /** The bytes of a comment: one line beginning with a colon for each line of the text; fires no event. */
    public static byte[] comment(String text) {
        StringBuilder lines = new StringBuilder(text.length() + 2);
        appendLines(lines, ":", text);
        return lines.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void appendLines(StringBuilder block, String prefix, String text) {
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\r' || c == '\n') {
                block.append(prefix).append(text, start, i).append('\n');
                if (c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
                    i++;
                }
                start = i + 1;
            }
        }
        block.append(prefix).append(text, start, text.length()).append('\n');
    }
}
