package millrace.bench.load;

import java.util.Arrays;

/**
 * The data of a published event, 100 bytes that need no escaping in a form, in JSON or in SSE:
 *
 * <pre>
 *   PPPP  SSSSSS  NNNNNNNNNN  xxxx…
 *   |     |       |           filling
 *   |     |       nanoTime when it was sent, or when it was due
 *   |     sequence number of this source, without gaps
 *   source: the publisher, or the topic where there are many
 * </pre>
 *
 * Numbers are written six bits to a character in the alphabet of base64url, most significant first.
 */
final class Payload {

    static final int LENGTH = 100;

    /** The source of events that only show that a subscription counts. */
    static final int SYNC = (1 << 24) - 1;

    private static final byte[] DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".getBytes();
    private static final byte[] VALUES = new byte[256];

    static {
        Arrays.fill(VALUES, (byte) -1);
        for (int i = 0; i < DIGITS.length; i++) {
            VALUES[DIGITS[i]] = (byte) i;
        }
    }

    private Payload() {}

    static void write(byte[] to, int at, int source, long sequence, long nanos) {
        digits(to, at, 4, source);
        digits(to, at + 4, 6, sequence);
        digits(to, at + 10, 10, nanos);
        Arrays.fill(to, at + 20, at + LENGTH, (byte) 'x');
    }

    static int source(byte[] from, int at) {
        return (int) number(from, at, 4);
    }

    static long sequence(byte[] from, int at) {
        return number(from, at + 4, 6);
    }

    static long nanos(byte[] from, int at) {
        return number(from, at + 10, 10);
    }

    private static void digits(byte[] to, int at, int count, long value) {
        for (int i = count - 1; i >= 0; i--) {
            to[at + i] = DIGITS[(int) (value & 63)];
            value >>>= 6;
        }
    }

    private static long number(byte[] from, int at, int count) {
        long value = 0;
        for (int i = 0; i < count; i++) {
            value = value << 6 | VALUES[from[at + i] & 0xff] & 63;
        }
        return value;
    }
}
