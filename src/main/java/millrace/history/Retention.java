package millrace.history;

import java.time.Duration;

/**
 * How much is kept. An update is dropped, oldest first, as soon as one of the limits is passed; the newest one is
 * dropped for its age only.
 *
 * @param maxEvents at least 1
 * @param maxBytes in units of {@link Stored#size}; at least 1
 * @param maxAge {@link Duration#ZERO} for no limit
 */
public record Retention(long maxEvents, long maxBytes, Duration maxAge) {
    public Retention {
        if (maxEvents < 1 || maxBytes < 1 || maxAge.isNegative()) {
            throw new IllegalArgumentException(
                    "a history keeps at least one update: " + maxEvents + " events, " + maxBytes + " bytes, " + maxAge);
        }
    }

    /** Whether an update of this age is too old at this moment. */
    boolean outdated(long timeMillis, long nowMillis) {
        return !maxAge.isZero() && nowMillis - timeMillis >= maxAge.toMillis();
    }
}
