package millrace.stream;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * When a stream ends by itself: after a time, which is counted, or at a moment of the wall clock, which may be set. Set
 * before the stream starts; any thread asks.
 */
final class Expiry {

    /** Longer than any process lives, and not too long to be counted in nanoseconds. */
    private static final Duration FOREVER = Duration.ofDays(36_500);

    private static final long NEVER = Long.MAX_VALUE;

    private final InstantSource clock;
    private volatile long nanoTime = NEVER;
    private volatile @Nullable Instant moment;

    Expiry(InstantSource clock) {
        this.clock = clock;
    }

    void after(Duration time) {
        if (time.compareTo(FOREVER) < 0) {
            nanoTime = System.nanoTime() + time.toNanos();
        }
    }

    void at(Instant end) {
        moment = end;
    }

    /** Nanoseconds until then, if that is less. */
    long until(long now, long otherwise) {
        long left = nanoTime == NEVER ? otherwise : Math.clamp(nanoTime - now, 0, otherwise);
        Instant end = moment;
        if (end == null) {
            return left;
        }
        Duration byTheClock = Duration.between(clock.instant(), end);
        if (byTheClock.isNegative()) {
            return 0;
        }
        return byTheClock.compareTo(Duration.ofNanos(left)) < 0 ? byTheClock.toNanos() : left;
    }

    boolean isOver(long now) {
        Instant end = moment;
        return nanoTime != NEVER && nanoTime - now <= 0
                || end != null && !clock.instant().isBefore(end);
    }
}
