package millrace.hub;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import millrace.metrics.Metrics;
import millrace.stream.Channel;

/** What the hub counts. No label holds a topic, an id or a user: a client could make as many as it likes. */
public final class HubMetrics {

    private final Counter published;
    private final Histogram latency;
    private final Counter replayed;
    private final Counter refused;

    HubMetrics(Metrics metrics, Hub hub) {
        PrometheusRegistry registry = metrics.registry();
        published = Counter.builder()
                .name("millrace_hub_published_total")
                .help("Updates published, by outcome.")
                .labelNames("outcome")
                .register(registry);
        latency = Histogram.builder()
                .name("millrace_hub_publish_seconds")
                .help("Time until a published update was durable and handed to its channels.")
                .classicOnly()
                .classicUpperBounds(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)
                .register(registry);
        replayed = Counter.builder()
                .name("millrace_hub_replayed_total")
                .help("Updates sent out of the history.")
                .register(registry);
        refused = Counter.builder()
                .name("millrace_hub_refused_total")
                .help("Requests refused, by what for and why.")
                .labelNames("request", "cause")
                .register(registry);
        gauge(registry, "millrace_hub_channels", "Distinct subscriptions.", Hub::channelCount, hub);
        gauge(registry, "millrace_hub_patterns", "Distinct patterns subscribed to.", Hub::distinctPatterns, hub);
        gauge(
                registry,
                "millrace_hub_backlog_bytes",
                "Bytes of history in memory for subscribers who are behind.",
                Hub::backlogBytes,
                hub);
        gauge(
                registry,
                "millrace_hub_lag_events",
                "Events in memory that the slowest subscriber has not read; those who read the history are not counted.",
                of -> greatest(of, Channel::lagEvents),
                hub);
        gauge(
                registry,
                "millrace_hub_lag_bytes",
                "Bytes of memory for these events.",
                of -> greatest(of, Channel::lagBytes),
                hub);
    }

    private static void gauge(
            PrometheusRegistry registry, String name, String help, ToLongFunction<Hub> value, Hub hub) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call((double) value.applyAsLong(hub)))
                .register(registry);
    }

    private static long greatest(Hub hub, ToLongFunction<Channel> value) {
        long greatest = 0;
        for (SharedChannel shared : hub.channels()) {
            greatest = Math.max(greatest, value.applyAsLong(shared.channel));
        }
        return greatest;
    }

    void published(boolean taken, long nanos) {
        published.labelValues(taken ? "taken" : "failed").inc();
        if (taken) {
            latency.observe(nanos / (double) TimeUnit.SECONDS.toNanos(1));
        }
    }

    void replayed(int events) {
        replayed.inc(events);
    }

    /**
     * Counts a request that was not served.
     *
     * @param request {@code publish}, {@code subscribe} or {@code presence}
     * @param cause one word of a fixed set
     */
    public void refused(String request, String cause) {
        refused.labelValues(request, cause).inc();
    }
}
