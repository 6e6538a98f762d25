package millrace.sse;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/**
 * Reads an event stream from bytes in any slices, by the algorithm of the WHATWG HTML standard, sections 9.2.5 and
 * 9.2.6.
 *
 * <pre>{@code
 * var parser = new EventStreamParser((type, data, lastEventId) -> System.out.println(data));
 * for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
 *     parser.feed(buffer, 0, n);
 * }
 * boolean cut = parser.end();
 * }</pre>
 *
 * <p>One thread at a time. The parser itself never blocks, and it keeps nothing but the unfinished event.
 */
public final class EventStreamParser {

    /**
     * Gets what the stream brings, inside {@link #feed}. It may block, which is then the back-pressure; what it throws
     * leaves through {@code feed}, and the parser takes no more bytes until {@link #end()}.
     */
    @FunctionalInterface
    public interface Handler {

        /**
         * An event was dispatched.
         *
         * @param type {@code message} where the stream names none
         * @param data its lines joined by LF
         * @param lastEventId of this event, or of an earlier one if this one has none; {@code ""} if none had
         */
        void event(String type, String data, String lastEventId) throws IOException, InterruptedException;

        /** The stream set the reconnection time. */
        default void retry(Duration reconnectionTime) throws IOException, InterruptedException {}

        /** A comment line, without its colon. */
        default void comment(String text) throws IOException, InterruptedException {}
    }

    /** The limit of a parser that is given none. */
    public static final int DEFAULT_MAX_EVENT_BYTES = 8 << 20;

    // a buffer that one large event has grown beyond this is given back after that event
    private static final int KEPT_BYTES = 64 << 10;

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
    private static final byte[] DATA = ascii("data");
    private static final byte[] EVENT = ascii("event");
    private static final byte[] ID = ascii("id");
    private static final byte[] RETRY = ascii("retry");

    private final Handler handler;
    private final int maxEventBytes;

    /** Where in the stream the next byte stands. */
    private boolean inByteOrderMark = true;

    private int byteOrderMarkBytes;
    private boolean afterCarriageReturn;
    private boolean failed;

    /** The line that began in an earlier slice. */
    private final Buffer line = new Buffer();

    /** The block so far, with the standard's names; each line of data is followed by an LF. */
    private final Buffer data = new Buffer();

    private String eventType = "";
    private String lastEventIdBuffer = "";
    private int blockBytes;

    private String lastEventId = "";

    /** A parser with the limit {@link #DEFAULT_MAX_EVENT_BYTES}. */
    public EventStreamParser(Handler handler) {
        this(handler, DEFAULT_MAX_EVENT_BYTES);
    }

    /**
     * @param maxEventBytes how many bytes the lines of one event may have together, and how many one comment, counted
     *     without line ends
     */
    public EventStreamParser(Handler handler, int maxEventBytes) {
        if (maxEventBytes < 1) {
            throw new IllegalArgumentException("maxEventBytes is at least 1: " + maxEventBytes);
        }
        this.handler = handler;
        this.maxEventBytes = maxEventBytes;
    }

    /** Parses the next bytes of the stream. */
    public void feed(byte[] bytes) throws IOException, InterruptedException {
        feed(bytes, 0, bytes.length);
    }

    /**
     * Parses the next bytes of the stream and calls the handler for all that they complete. The array is not kept.
     *
     * @throws EventTooLargeException when the event under way exceeds the limit, in bytes or by what its lines hold
     * @throws IOException from the handler
     * @throws InterruptedException from the handler
     * @throws IllegalStateException when an earlier call threw and {@link #end()} was not called since
     */
    public void feed(byte[] bytes, int offset, int length) throws IOException, InterruptedException {
        if (failed) {
            throw new IllegalStateException("the stream has failed: call end() before feeding another one");
        }
        failed = true; // unless the end of this method is reached
        int end = offset + length;
        int at = offset;
        if (inByteOrderMark) {
            at = skipByteOrderMark(bytes, at, end);
        }
        if (afterCarriageReturn && at < end) {
            afterCarriageReturn = false;
            if (bytes[at] == '\n') {
                at++;
            }
        }
        while (at < end) {
            int lineEnd = findLineEnd(bytes, at, end);
            if (lineEnd == end) {
                hold(bytes, at, end);
                break;
            }
            if (line.length == 0) {
                interpret(bytes, at, lineEnd);
            } else {
                hold(bytes, at, lineEnd);
                interpret(line.bytes, 0, line.length);
                line.clear();
            }
            at = lineEnd + 1;
            if (bytes[lineEnd] == '\r') {
                // the line counts at its CR: an LF that may come with the next slice must not delay the event
                if (at == end) {
                    afterCarriageReturn = true;
                } else if (bytes[at] == '\n') {
                    at++;
                }
            }
        }
        failed = false;
    }

    /**
     * Says that the stream has ended. The unfinished event is discarded, as the standard wants it, and the parser is
     * ready for another stream, to which it takes the {@link #lastEventId()} along.
     *
     * @return whether the stream was cut: inside a line that is no comment, or between the first line of an event and
     *     the blank line that would have dispatched it
     */
    public boolean end() {
        boolean cut = byteOrderMarkBytes > 0
                || (line.length > 0 && line.bytes[0] != ':')
                || data.length > 0
                || !eventType.isEmpty()
                || !lastEventIdBuffer.equals(lastEventId);
        inByteOrderMark = true;
        byteOrderMarkBytes = 0;
        afterCarriageReturn = false;
        failed = false;
        line.clear();
        clearBlock();
        lastEventIdBuffer = lastEventId;
        return cut;
    }

    /**
     * The last event id that the stream has set, {@code ""} if none: what goes into {@code Last-Event-ID} to go on after
     * it. It also moves with blocks that have an id and no data, which dispatch no event.
     */
    public String lastEventId() {
        return lastEventId;
    }

    /** The mark may come in slices, and what looked like one may turn out to be the beginning of a line. */
    private int skipByteOrderMark(byte[] bytes, int from, int end) throws EventTooLargeException {
        int at = from;
        while (at < end && byteOrderMarkBytes < BYTE_ORDER_MARK.length) {
            if (bytes[at] != BYTE_ORDER_MARK[byteOrderMarkBytes]) {
                hold(BYTE_ORDER_MARK, 0, byteOrderMarkBytes);
                byteOrderMarkBytes = 0;
                inByteOrderMark = false;
                return at;
            }
            byteOrderMarkBytes++;
            at++;
        }
        if (byteOrderMarkBytes == BYTE_ORDER_MARK.length) {
            byteOrderMarkBytes = 0;
            inByteOrderMark = false;
        }
        return at;
    }

    private void hold(byte[] bytes, int from, int to) throws EventTooLargeException {
        if (from < to) {
            byte first = line.length > 0 ? line.bytes[0] : bytes[from];
            requireRoom(first, (long) line.length + (to - from));
            line.append(bytes, from, to);
        }
    }

    /** Comments have a limit for each alone: heartbeats between two lines of an event must not add up. */
    private void requireRoom(byte firstByte, long lineBytes) throws EventTooLargeException {
        if (lineBytes + (firstByte == ':' ? 0 : blockBytes) > maxEventBytes) {
            throw new EventTooLargeException(maxEventBytes);
        }
    }

    private void interpret(byte[] bytes, int from, int to) throws IOException, InterruptedException {
        if (from == to) {
            dispatch();
            return;
        }
        requireRoom(bytes[from], to - from);
        if (bytes[from] == ':') {
            handler.comment(new String(bytes, from + 1, to - from - 1, StandardCharsets.UTF_8));
            return;
        }
        blockBytes += to - from;
        int nameEnd = from;
        while (nameEnd < to && bytes[nameEnd] != ':') {
            nameEnd++;
        }
        int value = Math.min(nameEnd + 1, to);
        if (value < to && bytes[value] == ' ') {
            value++;
        }
        if (isName(DATA, bytes, from, nameEnd)) {
            data.append(bytes, value, to);
            data.append('\n');
        } else if (isName(ID, bytes, from, nameEnd)) {
            if (!containsNull(bytes, value, to)) {
                lastEventIdBuffer = new String(bytes, value, to - value, StandardCharsets.UTF_8);
            }
        } else if (isName(EVENT, bytes, from, nameEnd)) {
            eventType = new String(bytes, value, to - value, StandardCharsets.UTF_8);
        } else if (isName(RETRY, bytes, from, nameEnd)) {
            retry(bytes, value, to);
        }
    }

    private void dispatch() throws IOException, InterruptedException {
        lastEventId = lastEventIdBuffer;
        if (data.length == 0) {
            clearBlock();
            return;
        }
        String type = eventType.isEmpty() ? "message" : eventType;
        String text = new String(data.bytes, 0, data.length - 1, StandardCharsets.UTF_8);
        clearBlock();
        handler.event(type, text, lastEventId);
    }

    private void clearBlock() {
        data.clear();
        eventType = "";
        blockBytes = 0;
    }

    /** Only digits count, and a time beyond the largest number is the largest number. */
    private void retry(byte[] bytes, int from, int to) throws IOException, InterruptedException {
        long millis = 0;
        for (int i = from; i < to; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                return;
            }
            millis = millis > (Long.MAX_VALUE - digit) / 10 ? Long.MAX_VALUE : millis * 10 + digit;
        }
        if (from < to) {
            handler.retry(Duration.ofMillis(millis));
        }
    }

    private static boolean isName(byte[] name, byte[] bytes, int from, int to) {
        return Arrays.equals(name, 0, name.length, bytes, from, to);
    }

    private static boolean containsNull(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] == 0) {
                return true;
            }
        }
        return false;
    }

    private static final VarHandle EIGHT_BYTES =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101010101010101L;

    /** The position of the first CR or LF, else {@code end}; eight bytes at a step. */
    private static int findLineEnd(byte[] bytes, int from, int end) {
        int at = from;
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            long eight = (long) EIGHT_BYTES.get(bytes, at);
            long found = zeroBytes(eight ^ (ONES * '\n')) | zeroBytes(eight ^ (ONES * '\r'));
            if (found != 0) {
                return at + (Long.numberOfTrailingZeros(found) >>> 3);
            }
        }
        while (at < end && bytes[at] != '\n' && bytes[at] != '\r') {
            at++;
        }
        return at;
    }

    /** The highest bit of each byte that is zero; a byte above the lowest such one may be marked too. */
    private static long zeroBytes(long eight) {
        return (eight - ONES) & ~eight & (ONES << 7);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Bytes that grow; only what is below {@code length} counts. */
    private static final class Buffer {

        private static final byte[] EMPTY = {};

        byte[] bytes = EMPTY;
        int length;

        void append(byte[] source, int from, int to) {
            reserve(to - from);
            System.arraycopy(source, from, bytes, length, to - from);
            length += to - from;
        }

        void append(char ascii) {
            reserve(1);
            bytes[length++] = (byte) ascii;
        }

        void clear() {
            length = 0;
            if (bytes.length > KEPT_BYTES) {
                bytes = EMPTY;
            }
        }

        private void reserve(int more) {
            if (more > bytes.length - length) {
                bytes = Arrays.copyOf(
                        bytes, Math.max(256, Math.max(Math.addExact(length, more), bytes.length * 3 / 2)));
            }
        }
    }
}
