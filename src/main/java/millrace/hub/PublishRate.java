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

    private static final int SECONDS_OF_BURST = 10;
    private static final int MAX_BUCKETS = 10_000;

    private final int perSecond;
    private final LongSupplier nanoTime;
    private final Map<String, Bucket> buckets = new ConcurrentHashMap<>();

    private record Bucket(double tokens, long at) {}

    /**
     * @param perSecond 0 for no limit
     * @param nanoTime {@link System#nanoTime}
     */
    public PublishRate(int perSecond, LongSupplier nanoTime) {
        this.perSecond = perSecond;
        this.nanoTime = nanoTime;
    }

    /** Takes one; or says how long to wait for the next, and takes nothing. */
    public @Nullable Duration take(String publisher) {
        if (perSecond == 0) {
            return null;
        }
        if (buckets.size() > MAX_BUCKETS) {
            buckets.values().removeIf(bucket -> filled(bucket) >= capacity()); // a full one is like none
        }
        double[] left = new double[1];
        buckets.compute(publisher, (key, before) -> {
            double tokens = before == null ? capacity() : filled(before);
            left[0] = tokens;
            return new Bucket(tokens >= 1 ? tokens - 1 : tokens, nanoTime.getAsLong());
        });
        return left[0] >= 1 ? null : Duration.ofNanos((long) ((1 - left[0]) / perSecond * 1e9));
    }

    private double capacity() {
        return (double) perSecond * SECONDS_OF_BURST;
    }

    private double filled(Bucket bucket) {
        return Math.min(capacity(), bucket.tokens() + (nanoTime.getAsLong() - bucket.at()) / 1e9 * perSecond);
    }
}
