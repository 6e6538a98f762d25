package millrace.request;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import org.jspecify.annotations.Nullable;

/**
 * Names and values of a query string or an {@code application/x-www-form-urlencoded} body, by the URL standard's form
 * algorithm ({@code +} is a space, a bare name has an empty value), but strict about UTF-8. Parsed by hand because
 * containers merge query and body, differ in their caps, and do not read the body of a {@code QUERY}. Immutable.
 */
public final class FormData {

    /** One name and its value, decoded. */
    public record Entry(String name, String value) {}

    /** A body of a megabyte may hold half a million, each of which costs a hundred bytes here. */
    private static final int MAX_ENTRIES = 10_000;

    private static final FormData EMPTY = new FormData(List.of());

    private final List<Entry> entries;

    private FormData(List<Entry> entries) {
        this.entries = entries;
    }

    public static FormData empty() {
        return EMPTY;
    }

    /**
     * @param text as it stood in the URL or the body; {@code null} as if empty
     * @throws ProblemException {@code BAD_PARAMETER} where it is not UTF-8, or has too many parameters; a percent sign that
     *     begins no sequence stands for itself
     */
    public static FormData parse(@Nullable String text) throws ProblemException {
        if (text == null || text.isEmpty()) {
            return EMPTY;
        }
        List<Entry> entries = new ArrayList<>();
        int start = 0;
        while (start <= text.length()) {
            int end = text.indexOf('&', start);
            if (end < 0) {
                end = text.length();
            }
            if (end > start) {
                int equals = text.indexOf('=', start);
                if (equals < 0 || equals > end) {
                    equals = end;
                }
                String name = decode(text.substring(start, equals));
                String value = equals == end ? "" : decode(text.substring(equals + 1, end));
                if (entries.size() == MAX_ENTRIES) {
                    throw new ProblemException(
                            ProblemType.BAD_PARAMETER, "There are more than " + MAX_ENTRIES + " parameters.");
                }
                entries.add(new Entry(name, value));
            }
            start = end + 1;
        }
        return new FormData(List.copyOf(entries));
    }

    /** As {@link #parse(String)}, of a body. */
    public static FormData parse(byte[] body) throws ProblemException {
        return parse(decodeUtf8(body, body.length));
    }

    /** All of this, then all of the other. */
    public FormData and(FormData other) {
        if (other.entries.isEmpty()) {
            return this;
        }
        List<Entry> both = new ArrayList<>(entries);
        both.addAll(other.entries);
        return new FormData(List.copyOf(both));
    }

    public List<Entry> entries() {
        return entries;
    }

    /** The first value of that name. */
    public @Nullable String first(String name) {
        for (Entry entry : entries) {
            if (entry.name().equals(name)) {
                return entry.value();
            }
        }
        return null;
    }

    /** The last value of that name: where a client appends on every reconnect it is the fresh one. */
    public @Nullable String last(String name) {
        for (int i = entries.size() - 1; i >= 0; i--) {
            if (entries.get(i).name().equals(name)) {
                return entries.get(i).value();
            }
        }
        return null;
    }

    public List<String> all(String name) {
        return entries.stream()
                .filter(entry -> entry.name().equals(name))
                .map(Entry::value)
                .toList();
    }

    private static String decode(String text) throws ProblemException {
        boolean plain = true;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            plain &= c != '%' && c != '+' && c < 0x80;
        }
        if (plain) {
            return text;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int to = 0;
        for (int from = 0; from < bytes.length; from++) {
            byte b = bytes[from];
            if (b == '+') {
                b = ' ';
            } else if (b == '%' && from + 2 < bytes.length) {
                int high = Character.digit(bytes[from + 1], 16);
                int low = Character.digit(bytes[from + 2], 16);
                if (high >= 0 && low >= 0) {
                    b = (byte) (high << 4 | low);
                    from += 2;
                }
            }
            bytes[to++] = b;
        }
        return decodeUtf8(bytes, to);
    }

    private static String decodeUtf8(byte[] bytes, int length) throws ProblemException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, 0, length))
                    .toString();
        } catch (CharacterCodingException notUtf8) {
            throw new ProblemException(
                    ProblemType.BAD_PARAMETER, "A parameter is not valid UTF-8; encode it as UTF-8.");
        }
    }
}
