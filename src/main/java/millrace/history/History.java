package millrace.history;

import java.lang.System.Logger.Level;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.metrics.Metrics;
import org.jspecify.annotations.Nullable;

/**
 * The ordered log of all updates of one hub.
 *
 * <p><b>One order.</b> Every update gets the next number of one sequence: 1, 2, 3 … without gaps, and going on over
 * restarts if the log survives them. For each update, in the order of these numbers, the following happens one after
 * the other:
 *
 * <ol>
 *   <li>it is made durable, as far as this log promises that;
 *   <li>it can be seen by {@link #after}, {@link #find} and {@link #bounds};
 *   <li>the {@link Sink}, given when the log was opened, is called with it, once, by one thread at a time;
 *   <li>the future of {@link #append} completes.
 * </ol>
 *
 * <p>So who first makes sure that the sink's updates reach him, and then reads pages up to one that is the
 * {@linkplain Page#last last}, has missed nothing if he goes on with what the sink got above {@link Page#end}; and has
 * nothing twice if he leaves out what it got up to there.
 *
 * <p><b>Dropping.</b> Old updates are dropped by {@link Retention}, from the old end, at any time. Numbers are never
 * used again for another update.
 *
 * <p><b>Threads.</b> Every method may be called by every thread; none waits for another caller longer than it takes to
 * copy a page. An interrupt of the caller harms nothing.
 *
 * <p><b>Failure.</b> Where a {@link HistoryException} is thrown or completes a future, the web answers 503.
 */
public interface History extends AutoCloseable {

    /**
     * Opens the history that the settings ask for, and logs where it lies. If that fails, the reason is logged, and the
     * history that is returned refuses every update with it, until it can be opened: that is tried again every few
     * seconds while somebody asks for it, and told to the sink. Nothing else is affected.
     *
     * @param application the name of the web application, for the standard place of the file
     * @param sink gets every update that is appended from now on
     */
    static History open(Config config, String application, Metrics metrics, Sink sink) {
        Retention retention = new Retention(
                config.get(Settings.HISTORY_EVENTS),
                config.get(Settings.HISTORY_BYTES),
                config.get(Settings.HISTORY_AGE));
        String kind = config.get(Settings.HISTORY);
        History history;
        if (kind.equals("memory")) {
            history = new MemoryHistory(retention, InstantSource.system(), sink);
        } else {
            Supplier<History> open = () -> openFile(kind.substring("file:".length()), application, retention, sink);
            try {
                history = open.get();
            } catch (HistoryException reason) {
                System.getLogger(History.class.getName()).log(Level.ERROR, reason.getMessage(), reason);
                history = new ReopeningHistory(reason, open, sink, System::nanoTime);
            }
        }
        HistoryMetrics.register(history, metrics.registry());
        return history;
    }

    private static History openFile(String path, String application, Retention retention, Sink sink) {
        try {
            Path directory = path.isEmpty() ? Place.standard(System.getProperties(), application) : Path.of(path);
            return FileHistory.open(directory, retention, InstantSource.system(), sink);
        } catch (InvalidPathException e) {
            throw new HistoryException(Settings.HISTORY.key() + " names no place: " + e.getMessage(), e);
        }
    }

    /**
     * Puts an update at the end of the log. Does not block. Updates that one thread appends one after the other stand
     * in that order.
     *
     * <p>The caller's thread may be the one that completes the future, or another: dependent actions must neither
     * block nor take long; use the {@code …Async} forms, or wait for it.
     *
     * @return completes with the update and its number when it is durable and the sink had it; or exceptionally with
     *     {@link HistoryException}: then the update was not delivered. After a failure of the disk, and only then, it is
     *     possible that it is found in the log after a restart nevertheless, as with every answer that is lost on its way
     */
    CompletableFuture<Stored> append(Update update);

    /**
     * Reads on after a number, from 0 for everything held to the newest. May read from a file, so it may wait for the disk.
     *
     * <p>Readers go on with {@link Page#end} until a page is {@link Page#last}. What was dropped meanwhile is skipped
     * and counted in {@link Page#missed}. A number greater than the newest gives an empty last page, whose end is the newest.
     *
     * @param maxEvents at least 1
     * @param maxBytes a page ends before the update that would pass this many bytes, by {@link Stored#size}; but it
     *     holds one update at least, if there is one
     * @throws HistoryException if the log cannot be read
     */
    Page after(long sequence, int maxEvents, long maxBytes);

    /**
     * The number of the update with this id: the earliest one still held, if publishers used the id more than once.
     * Empty if none is held.
     *
     * @throws HistoryException if the log cannot be read
     */
    OptionalLong find(String id);

    /** What is held now; known as soon as the log is open. */
    Bounds bounds();

    /**
     * Random bytes that belong to this log: as long as it survives restarts, so do they, and another log has others.
     * Sixteen of them; a copy.
     */
    byte[] secret();

    /**
     * Why updates are not taken at the moment; {@code null} where they are, as far as is known. Noticed within about a second
     * also where nothing is published, and gone as soon as they are taken again. Does not wait.
     */
    default @Nullable HistoryException failure() {
        return null;
    }

    /** What was done and what is kept, for metrics. */
    Stats stats();

    /** Finishes what was appended, then refuses everything. Waits for the disk, but not forever. May be called twice. */
    @Override
    void close();

    /**
     * Counts since the log was opened, and sizes now.
     *
     * @param events updates held
     * @param bytes their {@link Stored#size}
     * @param appended updates acknowledged
     * @param failed updates refused
     * @param forces how often the disk was told to write
     * @param diskBytes length of all files
     */
    record Stats(long events, long bytes, long appended, long failed, long forces, long diskBytes) {}
}
