package millrace.history;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/** Opens what a history left on its disk. One thread. */
final class Recovery {
    private static final System.Logger LOG = System.getLogger(FileHistory.class.getName());

    static final String SECRET = "secret";

    private final Disk disk;
    private final Segment.Hash hash;
    private final SecureRandom random;
    private final List<Segment> segments = new ArrayList<>();
    private long forces;

    Recovery(Disk disk, Segment.Hash hash, SecureRandom random) {
        this.disk = disk;
        this.hash = hash;
        this.random = random;
    }

    /** The segments, oldest first, as far as they follow one another. */
    List<Segment> segments() {
        return segments;
    }

    /** How often something was forced to disk. */
    long forces() {
        return forces;
    }

    void openSegments() throws IOException {
        List<Long> bases = disk.names().stream()
                .map(Segment::base)
                .filter(base -> base > 0)
                .sorted()
                .toList();
        Segment following = null;
        for (long base : bases.reversed()) {
            if (following != null && following.previous != base) {
                LOG.log(
                        Level.WARNING,
                        "In the history in {0} file {1} is missing; older ones are of no use without it and are deleted",
                        disk,
                        Segment.name(following.previous));
                for (long older : bases) {
                    if (older <= base) {
                        disk.delete(Segment.name(older));
                    }
                }
                break;
            }
            Segment segment = Segment.open(disk, base, following == null ? Long.MAX_VALUE : following.base, hash);
            if (segment == null) {
                disk.delete(Segment.name(base));
            } else {
                segments.addFirst(segment);
                following = segment;
            }
        }
        if (following != null) {
            disk.forceNames();
            forces += 2;
        }
    }

    /** What cursors are encrypted with: a new one where the numbers of before are good no more. */
    byte[] openSecret() throws IOException {
        return openSecret(segments.isEmpty() || isNewestMissing());
    }

    private boolean isNewestMissing() throws IOException {
        long begun = Segment.newestBegun(disk.names());
        boolean missing = !segments.isEmpty() && begun > segments.getLast().base;
        if (missing) {
            LOG.log(
                    Level.WARNING,
                    "In the history in {0} file {1} is missing; its updates are given up, and their numbers used"
                            + " again: cursors of before are good no more",
                    disk,
                    Segment.name(begun));
        }
        return missing;
    }

    private byte[] openSecret(boolean fresh) throws IOException {
        byte[] bytes = new byte[16];
        if (!fresh && disk.names().contains(SECRET)) {
            try (Disk.Handle file = disk.open(SECRET)) {
                if (file.length() == bytes.length) {
                    file.read(0, bytes);
                    return bytes;
                }
            }
        }
        random.nextBytes(bytes);
        try (Disk.Handle file = disk.create(SECRET)) {
            file.write(0, bytes, bytes.length);
            file.force();
        }
        disk.forceNames();
        return bytes;
    }

    /** Notes on the disk which segment is the newest, where it does not say so. */
    void noteBegun() throws IOException {
        if (!segments.isEmpty() && Segment.newestBegun(disk.names()) != segments.getLast().base) {
            segments.getLast().noteBegun(disk);
            forces++;
        }
    }
}
