package millrace.history;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A history in a directory of its own. What is acknowledged was forced to disk and survives a kill and a loss of power.
 *
 * <pre>
 * append ─▶ queue ─▶ writer thread: all that waits becomes one {@link Frame} ─▶ write, force ─▶ visible ─▶ sink ─▶ futures
 *                                     at the end of the newest {@link Segment}
 * </pre>
 *
 * <p>So publishers that come together share one force. Old segments are deleted as a whole; nothing is ever written twice
 * or in place. The newest updates are also kept in memory, for those who were away for a moment only.
 *
 * <p>After a failed write or force it is unknown what the file holds behind its last good frame. It is never written
 * again: the next batch goes to a new segment, and the old one ends where the new one begins. As long as that fails,
 * every append fails and nothing that was acknowledged is touched; it works again as soon as the disk does.
 *
 * <p>Open files can be written although somebody deleted them, or moved their directory away. So before a batch is acknowledged,
 * and each second, it is asked whether they still are where they were. If not, this log is over: it lets go of everything,
 * and stands for the one that is opened in the same place as soon as there is a directory again.
 */
public final class FileHistory implements History {
    private static final System.Logger LOG = System.getLogger(FileHistory.class.getName());

    private static final long TAIL_BYTES = 16 << 20;
    private static final Duration CLOSE = Duration.ofSeconds(30);

    private final Disk disk;
    private final Kept kept;
    private final HistoryWriter writer;
    private final byte[] secret;

    /** What this stands for since its files were taken away. */
    private volatile @Nullable History successor;

    /**
     * Opens the history in this directory, or begins one.
     *
     * @throws HistoryException if it is damaged, in use, or cannot be read or written; the message says what to do
     */
    public static FileHistory open(Path directory, Retention retention, InstantSource clock, Sink sink) {
        Path place = directory.toAbsolutePath().normalize();
        Supplier<History> again = () -> {
            if (!Files.isDirectory(place)) { // to begin anew in silence is not for us to decide: a disk may be away
                throw new HistoryException("The history's directory " + place
                        + " is gone. Put it back, or make an empty one to begin anew.");
            }
            return open(place, retention, clock, sink);
        };
        try {
            return new FileHistory(new DirectoryDisk(place), retention, clock, sink, TAIL_BYTES, again);
        } catch (IOException e) {
            throw new HistoryException(
                    "The history in " + place + " cannot be opened (" + e
                            + "). Make it a directory that this server may"
                            + " write, or name another with millrace.history=file:PATH.",
                    e);
        }
    }

    FileHistory(Disk disk, Retention retention, InstantSource clock, Sink sink, long tailBytes) throws IOException {
        this(disk, retention, clock, sink, tailBytes, null);
    }

    /** @param again opens what is in the same place then; {@code null} where nobody knows how */
    private FileHistory(
            Disk disk,
            Retention retention,
            InstantSource clock,
            Sink sink,
            long tailBytes,
            @Nullable Supplier<History> again)
            throws IOException {
        this.disk = disk;
        SecureRandom random = new SecureRandom();
        Segment.Hash hash = new Segment.Hash(random.nextLong());
        Recovery recovery = new Recovery(disk, hash, random);
        try {
            recovery.openSegments();
            kept = new Kept(disk, retention, clock, hash, tailBytes, recovery.segments());
            secret = recovery.openSecret();
            recovery.noteBegun();
            writer = new HistoryWriter(
                    disk,
                    kept,
                    retention,
                    clock,
                    sink,
                    random,
                    recovery.forces(),
                    again != null,
                    reason -> goOnWith(
                            new ReopeningHistory(reason, Objects.requireNonNull(again), sink, System::nanoTime)));
        } catch (IOException | RuntimeException | Error e) { // nobody else could ever open it again in this process
            Segment.close(recovery.segments(), disk);
            throw e;
        }
        Bounds bounds = kept.bounds();
        LOG.log(
                Level.INFO,
                "History in {0}: {1} updates, the newest is number {2}",
                disk,
                Long.toString(bounds.newest() + 1 - bounds.oldest()),
                Long.toString(bounds.newest()));
        writer.start();
    }

    /** Whether a file of this name is one that a history makes. */
    static boolean isOurs(String name) {
        return name.equals(Recovery.SECRET) || Segment.isOurs(name);
    }

    /** By the writer, when it has ended. */
    private void goOnWith(History next) {
        successor = next;
        if (writer.isClosing()) {
            next.close();
        }
    }

    @Override
    public CompletableFuture<Stored> append(Update update) {
        History next = successor;
        return next == null ? writer.append(update) : next.append(update);
    }

    @Override
    public Page after(long sequence, int maxEvents, long maxBytes) {
        History next = successor;
        return next == null ? kept.after(sequence, maxEvents, maxBytes) : next.after(sequence, maxEvents, maxBytes);
    }

    @Override
    public OptionalLong find(String id) {
        History next = successor;
        return next == null ? kept.find(id) : next.find(id);
    }

    @Override
    public byte[] secret() {
        History next = successor;
        return next == null ? secret.clone() : next.secret();
    }

    @Override
    public @Nullable HistoryException failure() {
        History next = successor;
        return next == null ? writer.failure() : next.failure();
    }

    @Override
    public Bounds bounds() {
        History next = successor;
        return next == null ? kept.bounds() : next.bounds();
    }

    @Override
    public Stats stats() {
        History next = successor;
        return next == null ? kept.stats(writer.failed(), writer.forces()) : next.stats();
    }

    @Override
    public void close() {
        close(CLOSE);
    }

    void close(Duration patience) {
        if (!writer.close(patience)) {
            LOG.log(Level.ERROR, "The history in {0} is left open until the disk answers", disk);
        }
        History next = successor;
        if (next != null) {
            next.close();
        }
    }
}
