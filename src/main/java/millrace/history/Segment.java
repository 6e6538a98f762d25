package millrace.history;

import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One file of a {@link FileHistory}, and in memory (about 30 bytes for each update) where its updates lie.
 *
 * <p>The file begins with {@link #MAGIC}, the salt and the number of the file before, eight bytes each, and the CRC-32C
 * of these, forced to disk before the first {@link Frame} follows. Its name is the number of its first update; where the next file begins, it ends.
 *
 * <p>Its owner's lock guards what lies in memory; {@link #read} takes no lock.
 */
final class Segment {
    private static final System.Logger LOG = System.getLogger(Segment.class.getName());
    static final long MAGIC = 0x4d494c4c52414331L; // "MILLRAC1"
    static final int HEADER = 28;
    private static final String SUFFIX = ".log";

    /** Dropped updates stay on the disk until their segment can go: a sixteenth of what is kept, or so. */
    private static final int OF_THE_WHOLE = 16;

    /** A segment is not begun anew for its age more often than that. */
    private static final long SHORTEST_MILLIS = 60_000;

    final long base;
    /** The base of the segment before this one, when this one was created; 0 if there was none. */
    final long previous;

    final String name;
    final long salt;
    final Disk.Handle file;

    /** Whether it was logged that it cannot be read. */
    boolean isKnownUnreadable;

    private int count;
    private long end = HEADER;
    private int[] offsets = new int[16];
    private int[] sizes = new int[16];
    private int[] hashes = new int[16];
    private long[] times = new long[16];
    /** For each update the one before it in the same bucket, and for each bucket the newest; both plus one. */
    private int[] before = new int[16];

    private int[] buckets = new int[16];

    private Segment(long base, long previous, long salt, Disk.Handle file) {
        this.base = base;
        this.previous = previous;
        this.name = name(base);
        this.salt = salt;
        this.file = file;
    }

    static String name(long base) {
        return String.format("%019d%s", base, SUFFIX);
    }

    /** The number of the first update of the file with this name; -1 if it is not a segment's. */
    static long base(String name) {
        return name.matches("[0-9]{19}\\.log") ? Long.parseLong(name.substring(0, 19)) : -1;
    }

    static boolean isOurs(String name) {
        return name.matches("[0-9]{19}\\.(log|begun)");
    }

    /**
     * The base of the newest segment that was ever begun here, as far as is known; 0 if that is not. Each segment, once it
     * is there for sure and before its first update, leaves an empty file that says so: who finds that and not the
     * segment knows that it was taken away, with numbers that others know.
     */
    static long newestBegun(List<String> names) {
        return names.stream()
                .filter(name -> name.matches("[0-9]{19}\\.begun"))
                .mapToLong(name -> Long.parseLong(name.substring(0, 19)))
                .max()
                .orElse(0);
    }

    private static String begun(long base) {
        return String.format("%019d.begun", base);
    }

    /** From now on, even after a loss of power, this is the newest that was begun. */
    void noteBegun(Disk disk) throws IOException {
        disk.create(begun(base)).close();
        disk.forceNames();
        for (String name : disk.names()) {
            if (name.endsWith(".begun") && !name.equals(begun(base))) {
                disk.delete(name);
            }
        }
    }

    void forgetBegun(Disk disk) throws IOException {
        disk.delete(begun(base));
    }

    static Segment create(Disk disk, long base, long previous, long salt) throws IOException {
        Disk.Handle file = disk.create(name(base));
        try {
            file.write(0, header(salt, previous), HEADER);
            file.force();
            disk.forceNames();
            Segment created = new Segment(base, previous, salt, file);
            created.noteBegun(disk);
            return created;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /**
     * Reads a segment and takes up all its whole frames.
     *
     * @param next where the next segment begins, {@link Long#MAX_VALUE} for the last one. What the last one has behind
     *     its last whole frame is a batch that was never finished, thus never acknowledged; it is cut off
     * @return {@code null} if it is the last one and its creation was never finished: such a file is worth nothing
     * @throws HistoryException if acknowledged updates cannot be read any more
     */
    static @Nullable Segment open(Disk disk, long base, long next, Hash hash) throws IOException {
        String name = name(base);
        boolean last = next == Long.MAX_VALUE;
        Disk.Handle file = disk.open(name);
        try {
            byte[] bytes = new byte[Math.toIntExact(file.length())];
            file.read(0, bytes);
            ByteBuffer content = ByteBuffer.wrap(bytes);
            if (bytes.length < HEADER
                    || !Arrays.equals(bytes, 0, HEADER, header(content.getLong(8), content.getLong(16)), 0, HEADER)) {
                if (last && bytes.length <= HEADER) {
                    file.close();
                    return null;
                }
                throw damaged(disk, name, 0, base, next);
            }
            Segment segment = new Segment(base, content.getLong(16), content.getLong(8), file);
            int at = HEADER;
            int newest = 0;
            int length;
            while ((length = Frame.lengthAt(content, at, segment.salt)) > 0
                    && Frame.first(content, at) == segment.next()
                    && segment.next() < next) {
                content.limit(at + length).position(at + Frame.HEADER);
                for (int i = Frame.count(content, at); i > 0; i--) {
                    int start = content.position();
                    Stored update = Frame.read(content, segment.next(), Frame.timeMillis(content, at));
                    segment.add(update, start, hash);
                }
                content.limit(bytes.length);
                newest = at;
                at += length;
                segment.end = at;
            }
            if (segment.next() < next && (!last || frameBehind(content, at, segment))) {
                throw damaged(disk, name, at, segment.next(), next);
            }
            if (last) {
                if (at < bytes.length) {
                    LOG.log(
                            Level.WARNING,
                            "In {0} the last {1} bytes of {2} are a write that was not finished; they are cut off",
                            disk,
                            Integer.toString(bytes.length - at),
                            name);
                    file.truncate(at);
                }
                // The newest frame may be known to the system's cache only: the process was killed before its force, or
                // that force failed, and then another one does not try again. So it is written again.
                file.write(newest, Arrays.copyOfRange(bytes, newest, at), at - newest);
                file.force();
            }
            return segment;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static byte[] header(long salt, long previous) {
        ByteBuffer header = ByteBuffer.allocate(HEADER);
        header.putLong(MAGIC).putLong(salt).putLong(previous);
        CRC32C checksum = new CRC32C();
        checksum.update(header.duplicate().flip());
        return header.putInt((int) checksum.getValue()).array();
    }

    /** Whether an undamaged frame lies here or somewhere behind: then something acknowledged lay before it. */
    private static boolean frameBehind(ByteBuffer content, int at, Segment segment) {
        for (int i = at; i <= content.limit() - Frame.HEADER; i++) {
            if (Frame.lengthAt(content, i, segment.salt) > 0 && Frame.first(content, i) > segment.next()) {
                return true;
            }
        }
        return false;
    }

    private static HistoryException damaged(Disk disk, String name, int at, long from, long next) {
        boolean last = next == Long.MAX_VALUE;
        return new HistoryException("The history is damaged: file " + name + " in " + disk + ", from byte " + at
                + " on; update " + from + (last ? " and those after it" : " to " + (next - 1))
                + " cannot be read. Put the file back from a backup, or move it away: then its updates"
                + (last ? "" : " and all older ones") + " are given up.");
    }

    /** Takes up an update whose record lies at this offset. */
    void add(Stored update, int offset, Hash hash) {
        reserve(1);
        offsets[count] = offset;
        sizes[count] = (int) update.size();
        times[count] = update.timeMillis();
        hashes[count] = hash.of(update.id());
        link(count++);
    }

    /** Has room for so many more: then {@link #add} takes no memory. Where there is none, nothing has changed. */
    void reserve(int more) {
        int larger = offsets.length;
        while (larger < count + more) {
            larger *= 2;
        }
        if (larger == offsets.length) {
            return;
        }
        int[] largerOffsets = Arrays.copyOf(offsets, larger);
        int[] largerSizes = Arrays.copyOf(sizes, larger);
        int[] largerHashes = Arrays.copyOf(hashes, larger);
        long[] largerTimes = Arrays.copyOf(times, larger);
        int[] largerBefore = new int[larger];
        int[] largerBuckets = new int[larger];
        offsets = largerOffsets;
        sizes = largerSizes;
        hashes = largerHashes;
        times = largerTimes;
        before = largerBefore;
        buckets = largerBuckets;
        for (int i = 0; i < count; i++) {
            link(i);
        }
    }

    private void link(int i) {
        int bucket = hashes[i] & (buckets.length - 1);
        before[i] = buckets[bucket];
        buckets[bucket] = i + 1;
    }

    void end(long newEnd) {
        end = newEnd;
    }

    /** Where the next frame goes. */
    long end() {
        return end;
    }

    int count() {
        return count;
    }

    /** The number of the first update behind this segment. */
    long next() {
        return base + count;
    }

    long size(long sequence) {
        return sizes[(int) (sequence - base)];
    }

    long timeMillis(long sequence) {
        return times[(int) (sequence - base)];
    }

    /** The smallest number from this one on of an update that may have an id with this hash; -1 for none. */
    long candidate(int hash, long from) {
        long found = -1;
        // from the newest to the oldest; publishers may give all updates the same id, so nothing is collected
        for (int i = buckets[hash & (buckets.length - 1)] - 1; i >= 0 && base + i >= from; i = before[i] - 1) {
            if (hashes[i] == hash) {
                found = base + i;
            }
        }
        return found;
    }

    /** Plans a page of this segment's updates from this number on. */
    Piece piece(long sequence, int maxEvents, long maxBytes) {
        int first = (int) (sequence - base);
        int last = first;
        long size = sizes[first];
        while (last + 1 < count && last + 1 - first < maxEvents && (size += sizes[last + 1]) <= maxBytes) {
            last++;
        }
        long to = last + 1 < count ? offsets[last + 1] : end;
        return new Piece(
                sequence,
                Arrays.copyOfRange(offsets, first, last + 1),
                Arrays.copyOfRange(times, first, last + 1),
                (int) (to - offsets[first]));
    }

    /** Reads what was planned. */
    List<Stored> read(Piece piece) throws IOException {
        byte[] bytes = new byte[piece.length];
        file.read(piece.offsets[0], bytes);
        ByteBuffer records = ByteBuffer.wrap(bytes);
        List<Stored> updates = new ArrayList<>(piece.offsets.length);
        try {
            for (int i = 0; i < piece.offsets.length; i++) {
                records.position(piece.offsets[i] - piece.offsets[0]);
                updates.add(Frame.read(records, piece.first + i, piece.times[i]));
            }
        } catch (RuntimeException damaged) {
            EOFException unreadable = new EOFException("update " + (piece.first + updates.size()) + " is damaged");
            unreadable.initCause(damaged);
            throw unreadable;
        }
        return updates;
    }

    /** Where some consecutive updates lie. */
    @SuppressWarnings("ArrayRecordComponent") // lives for the length of a read
    record Piece(long first, int[] offsets, long[] times, int length) {}

    /** A hash of ids that differs from process to process, so that no publisher can prepare ids that collide. */
    record Hash(long seed) {
        int of(String id) {
            long hash = seed;
            for (int i = 0; i < id.length(); i++) {
                hash = (hash ^ id.charAt(i)) * (seed | 1);
                hash ^= hash >>> 29;
            }
            return (int) (hash ^ (hash >>> 32));
        }
    }

    /** Whether what comes goes to a new one. */
    boolean isFull(Retention retention, long now) {
        if (count() == 0) {
            return false;
        }
        return end() >= Math.clamp(retention.maxBytes() / OF_THE_WHOLE, 1 << 16, 1 << 26)
                || count() >= Math.max(retention.maxEvents() / OF_THE_WHOLE, 1000)
                || !retention.maxAge().isZero()
                        && now - timeMillis(base)
                                >= Math.max(retention.maxAge().toMillis() / OF_THE_WHOLE, SHORTEST_MILLIS);
    }

    /** Closes the files of all of these, and their disk. */
    static void close(List<Segment> segments, Disk disk) {
        try (disk) {
            for (Segment segment : segments) {
                segment.file.close();
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "Closing the history in " + disk, e);
        }
    }
}
