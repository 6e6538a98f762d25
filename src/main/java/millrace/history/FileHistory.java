package millrace.history;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
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

    private static final int BATCH_BYTES = 1 << 20;
    private static final long QUEUED_BYTES = 32 << 20;
    private static final long TAIL_BYTES = 16 << 20;
    /** Dropped updates stay on the disk until their segment can go: a sixteenth of what is kept, or so. */
    private static final int SEGMENTS = 16;

    /** How often it looks after its files, and drops what is too old, where nothing is published. */
    private static final long IDLE_MILLIS = 1_000;

    /** A segment is not begun anew for its age more often than that. */
    private static final long SEGMENT_MILLIS = 60_000;

    private static final Duration CLOSE = Duration.ofSeconds(30);
    private static final String SECRET = "secret";
    private static final int PAGES_AT_ONCE = Math.max(1, Runtime.getRuntime().availableProcessors() - 1);

    private final Disk disk;
    private final Retention retention;
    private final InstantSource clock;
    private final Sink sink;
    private final long tailBytes;
    private final Segment.Hash hash;
    private final byte[] secret;
    private final Thread writer;

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
    private final SecureRandom random = new SecureRandom();
    private byte[] frame = new byte[1 << 16];
    private @Nullable Segment active;

    /** Why nothing can be written; written by the writer. */
    private volatile @Nullable HistoryException failure;

    /** Set by the writer where the files were taken away, as its last act. */
    private boolean isLost;

    /** Opens what is in the same place then; {@code null} where nobody knows how. */
    private final @Nullable Supplier<History> again;

    /** What this stands for since it was lost. */
    private volatile @Nullable History successor;

    /** Guards everything below, which only the writer changes, except that every reader may drop. */
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * Who reads a page: a hundred replays at once must leave a processor to those who publish. Apart for those whose page
     * is in memory: they do not wait for a disk.
     */
    private final Semaphore pagesInMemory = new Semaphore(PAGES_AT_ONCE);

    private final Semaphore pagesOnDisk = new Semaphore(PAGES_AT_ONCE);

    private final List<Segment> segments = new ArrayList<>();
    private final Ring tail;
    private long oldest;
    private long next;
    private long bytes;
    private long lastTimeMillis;
    private @Nullable String newestId;
    private long appended;
    private long forces;
    private boolean closed;

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

    private FileHistory(
            Disk disk,
            Retention retention,
            InstantSource clock,
            Sink sink,
            long tailBytes,
            @Nullable Supplier<History> again)
            throws IOException {
        this.again = again;
        this.disk = disk;
        this.retention = retention;
        this.clock = clock;
        this.sink = sink;
        this.tailBytes = tailBytes;
        this.hash = new Segment.Hash(random.nextLong());
        try {
            openSegments();
            this.next = segments.isEmpty() ? 1 : segments.getLast().next();
            this.oldest = segments.isEmpty() ? 1 : segments.getFirst().base;
            for (Segment segment : segments) {
                for (long i = segment.base; i < segment.next(); i++) {
                    bytes += segment.size(i);
                    lastTimeMillis = segment.timeMillis(i);
                }
            }
            drop(clock.millis());
            this.tail = new Ring(tailStart());
            fillTail();
            long begun = Segment.newestBegun(disk.names());
            boolean removed = !segments.isEmpty() && begun > segments.getLast().base;
            if (removed) {
                LOG.log(
                        Level.WARNING,
                        "In the history in {0} file {1} is missing; its updates are given up, and their numbers used"
                                + " again: cursors of before are good no more",
                        disk,
                        Segment.name(begun));
            }
            this.secret = openSecret(segments.isEmpty() || removed);
            if (segments.isEmpty()) {
                segments.add(create());
            } else if (begun != segments.getLast().base) {
                segments.getLast().noteBegun(disk);
                forces++;
            }
            active = segments.getLast();
        } catch (IOException | RuntimeException | Error e) { // nobody else could ever open it again in this process
            closeFiles();
            throw e;
        }
        LOG.log(
                Level.INFO,
                "History in {0}: {1} updates, the newest is number {2}",
                disk,
                Long.toString(next - oldest),
                Long.toString(next - 1));
        this.writer = Thread.ofPlatform().name("millrace-history").daemon().start(this::run);
    }

    // ---- opening

    /** Whether a file of this name is one that a history makes. */
    static boolean isOurs(String name) {
        return name.equals(SECRET) || Segment.isOurs(name);
    }

    private void openSegments() throws IOException {
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

    private long tailStart() {
        long start = next;
        long size = 0;
        while (start > oldest && (size += segmentOf(start - 1).size(start - 1)) <= tailBytes) {
            start--;
        }
        return start;
    }

    private void fillTail() throws IOException {
        while (tail.next() < next) {
            Segment segment = segmentOf(tail.next());
            segment.read(segment.piece(tail.next(), 1000, BATCH_BYTES)).forEach(tail::add);
        }
        for (Segment segment : segments.reversed()) {
            if (segment.count() > 0) {
                newestId =
                        segment.read(segment.piece(next - 1, 1, 1)).getFirst().id();
                break;
            }
        }
    }

    // ---- appending: any thread

    @Override
    public CompletableFuture<Stored> append(Update update) {
        History next = successor;
        if (next != null) {
            return next.append(update);
        }
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
            lock.lock();
            try {
                closed = true;
                closeFiles(); // here, so that another can have them also where nobody waited so long
                if (isLost) {
                    segments.clear();
                    while (!tail.isEmpty()) {
                        tail.removeOldest();
                    }
                }
            } finally {
                lock.unlock();
            }
            if (isLost && again != null) {
                HistoryException reason = Objects.requireNonNull(failure);
                History next = new ReopeningHistory(reason, again, sink, System::nanoTime);
                successor = next;
                if (closing.get()) {
                    next.close();
                }
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
            requirePlace(failure == null ? active : writable(Math.max(clock.millis(), lastTimeMillis)));
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
        isLost = e instanceof Disk.LostException && again != null;
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
        long now = Math.max(clock.millis(), lastTimeMillis);
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
        Frame.seal(buffer, segment.salt, next, now, batch.size());
        // Everything that takes memory comes before the write: where there is none left, the whole batch fails or none
        // of it. Half of it in the index would be missing from the file, which is cut off after a failure.
        List<Stored> stored = new ArrayList<>(batch.size());
        for (Pending pending : batch) {
            Update update = pending.update;
            long sequence = next + stored.size();
            stored.add(new Stored(sequence, now, update.id(), update.topics(), update.isPrivate(), pending.event));
        }
        lock.lock();
        try {
            segment.reserve(batch.size());
            tail.reserve(batch.size());
        } finally {
            lock.unlock();
        }
        segment.file.write(segment.end(), frame, length);
        segment.file.force();
        requirePlace(segment); // last: what is acknowledged can be found

        lock.lock();
        try {
            forces++;
            int offset = (int) segment.end() + Frame.HEADER;
            for (int i = 0; i < stored.size(); i++) {
                Stored added = stored.get(i);
                next++;
                segment.add(added, offset, hash);
                offset += batch.get(i).record.length;
                tail.add(added);
                bytes += added.size();
                newestId = added.id();
            }
            segment.end(segment.end() + length);
            while (tail.bytes() > tailBytes && tail.next() - tail.oldest() > 1) {
                tail.removeOldest();
            }
            lastTimeMillis = now;
            appended += batch.size();
            drop(now);
        } finally {
            lock.unlock();
        }
        return stored;
    }

    /** The segment that takes the next frame: a new one where there is none, or where it is full. */
    private Segment writable(long now) throws IOException {
        Segment segment = active;
        if (segment != null
                && (segment.count() == 0
                        || (segment.end() < Math.clamp(retention.maxBytes() / SEGMENTS, 1 << 16, 1 << 26)
                                && segment.count() < Math.max(retention.maxEvents() / SEGMENTS, 1000)
                                && (retention.maxAge().isZero()
                                        || now - segment.timeMillis(segment.base)
                                                < Math.max(
                                                        retention.maxAge().toMillis() / SEGMENTS, SEGMENT_MILLIS))))) {
            return segment;
        }
        Segment created = create();
        lock.lock();
        try {
            segments.add(created);
        } finally {
            lock.unlock();
        }
        active = created;
        return created;
    }

    private Segment create() throws IOException {
        long previous = segments.isEmpty() ? 0 : segments.getLast().base;
        Segment created = Segment.create(disk, next, previous, random.nextLong());
        forces += 3;
        return created;
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
                lock.lock();
                try {
                    segments.remove(segment);
                } finally {
                    lock.unlock();
                }
                segment.file.close();
                segment.forgetBegun(disk);
                disk.delete(segment.name);
            }
        } catch (IOException alsoFailed) {
            cause.addSuppressed(alsoFailed);
        }
    }

    /** Deletes the segments of which nothing is held, but never the one that knows the newest number and id. */
    private void deleteDropped() {
        while (true) {
            Segment segment;
            lock.lock();
            try {
                drop(clock.millis());
                segment = segments.isEmpty() ? null : segments.getFirst();
                if (segment == null || segment.next() > oldest || segment.next() == next) {
                    return;
                }
                segments.removeFirst();
            } finally {
                lock.unlock();
            }
            try {
                segment.file.close();
                disk.delete(segment.name);
            } catch (IOException e) {
                LOG.log(Level.WARNING, "Cannot delete " + segment.name + " in " + disk, e);
            }
        }
    }

    // ---- reading: any thread

    @Override
    public Page after(long sequence, int maxEvents, long maxBytes) {
        History following = successor;
        if (following != null) {
            return following.after(sequence, maxEvents, maxBytes);
        }
        Page page = null;
        pagesInMemory.acquireUninterruptibly();
        try {
            page = read(sequence, maxEvents, maxBytes, false);
        } finally {
            pagesInMemory.release();
        }
        if (page != null) {
            return page;
        }
        pagesOnDisk.acquireUninterruptibly();
        try {
            return Objects.requireNonNull(read(sequence, maxEvents, maxBytes, true));
        } finally {
            pagesOnDisk.release();
        }
    }

    /** {@code null} where it is on the disk alone and that is not to be asked. */
    private @Nullable Page read(long sequence, int maxEvents, long maxBytes, boolean fromDisk) {
        while (true) {
            long asked;
            long from;
            long newest;
            Segment segment;
            Segment.Piece piece;
            lock.lock();
            try {
                requireOpen();
                drop(clock.millis());
                newest = next - 1;
                asked = Math.min(sequence, newest);
                from = Math.max(asked + 1, oldest);
                if (from == next || from >= tail.oldest()) {
                    return page(asked, from, tail.from(from, maxEvents, maxBytes), newest);
                }
                if (!fromDisk) {
                    return null;
                }
                segment = segmentOf(from);
                piece = segment.piece(from, maxEvents, maxBytes);
            } finally {
                lock.unlock();
            }
            try {
                return page(asked, from, segment.read(piece), newest);
            } catch (IOException e) {
                boolean known;
                lock.lock();
                try {
                    requireOpen();
                    if (!segments.contains(segment)) {
                        continue; // it was dropped meanwhile: go on with what is left
                    }
                    known = segment.isKnownUnreadable;
                    segment.isKnownUnreadable = true;
                } finally {
                    lock.unlock();
                }
                HistoryException unreadable = new HistoryException(
                        "The history in " + disk + " cannot be read: file " + segment.name + " (" + e
                                + "). Mend what the disk reports, or restart to have the file checked.",
                        e);
                if (!known) { // those who want to read it come back again and again
                    LOG.log(Level.ERROR, unreadable.getMessage(), e);
                }
                throw unreadable;
            }
        }
    }

    private static Page page(long asked, long from, List<Stored> updates, long newest) {
        long end = from - 1 + updates.size();
        return new Page(updates, from - 1 - asked, end, end == newest);
    }

    @Override
    public OptionalLong find(String id) {
        History following = successor;
        if (following != null) {
            return following.find(id);
        }
        int wanted = hash.of(id);
        long from = 0;
        while (true) {
            long candidate;
            lock.lock();
            try {
                requireOpen();
                drop(clock.millis());
                candidate = candidate(wanted, Math.max(from, oldest));
            } finally {
                lock.unlock();
            }
            if (candidate < 0) {
                return OptionalLong.empty();
            }
            List<Stored> found = after(candidate - 1, 1, 1).updates();
            if (!found.isEmpty()
                    && found.getFirst().sequence() == candidate
                    && found.getFirst().id().equals(id)) {
                return OptionalLong.of(candidate);
            }
            from = candidate + 1;
        }
    }

    /** The smallest number from this one on of an update that may have an id with this hash; -1 for none. */
    private long candidate(int wanted, long from) {
        for (Segment segment : segments) {
            long found = segment.next() > from ? segment.candidate(wanted, from) : -1;
            if (found >= 0) {
                return found;
            }
        }
        return -1;
    }

    @Override
    public byte[] secret() {
        History following = successor;
        return following == null ? secret.clone() : following.secret();
    }

    @Override
    public @Nullable HistoryException failure() {
        History following = successor;
        return following == null ? failure : following.failure();
    }

    @Override
    public Bounds bounds() {
        History following = successor;
        if (following != null) {
            return following.bounds();
        }
        lock.lock();
        try {
            drop(clock.millis());
            return new Bounds(oldest, next - 1, newestId);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Stats stats() {
        History following = successor;
        if (following != null) {
            return following.stats();
        }
        lock.lock();
        try {
            long diskBytes = 0;
            for (Segment segment : segments) {
                diskBytes += segment.end();
            }
            return new Stats(next - oldest, bytes, appended, failed.get(), forces, diskBytes);
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new HistoryException("The history is closed.");
        }
    }

    /** The segment of an update that is held. */
    private Segment segmentOf(long sequence) {
        int low = 0;
        int high = segments.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (segments.get(middle).base <= sequence) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return segments.get(low);
    }

    private void drop(long now) {
        while (oldest < next && !segments.isEmpty()) {
            Segment segment = segmentOf(oldest);
            if (next - oldest <= retention.maxEvents()
                    && (bytes <= retention.maxBytes() || oldest == next - 1)
                    && !retention.outdated(segment.timeMillis(oldest), now)) {
                return;
            }
            bytes -= segment.size(oldest);
            oldest++;
        }
    }

    // ---- the end

    @Override
    public void close() {
        close(CLOSE);
    }

    void close(Duration patience) {
        if (closing.compareAndSet(false, true)) {
            queue.add(end);
        }
        if (Thread.currentThread() != writer && !awaitWriter(patience)) {
            LOG.log(Level.ERROR, "The history in {0} is left open until the disk answers", disk);
        }
        History following = successor;
        if (following != null) {
            following.close();
        }
    }

    private boolean awaitWriter(Duration patience) {
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

    private void closeFiles() {
        try (disk) {
            for (Segment segment : segments) {
                segment.file.close();
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "Closing the history in " + disk, e);
        }
    }

    /** An update on its way to the disk. */
    private static final class Pending {
        final Update update;
        final byte[] event;
        final byte[] record;
        final CompletableFuture<Stored> future = new CompletableFuture<>();

        Pending(Update update, byte[] event, byte[] record) {
            this.update = update;
            this.event = event;
            this.record = record;
        }
    }
}
