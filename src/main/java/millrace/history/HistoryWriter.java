package millrace.history;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The thread that writes a {@link FileHistory}: all that waits becomes one {@link Frame} at the end of the newest
 * {@link Segment}, is forced to disk, and only then handed to the sink and acknowledged.
 */
final class HistoryWriter {
    private static final System.Logger LOG = System.getLogger(FileHistory.class.getName());

    private static final int BATCH_BYTES = 1 << 20;
    private static final long QUEUED_BYTES = 32 << 20;
    /** How often it looks after its files, and drops what is too old, where nothing is published. */
    private static final long IDLE_MILLIS = 1_000;

    private final Disk disk;
    private final Kept kept;
    private final Retention retention;
    private final InstantSource clock;
    private final Sink sink;
    private final SecureRandom random;
    private final Consumer<HistoryException> whenLost;
    private final boolean mayBeLost;
    private @Nullable Thread thread;

    // between those who append and the writer
    private final LinkedBlockingQueue<Pending> queue = new LinkedBlockingQueue<>();
    private final AtomicLong queuedBytes = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    /** The last element of the queue. */
    private final Pending end =
            new Pending(new Update("end", List.of("end"), true, null, null, null), new byte[0], new byte[0]);

    private final AtomicBoolean closing = new AtomicBoolean();
    private volatile boolean finished;

    // only the writer
    private byte[] frame = new byte[1 << 16];
    private @Nullable Segment active;

    /** Set where the files were taken away, as its last act. */
    private boolean isLost;

    /** How often something was forced to disk; written by the writer. */
    private volatile long forces;

    /** Why nothing can be written; written by the writer. */
    private volatile @Nullable HistoryException failure;

    /**
     * @param mayBeLost whether somebody opens the history anew where its files were taken away
     * @param whenLost told by the writer, as its last act, where that has happened
     */
    HistoryWriter(
            Disk disk,
            Kept kept,
            Retention retention,
            InstantSource clock,
            Sink sink,
            SecureRandom random,
            long forces,
            boolean mayBeLost,
            Consumer<HistoryException> whenLost)
            throws IOException {
        this.disk = disk;
        this.kept = kept;
        this.retention = retention;
        this.clock = clock;
        this.sink = sink;
        this.random = random;
        this.forces = forces;
        this.mayBeLost = mayBeLost;
        this.whenLost = whenLost;
        Segment newest = kept.newest();
        this.active = newest == null ? create() : newest;
    }

    void start() {
        thread = Thread.ofPlatform().name("millrace-history").daemon().start(this::run);
    }

    // ---- any thread

    CompletableFuture<Stored> append(Update update) {
        byte[] event = update.event().encode();
        byte[] record = Frame.record(update, event);
        if (closing.get()) {
            return refuse("The history is closed.");
        }
        long queued = queuedBytes.addAndGet(record.length);
        if (queued > QUEUED_BYTES
                && queued > record.length) { // a single one is taken however large the settings let it be
            queuedBytes.addAndGet(-record.length);
            return refuse("More is published than the disk takes.");
        }
        Pending pending = new Pending(update, event, record);
        queue.add(pending);
        if (finished) {
            failQueued();
        }
        return pending.future;
    }

    private CompletableFuture<Stored> refuse(String message) {
        failed.incrementAndGet();
        return CompletableFuture.failedFuture(new HistoryException(message));
    }

    @Nullable
    HistoryException failure() {
        return failure;
    }

    /** How many updates were refused or could not be written. */
    long failed() {
        return failed.get();
    }

    long forces() {
        return forces;
    }

    boolean isClosing() {
        return closing.get();
    }

    /** Writes what waits, and ends. False where that takes longer: the disk does not answer. */
    boolean close(Duration patience) {
        if (closing.compareAndSet(false, true)) {
            queue.add(end);
        }
        Thread writer = thread;
        return writer == null || Thread.currentThread() == writer || awaitEnd(writer, patience);
    }

    private static boolean awaitEnd(Thread writer, Duration patience) {
        long giveUp = System.nanoTime() + patience.toNanos();
        boolean interrupted = false;
        while (writer.isAlive() && System.nanoTime() - giveUp < 0) {
            try {
                writer.join(Duration.ofNanos(Math.max(1, giveUp - System.nanoTime())));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !writer.isAlive();
    }

    // ---- the writer

    private void run() {
        List<Pending> batch = new ArrayList<>();
        boolean open = true;
        try {
            while (open) {
                try {
                    open = takeTurn(batch);
                } catch (RuntimeException | Error bug) { // without this thread every publisher would wait for ever
                    LOG.log(Level.ERROR, "The history in " + disk + " goes on after a failure", bug);
                    HistoryException failure = new HistoryException("The history failed.", bug);
                    batch.forEach(pending -> pending.future.completeExceptionally(failure)); // unless it is complete
                    batch.clear();
                    open = !closing.get() && !isLost; // the end of the queue may have been in it
                }
            }
        } finally {
            finished = true;
            failQueued();
            kept.close(isLost); // here, so that another can have the files also where nobody waited so long
            if (isLost) {
                whenLost.accept(Objects.requireNonNull(failure));
            }
        }
    }

    /** Writes what waits. False at the end of the queue. */
    private boolean takeTurn(List<Pending> batch) {
        boolean open = true;
        long size = 0;
        for (Pending pending = await(); pending != null; pending = size < BATCH_BYTES ? queue.poll() : null) {
            if (pending == end) {
                open = false;
                break;
            }
            batch.add(pending);
            size += pending.record.length;
        }
        try {
            if (batch.isEmpty()) {
                look();
            } else {
                write(batch);
            }
        } finally {
            queuedBytes.addAndGet(-size);
        }
        batch.clear();
        if (isLost) {
            return false;
        }
        deleteDropped();
        return open;
    }

    /** Whether there is still a place to write to, while nobody writes. */
    private void look() {
        try {
            requirePlace(failure == null ? active : writable(Math.max(clock.millis(), kept.lastTimeMillis())));
            succeeded();
        } catch (IOException | RuntimeException | Error e) {
            var unused = failed(e);
        }
    }

    private void requirePlace(@Nullable Segment segment) throws IOException {
        disk.check();
        if (segment != null) {
            segment.file.check();
        }
    }

    /** Says it once, and remembers it. */
    private HistoryException failed(Throwable e) {
        isLost = e instanceof Disk.LostException && mayBeLost;
        HistoryException now = new HistoryException(
                "The history in " + disk + " cannot be written (" + e + "). Nothing is published until it can:"
                        + (isLost
                                ? " put the directory back as it was."
                                : " free space there, or mend what the disk reports."),
                e);
        if (failure == null) {
            LOG.log(Level.ERROR, now.getMessage(), e);
        }
        failure = now;
        return now;
    }

    private void succeeded() {
        if (failure != null) {
            failure = null;
            LOG.log(Level.INFO, "The history in {0} can be written again", disk);
        }
    }

    private @Nullable Pending await() {
        try {
            return queue.poll(IDLE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException ignored) {
            return null; // nobody has a reason to interrupt this thread; some containers do it before they stop us
        }
    }

    private void failQueued() {
        for (Pending pending = queue.poll(); pending != null; pending = queue.poll()) {
            failed.incrementAndGet();
            pending.future.completeExceptionally(new HistoryException("The history is closed."));
        }
    }

    private void write(List<Pending> batch) {
        List<Stored> stored;
        try {
            stored = persist(batch);
        } catch (IOException | RuntimeException | Error e) {
            abandon(e);
            HistoryException reason = failed(e);
            failed.addAndGet(batch.size());
            batch.forEach(pending -> pending.future.completeExceptionally(reason));
            return;
        }
        succeeded();
        for (Stored update : stored) {
            try {
                sink.accept(update);
            } catch (RuntimeException | Error bug) {
                LOG.log(Level.ERROR, "The sink failed for update " + update, bug);
            }
        }
        for (int i = 0; i < stored.size(); i++) {
            batch.get(i).future.complete(stored.get(i));
        }
    }

    private List<Stored> persist(List<Pending> batch) throws IOException {
        long now = Math.max(clock.millis(), kept.lastTimeMillis());
        Segment segment = writable(now);
        int length = Frame.HEADER;
        for (Pending pending : batch) {
            length += pending.record.length;
        }
        if (length > frame.length || frame.length > 2 * BATCH_BYTES) {
            frame = new byte[Math.max(length, BATCH_BYTES)];
        }
        ByteBuffer buffer = ByteBuffer.wrap(frame).position(Frame.HEADER);
        for (Pending pending : batch) {
            buffer.put(pending.record);
        }
        Frame.seal(buffer, segment.salt, kept.next(), now, batch.size());
        // Everything that takes memory comes before the write: where there is none left, the whole batch fails or none
        // of it. Half of it in the index would be missing from the file, which is cut off after a failure.
        List<Stored> stored = new ArrayList<>(batch.size());
        for (Pending pending : batch) {
            Update update = pending.update;
            long sequence = kept.next() + stored.size();
            stored.add(new Stored(sequence, now, update.id(), update.topics(), update.isPrivate(), pending.event));
        }
        kept.reserve(segment, batch.size());
        segment.file.write(segment.end(), frame, length);
        segment.file.force();
        requirePlace(segment); // last: what is acknowledged can be found

        forced(1);
        int[] lengths =
                batch.stream().mapToInt(pending -> pending.record.length).toArray();
        kept.add(segment, stored, lengths, length, now);
        return stored;
    }

    /** The segment that takes the next frame: a new one where there is none, or where it is full. */
    private Segment writable(long now) throws IOException {
        Segment segment = active;
        if (segment != null && !segment.isFull(retention, now)) {
            return segment;
        }
        Segment created = create();
        active = created;
        return created;
    }

    private Segment create() throws IOException {
        Segment newest = kept.newest();
        Segment created = Segment.create(disk, kept.next(), newest == null ? 0 : newest.base, random.nextLong());
        forced(3);
        kept.begin(created);
        return created;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // by the writer alone
    private void forced(int times) {
        forces += times;
    }

    /** Never writes to this segment again, and leaves as little of the failed batch in it as the disk allows. */
    private void abandon(Throwable cause) {
        Segment segment = active;
        active = null;
        if (segment == null) {
            return;
        }
        try {
            // where the files were taken away the name may be that of somebody else's file by now
            if (segment.count() > 0 || cause instanceof Disk.LostException) {
                segment.file.truncate(segment.end());
            } else {
                kept.remove(segment);
                segment.file.close();
                segment.forgetBegun(disk);
                disk.delete(segment.name);
            }
        } catch (IOException alsoFailed) {
            cause.addSuppressed(alsoFailed);
        }
    }

    /** Deletes the segments of which nothing is kept any more. */
    private void deleteDropped() {
        for (Segment segment = kept.removeDropped(); segment != null; segment = kept.removeDropped()) {
            try {
                segment.file.close();
                disk.delete(segment.name);
            } catch (IOException e) {
                LOG.log(Level.WARNING, "Cannot delete " + segment.name + " in " + disk, e);
            }
        }
    }
}
