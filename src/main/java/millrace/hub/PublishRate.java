package millrace.hub;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How many updates each publisher may still send: a bucket that holds ten seconds' worth and fills at the rate. Any
 * thread may ask.
 */
public final class PublishRate {

    /** Saved time: what a bucket holds at most, in nanoseconds. */
    private static final long FULL = Duration.ofSeconds(10).toNanos();

    private static final int MAX_BUCKETS = 10_000;

    private final long cost;
    private final LongSupplier nanoTime;
    private final Map<String, Bucket> buckets = new ConcurrentHashMap<>();

    private record Bucket(long saved, long at) {}

    /**
     * @param perSecond 0 for no limit
     * @param nanoTime {@link System#nanoTime}
     */
    public PublishRate(int perSecond, LongSupplier nanoTime) {
        this.cost = perSecond == 0 ? 0 : Duration.ofSeconds(1).toNanos() / perSecond;
        this.nanoTime = nanoTime;
    }

    /** Takes one; or says how long to wait for the next, and takes nothing. */
    public @Nullable Duration take(String publisher) {
        if (cost == 0) {
            return null;
        }
        if (buckets.size() > MAX_BUCKETS) {
            buckets.values().removeIf(bucket -> filled(bucket) == FULL); // a full one is like none
        }
        long[] missing = new long[1];
        buckets.compute(publisher, (key, before) -> {
            long saved = before == null ? FULL : filled(before);
            missing[0] = cost - saved;
            return new Bucket(saved >= cost ? saved - cost : saved, nanoTime.getAsLong());
        });
        return missing[0] <= 0 ? null : Duration.ofNanos(missing[0]);
    }

    private long filled(Bucket bucket) {
        return Math.min(FULL, bucket.saved() + nanoTime.getAsLong() - bucket.at());
    }
}
