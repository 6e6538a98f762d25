package millrace.bench.load;

import java.util.Arrays;

/**
 * The data of a published event, 100 bytes that need no escaping in a form, in JSON or in SSE:
 *
 * <pre>
 *   PP  SSSSSS  NNNNNNNNNN  xxxx…
 *   |   |       |           filling
 *   |   |       nanoTime when it was sent, or when it was due
 *   |   sequence number of this publisher, without gaps
 *   publisher
 * </pre>
 *
 * Numbers are written six bits to a character in the alphabet of base64url, most significant first.
 */
final class Payload {

    static final int LENGTH = 100;

    private static final byte[] DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".getBytes();
    private static final byte[] VALUES = new byte[256];

    static {
        Arrays.fill(VALUES, (byte) -1);
        for (int i = 0; i < DIGITS.length; i++) {
            VALUES[DIGITS[i]] = (byte) i;
        }
    }

    private Payload() {}

    static void write(byte[] to, int at, int publisher, long sequence, long nanos) {
        digits(to, at, 2, publisher);
        digits(to, at + 2, 6, sequence);
        digits(to, at + 8, 10, nanos);
        Arrays.fill(to, at + 18, at + LENGTH, (byte) 'x');
    }

    static int publisher(byte[] from, int at) {
        return (int) number(from, at, 2);
    }

    static long sequence(byte[] from, int at) {
        return number(from, at + 2, 6);
    }

    static long nanos(byte[] from, int at) {
        return number(from, at + 8, 10);
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
