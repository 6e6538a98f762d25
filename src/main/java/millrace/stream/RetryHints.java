package millrace.stream;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.sse.Event;

/** Tells clients when to come back. Any thread. */
final class RetryHints {

    private final long retryMillis;
    private final Duration restartTime;

    /** When the drain ends, by {@link System#nanoTime}. */
    private volatile long drainedAt = System.nanoTime();

    RetryHints(Config config) {
        this.retryMillis = config.get(Settings.RETRY).toMillis();
        this.restartTime = config.get(Settings.RESTART_TIME);
    }

    /** The application drains for so long from now on. */
    void drains(Duration time) {
        drainedAt = System.nanoTime() + time.toNanos();
    }

    /**
     * {@code retry:} give or take a third, so that clients that were cut together do not come back together; while the
     * application stops, on top of the time until it is back: on a server that lives on, a container that answers in its
     * place says 404, or a proxy 502, and an {@code EventSource} would give up for good.
     */
    byte[] next(boolean draining) {
        long third = retryMillis / 3;
        long millis = retryMillis - third + ThreadLocalRandom.current().nextLong(2 * third + 1);
        Duration away = draining ? untilRestarted() : Duration.ZERO;
        return new Event(null, null, null, away.plusMillis(millis)).encode();
    }

    /** The rest of the drain, and the time that a restart takes by the settings. */
    Duration untilRestarted() {
        return restartTime.plusNanos(Math.max(0, drainedAt - System.nanoTime()));
    }
}
