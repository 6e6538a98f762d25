package millrace.auth;

import com.nimbusds.jose.JWSHeader;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Keys that their issuer changes. One virtual thread of its own fetches them: at the start, then at regular intervals, and
 * when a token names a key that is not known, but then not sooner than a pause after the last attempt: tokens with
 * invented key ids cause no flood of fetches. Whatever goes wrong with a fetch, the last good keys stay.
 */
final class RotatingKeys implements KeySource {

    private static final Logger LOG = System.getLogger(RotatingKeys.class.getName());

    /** A file is near, and is where an operator waits for a change to work. */
    private static final Duration FILE_PAUSE = Duration.ofSeconds(5);

    /** Fetches the text; may block, and is interrupted at the end. */
    interface Fetch {
        String get() throws IOException, InterruptedException;
    }

    private final String place;
    private final Fetch fetch;
    private final Function<String, List<VerificationKey>> reader;
    private final Duration interval;
    private final Duration pause;
    private final Thread thread;

    // after the constructor written by the thread alone
    private volatile @Nullable List<VerificationKey> keys;

    // under the lock: the state of the wish for an early fetch
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wished = lock.newCondition();
    private boolean wish;
    private boolean pausing;

    /**
     * Starts fetching.
     *
     * @param place for the log: the URL or the file
     * @param reader from text to keys; throws {@link IllegalArgumentException}
     * @param interval how long keys are used before they are fetched again
     * @param pause the shortest time between two fetches
     */
    RotatingKeys(
            String place,
            Fetch fetch,
            Function<String, List<VerificationKey>> reader,
            Duration interval,
            Duration pause) {
        this(place, fetch, reader, interval, pause, null);
    }

    private RotatingKeys(
            String place,
            Fetch fetch,
            Function<String, List<VerificationKey>> reader,
            Duration interval,
            Duration pause,
            @Nullable List<VerificationKey> keys) {
        this.place = place;
        this.fetch = fetch;
        this.keys = keys;
        this.pausing = keys != null;
        this.reader = reader;
        this.interval = interval;
        this.pause = pause;
        this.thread = Thread.ofVirtual().name("auth-keys").start(this::run);
    }

    /**
     * Reads a file at once, so that a wrong one stops the start, and again at intervals.
     *
     * @throws IOException when it cannot be read
     * @throws IllegalArgumentException when no key in it can be used
     */
    static RotatingKeys startingWith(
            String place, Fetch fetch, Function<String, List<VerificationKey>> reader, Duration interval)
            throws IOException {
        try {
            return new RotatingKeys(place, fetch, reader, interval, FILE_PAUSE, reader.apply(fetch.get()));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while reading " + place, interrupted);
        }
    }

    @Override
    public List<VerificationKey> candidates(JWSHeader header) throws AccessException {
        List<VerificationKey> known = keys;
        List<VerificationKey> fitting = known == null
                ? List.of()
                : known.stream().filter(key -> key.fits(header)).toList();
        if (fitting.isEmpty() && (askForFetch() || known == null)) {
            throw AccessException.keysUnavailable();
        }
        return fitting;
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    /** Whether a fetch is on its way that may bring what was missed. */
    private boolean askForFetch() {
        lock.lock();
        try {
            if (pausing) {
                return false;
            }
            wish = true;
            wished.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            boolean good = keys != null || fetchOnce();
            while (true) {
                pauseAfterFetch();
                waitForWish(good ? interval.minus(pause) : Duration.ZERO);
                good = fetchOnce();
            }
        } catch (InterruptedException closed) {
            LOG.log(Level.DEBUG, "No more keys are fetched from {0}", place);
        }
    }

    private boolean fetchOnce() throws InterruptedException {
        try {
            keys = reader.apply(fetch.get());
            return true;
        } catch (IOException | RuntimeException | Error failure) {
            // whatever it is, e.g. that the process may open no more files: without this thread keys would never change
            if (Thread.interrupted()) {
                throw new InterruptedException("closed while fetching");
            }
            LOG.log(
                    Level.WARNING,
                    "Keys could not be fetched from {0}, {1}: {2}",
                    place,
                    keys == null ? "and there are none yet" : "the last good ones stay",
                    failure.getMessage() == null ? failure.toString() : failure.getMessage());
            return false;
        }
    }

    private void pauseAfterFetch() throws InterruptedException {
        setPausing(true);
        try {
            Thread.sleep(pause);
        } finally {
            setPausing(false);
        }
    }

    private void setPausing(boolean value) {
        lock.lock();
        try {
            pausing = value;
            // a wish from before this fetch has been fulfilled by it
            wish = false;
        } finally {
            lock.unlock();
        }
    }

    private void waitForWish(Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long nanos = atMost.toNanos();
            while (!wish && nanos > 0) {
                nanos = wished.awaitNanos(nanos);
            }
            wish = false;
        } finally {
            lock.unlock();
        }
    }
}
