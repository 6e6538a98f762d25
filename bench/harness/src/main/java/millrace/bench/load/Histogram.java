package millrace.bench.load;

/**
 * Counts of latencies in buckets that are at most 1/64 of their value wide, so a percentile is exact to about 1.5 %. One
 * thread writes; it is read when that thread has stopped writing.
 */
public final class Histogram {

    private static final int STEPS = 64;

    private final long[] counts = new long[60 * STEPS];
    private long total;

    public void record(long value) {
        counts[bucket(Math.max(0, value))]++;
        total++;
    }

    public void add(Histogram other) {
        for (int i = 0; i < counts.length; i++) {
            counts[i] += other.counts[i];
        }
        total += other.total;
    }

    /** The value below which the given share of all records lies; 0 when there are none. */
    public long percentile(double share) {
        long wanted = (long) Math.ceil(total * share);
        long seen = 0;
        for (int i = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen >= wanted && seen > 0) {
                return upper(i);
            }
        }
        return 0;
    }

    private static int bucket(long value) {
        if (value < STEPS) {
            return (int) value;
        }
        int shift = 63 - Long.numberOfLeadingZeros(value) - 6;
        return (shift + 1) * STEPS + (int) (value >>> shift) - STEPS;
    }

    private static long upper(int bucket) {
        if (bucket < STEPS) {
            return bucket;
        }
        int shift = bucket / STEPS - 1;
        return ((long) (bucket % STEPS + STEPS + 1) << shift) - 1;
    }
}
