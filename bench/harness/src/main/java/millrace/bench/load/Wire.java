package millrace.bench.load;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * One HTTP/1.1 connection that reads event streams: the head, the chunks (or the plain body), the lines. It keeps what was cut
 * off at the end of a read and allocates nothing per event. One reader thread uses it.
 *
 * <p>It counts an event when its {@code data} line is complete. Lines of other fields and comments are skipped.
 */
abstract class Wire {

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long LINE_FEEDS = 0x0a0a0a0a0a0a0a0aL;
    private static final int MAX_LINE = 16 * 1024;

    private enum Phase {
        HEAD,
        CHUNK_SIZE,
        CHUNK,
        CHUNK_END,
        TRAILER,
        PLAIN
    }

    private Phase phase = Phase.HEAD;
    private long remaining;
    private boolean digits;
    private byte[] kept = new byte[256];
    private int keptLength;

    /** The length of a data line that can be taken in one step, 0 when it is not known. */
    private final int dataLength;

    Wire(int dataLength) {
        this.dataLength = dataLength;
    }

    /** A response has begun. */
    abstract void head(int status);

    /** The value of a data line; {@code now} is the nanoTime of the read that completed it. */
    abstract void data(byte[] from, int at, int length, long now);

    /** The value of an id line. */
    void id(byte[] from, int at, int length) {}

    /** The response has ended as the protocol wants it; another request may follow on the connection. */
    abstract void end();

    /**
     * The connection was closed. True when nothing is missing: between two responses, or at the end of one whose length is
     * only told by the close.
     */
    final boolean closed() {
        boolean complete = phase == Phase.HEAD && keptLength == 0;
        if (phase == Phase.PLAIN && remaining > Long.MAX_VALUE / 2) {
            end();
            complete = true;
        }
        phase = Phase.HEAD;
        keptLength = 0;
        return complete;
    }

    final void accept(byte[] bytes, int length, long now) {
        int i = 0;
        while (i < length) {
            switch (phase) {
                case HEAD -> i = head(bytes, i, length);
                case CHUNK_SIZE -> i = chunkSize(bytes, i, length);
                case CHUNK -> {
                    int until = i + (int) Math.min(length - i, remaining);
                    lines(bytes, i, until, now);
                    remaining -= until - i;
                    i = until;
                    if (remaining == 0) {
                        phase = Phase.CHUNK_END;
                    }
                }
                case CHUNK_END -> {
                    if (bytes[i++] == '\n') {
                        phase = Phase.CHUNK_SIZE;
                        digits = true;
                    }
                }
                case TRAILER -> i = trailer(bytes, i, length);
                case PLAIN -> {
                    int until = i + (int) Math.min(length - i, remaining);
                    lines(bytes, i, until, now);
                    remaining -= until - i;
                    i = until;
                    if (remaining == 0) {
                        finish();
                    }
                }
            }
        }
    }

    private int head(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to) {
            byte b = bytes[i++];
            keep(b);
            if (b == '\n'
                    && keptLength >= 4
                    && kept[keptLength - 2] == '\r'
                    && kept[keptLength - 3] == '\n'
                    && kept[keptLength - 4] == '\r') {
                String head = new String(kept, 0, keptLength, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
                keptLength = 0;
                remaining = 0;
                digits = true;
                int status = Integer.parseInt(head.substring(9, 12));
                int lengthField = head.indexOf("\r\ncontent-length:");
                if (status == 204) { // never has a body
                    phase = Phase.PLAIN;
                } else if (head.contains("\r\ntransfer-encoding: chunked")) {
                    phase = Phase.CHUNK_SIZE;
                } else if (lengthField >= 0) {
                    int end = head.indexOf('\r', lengthField + 2);
                    remaining =
                            Long.parseLong(head.substring(lengthField + 17, end).strip());
                    phase = Phase.PLAIN;
                } else {
                    remaining = Long.MAX_VALUE;
                    phase = Phase.PLAIN;
                }
                head(status);
                if (phase == Phase.PLAIN && remaining == 0) {
                    finish();
                }
                return i;
            }
        }
        return i;
    }

    private int chunkSize(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to) {
            byte b = bytes[i++];
            if (b == '\n') {
                phase = remaining == 0 ? Phase.TRAILER : Phase.CHUNK;
                return i;
            }
            int digit = digits ? Character.digit(b, 16) : -1;
            if (digit >= 0) {
                remaining = remaining << 4 | digit;
            } else {
                digits = false;
            }
        }
        return i;
    }

    private int trailer(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to) {
            byte b = bytes[i++];
            if (b == '\n') {
                if (keptLength == 0) {
                    finish();
                    return i;
                }
                keptLength = 0;
            } else if (b != '\r') {
                keep(b);
            }
        }
        return i;
    }

    private void finish() {
        phase = Phase.HEAD;
        keptLength = 0;
        end();
    }

    private void lines(byte[] bytes, int from, int to, long now) {
        int i = from;
        if (keptLength > 0) {
            int feed = lineFeed(bytes, i, to);
            int until = feed < 0 ? to : feed;
            keep(bytes, i, until);
            if (feed < 0) {
                return;
            }
            line(kept, 0, keptLength, now);
            keptLength = 0;
            i = feed + 1;
        }
        while (i < to) {
            byte first = bytes[i];
            if (first == '\n') {
                i++;
                continue;
            }
            if (first == 'd' && dataLength > 0 && i + 7 + dataLength <= to && bytes[i + 4] == ':') {
                int at = bytes[i + 5] == ' ' ? i + 6 : i + 5;
                if (bytes[at + dataLength] == '\n') {
                    data(bytes, at, dataLength, now);
                    i = at + dataLength + 1;
                    continue;
                }
            }
            int feed = lineFeed(bytes, i, to);
            if (feed < 0) {
                keep(bytes, i, to);
                return;
            }
            line(bytes, i, feed, now);
            i = feed + 1;
        }
    }

    /** A line that is not empty, without its line feed. */
    void line(byte[] bytes, int from, int to, long now) {
        int end = to > from && bytes[to - 1] == '\r' ? to - 1 : to;
        if (end - from >= 3 && bytes[from] == 'i' && bytes[from + 1] == 'd' && bytes[from + 2] == ':') {
            int at = end - from > 3 && bytes[from + 3] == ' ' ? from + 4 : from + 3;
            id(bytes, at, end - at);
            return;
        }
        if (end - from >= 5
                && bytes[from] == 'd'
                && bytes[from + 1] == 'a'
                && bytes[from + 2] == 't'
                && bytes[from + 3] == 'a'
                && bytes[from + 4] == ':') {
            int at = end - from > 5 && bytes[from + 5] == ' ' ? from + 6 : from + 5;
            data(bytes, at, end - at, now);
        }
    }

    /** The index of the next line feed, or -1; eight bytes at a time. */
    private static int lineFeed(byte[] bytes, int from, int to) {
        int i = from;
        for (; i + 8 <= to; i += 8) {
            long x = (long) LONG.get(bytes, i) ^ LINE_FEEDS;
            long hit = x - 0x0101010101010101L & ~x & 0x8080808080808080L;
            if (hit != 0) {
                return i + (Long.numberOfTrailingZeros(hit) >>> 3);
            }
        }
        for (; i < to; i++) {
            if (bytes[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    private void keep(byte b) {
        if (keptLength == kept.length) {
            grow(keptLength + 1);
        }
        kept[keptLength++] = b;
    }

    private void keep(byte[] bytes, int from, int to) {
        int length = to - from;
        if (keptLength + length > kept.length) {
            grow(keptLength + length);
        }
        System.arraycopy(bytes, from, kept, keptLength, length);
        keptLength += length;
    }

    private void grow(int wanted) {
        if (wanted > MAX_LINE) {
            throw new IllegalStateException("a line longer than " + MAX_LINE + " bytes");
        }
        kept = Arrays.copyOf(kept, Math.min(MAX_LINE, Math.max(wanted, kept.length * 2)));
    }
}
