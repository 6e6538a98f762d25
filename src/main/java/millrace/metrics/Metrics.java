package millrace.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.function.LongSupplier;

/** All counters of one web application, in a registry of its own. Any thread may count; none of it blocks. */
public final class Metrics {

    private final PrometheusRegistry registry = new PrometheusRegistry();

    public final Gauge streamsOpen = Gauge.builder()
            .name("millrace_streams_open")
            .help("Event streams open now, by kind.")
            .labelNames("kind")
            .register(registry);
    public final Counter streamsOpened = Counter.builder()
            .name("millrace_streams_opened_total")
            .help("Event streams opened, by kind.")
            .labelNames("kind")
            .register(registry);
    public final Counter streamsClosed = Counter.builder()
            .name("millrace_streams_closed_total")
            .help("Event streams that ended, by kind and reason.")
            .labelNames("kind", "reason")
            .register(registry);

    public final Counter generations = Counter.builder()
            .name("millrace_chat_generations_total")
            .help("Chat generations that ended, by upstream and by what ended them.")
            .labelNames("upstream", "end")
            .register(registry);
    public final Counter tokens = Counter.builder()
            .name("millrace_chat_tokens_total")
            .help("Tokens by upstream and kind; from the upstream's usage, or deltas counted where it sends none.")
            .labelNames("upstream", "kind", "source")
            .register(registry);
    public final Histogram firstToken = Histogram.builder()
            .name("millrace_chat_first_token_seconds")
            .help("Time from a chat request to its first delta, by upstream.")
            .labelNames("upstream")
            .classicOnly()
            .classicUpperBounds(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
            .register(registry);
    public final Histogram betweenTokens = Histogram.builder()
            .name("millrace_chat_between_tokens_seconds")
            .help("Time between two deltas of one generation, by upstream.")
            .labelNames("upstream")
            .classicOnly()
            .classicUpperBounds(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
            .register(registry);

    /** Events handed to containers for a reader; counted where it costs least, asked for when it is scraped. */
    public void eventsDelivered(LongSupplier count) {
        counter("millrace_events_delivered_total", "Events handed to the container for a reader.", count);
    }

    /** The same in bytes, heartbeats and what else is no event included. */
    public void sentBytes(LongSupplier count) {
        counter("millrace_sent_bytes_total", "Bytes of event streams handed to the container.", count);
    }

    /** Threads that write to clients and were stuck in a container's call, so that another had to take over. */
    public void drainersReplaced(LongSupplier count) {
        CounterWithCallback.builder()
                .name("millrace_drainers_replaced_total")
                .help("Writing threads that were stuck in a call to the container and were replaced.")
                .callback(callback -> callback.call((double) count.getAsLong()))
                .register(registry);
    }

    public void heldBytes(LongSupplier bytes) {
        gauge("millrace_held_bytes", "Bytes of events that all channels hold.", bytes);
    }

    public void runs(LongSupplier count) {
        gauge("millrace_runs_held", "Runs held, ended ones included.", count);
    }

    private void counter(String name, String help, LongSupplier value) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call((double) value.getAsLong()))
                .register(registry);
    }

    private void gauge(String name, String help, LongSupplier value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call((double) value.getAsLong()))
                .register(registry);
    }

    public PrometheusRegistry registry() {
        return registry;
    }
}
