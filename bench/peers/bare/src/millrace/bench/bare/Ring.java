package millrace.bench.bare;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The last events of one channel, encoded, and those who read them. */
final class Ring {

    /** More than the scene with slow readers publishes. */
    private static final int SIZE = 1 << 17;

    private static final byte[] DATA = "\ndata: ".getBytes(StandardCharsets.US_ASCII);

    /** An id is as long as Millrace's, so that the events have the same length on the wire. */
    private static final String ID = "id: urn:uuid:";

    private static final int ID_DIGITS = 36;

    final List<Reader> readers = new CopyOnWriteArrayList<>();

    private final byte[][] events = new byte[SIZE][];
    private volatile long end;

    synchronized void append(byte[] data) {
        events[(int) (end & SIZE - 1)] = encode(end, data);
        end++;
    }

    static byte[] encode(long number, byte[] data) {
        byte[] event = new byte[ID.length() + ID_DIGITS + DATA.length + data.length + 2];
        ID.getBytes(0, ID.length(), event, 0);
        int at = ID.length() + ID_DIGITS;
        long rest = number;
        for (int i = at - 1; i >= ID.length(); i--) {
            event[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        System.arraycopy(DATA, 0, event, at, DATA.length);
        System.arraycopy(data, 0, event, at + DATA.length, data.length);
        event[event.length - 2] = '\n';
        event[event.length - 1] = '\n';
        return event;
    }

    long end() {
        return end;
    }

    /** The number after the one that an id tells; the next event where there is no id. */
    long after(String id) {
        return id == null ? end : Long.parseLong(id.substring(id.length() - ID_DIGITS)) + 1;
    }

    /** The event with that number, which must be below {@link #end}. */
    byte[] get(long number) {
        if (end - number > SIZE) {
            throw new IllegalStateException("passed");
        }
        return events[(int) (number & SIZE - 1)];
    }
}
