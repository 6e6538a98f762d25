package millrace.chat;

import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import java.util.concurrent.TimeUnit;
import millrace.metrics.Metrics;
import org.jspecify.annotations.Nullable;

/** What one generation adds to the metrics. Used by one thread. */
final class Tally {

    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Metrics metrics;
    private final String upstream;
    private @Nullable DistributionDataPoint betweenTokens;
    private long last = System.nanoTime();
    private long deltas;
    private long promptTokens = -1;
    private long completionTokens = -1;

    Tally(Metrics metrics, String upstream) {
        this.metrics = metrics;
        this.upstream = upstream;
    }

    /** A chunk of a stream. */
    void add(Chunk chunk) {
        addUsage(chunk);
        if (chunk.says()) {
            long now = System.nanoTime();
            DistributionDataPoint between = betweenTokens;
            if (between == null) {
                betweenTokens = metrics.betweenTokens.labelValues(upstream); // looked up once, not for each token
                between = metrics.firstToken.labelValues(upstream);
            }
            between.observe((now - last) / NANOS);
            deltas++;
            last = now;
        }
    }

    /** Of a whole answer nothing else is known. */
    void addUsage(Chunk chunk) {
        if (chunk.promptTokens() >= 0) {
            promptTokens = chunk.promptTokens();
        }
        if (chunk.completionTokens() >= 0) {
            completionTokens = chunk.completionTokens();
        }
    }

    /**
     * Counts the tokens too: an aborted generation has cost them as well, but its usage never comes, so that its deltas
     * are counted.
     */
    void end(String cause) {
        if (promptTokens >= 0) {
            metrics.tokens.labelValues(upstream, "prompt", "usage").inc(promptTokens);
        }
        if (completionTokens >= 0) {
            metrics.tokens.labelValues(upstream, "completion", "usage").inc(completionTokens);
        } else {
            metrics.tokens.labelValues(upstream, "completion", "counted").inc(deltas);
        }
        metrics.generations.labelValues(upstream, cause).inc(); // last: who sees it sees the tokens too
    }
}
