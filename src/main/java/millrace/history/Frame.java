package millrace.history;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The bytes of a batch of updates that were written, and forced to disk, together: they are there as a whole or not at
 * all.
 *
 * <pre>
 *  0  8  the salt of the segment: nobody outside can forge a frame, and one is found again behind damage
 *  8  4  CRC-32C of everything behind this field
 * 12  4  length of the records, in bytes
 * 16  8  number of the first update
 * 24  8  when they were appended, in milliseconds since the epoch
 * 32  4  how many updates
 * 36     the records: 1 byte (1 = private), id, 4 bytes (how many topics), topics, event
 *        id, topic and event each as 4 bytes of length and so many bytes, texts in UTF-8
 * </pre>
 */
final class Frame {
    static final int HEADER = 36;

    private Frame() {}

    /** The record of an update. */
    static byte[] record(Update update, byte[] event) {
        byte[] id = update.id().getBytes(UTF_8);
        List<byte[]> topics = new ArrayList<>(update.topics().size());
        int length = 1 + 4 + id.length + 4 + 4 + event.length;
        for (String topic : update.topics()) {
            byte[] bytes = topic.getBytes(UTF_8);
            topics.add(bytes);
            length += 4 + bytes.length;
        }
        ByteBuffer record = ByteBuffer.allocate(length);
        record.put((byte) (update.isPrivate() ? 1 : 0));
        record.putInt(id.length).put(id);
        record.putInt(topics.size());
        for (byte[] topic : topics) {
            record.putInt(topic.length).put(topic);
        }
        record.putInt(event.length).put(event);
        return record.array();
    }

    /**
     * Reads the record at the buffer's position and leaves it behind the record.
     *
     * @throws RuntimeException if it is not a record
     */
    static Stored read(ByteBuffer records, long sequence, long timeMillis) {
        boolean isPrivate = records.get() == 1;
        String id = text(records);
        int count = records.getInt();
        List<String> topics = new ArrayList<>(Math.min(count, 16));
        for (int i = 0; i < count; i++) {
            topics.add(text(records));
        }
        return new Stored(sequence, timeMillis, id, List.copyOf(topics), isPrivate, bytes(records));
    }

    /** Writes the header in front of the records, which begin at {@link #HEADER} and end at the buffer's position. */
    static void seal(ByteBuffer frame, long salt, long first, long timeMillis, int count) {
        int end = frame.position();
        frame.putLong(0, salt);
        frame.putInt(12, end - HEADER);
        frame.putLong(16, first);
        frame.putLong(24, timeMillis);
        frame.putInt(32, count);
        frame.putInt(8, checksum(frame, 0, end));
    }

    /** The length of the whole and undamaged frame that begins here; 0 if there is none. */
    static int lengthAt(ByteBuffer segment, int start, long salt) {
        if (segment.limit() - start < HEADER || segment.getLong(start) != salt) {
            return 0;
        }
        int length = segment.getInt(start + 12);
        if (length < 0
                || length > segment.limit() - start - HEADER
                || segment.getInt(start + 8) != checksum(segment, start, start + HEADER + length)) {
            return 0;
        }
        return HEADER + length;
    }

    static long first(ByteBuffer segment, int start) {
        return segment.getLong(start + 16);
    }

    static long timeMillis(ByteBuffer segment, int start) {
        return segment.getLong(start + 24);
    }

    static int count(ByteBuffer segment, int start) {
        return segment.getInt(start + 32);
    }

    private static int checksum(ByteBuffer buffer, int start, int end) {
        CRC32C checksum = new CRC32C();
        checksum.update(buffer.duplicate().limit(end).position(start + 12));
        return (int) checksum.getValue();
    }

    private static String text(ByteBuffer from) {
        return new String(bytes(from), UTF_8);
    }

    private static byte[] bytes(ByteBuffer from) {
        int length = from.getInt();
        if (length < 0 || length > from.remaining()) {
            throw new IllegalArgumentException("not a record: a field of " + length + " bytes");
        }
        byte[] bytes = new byte[length];
        from.get(bytes);
        return bytes;
    }
}
