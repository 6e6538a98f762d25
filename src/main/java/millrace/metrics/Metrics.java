package millrace.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

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
    public final Counter eventsDelivered = Counter.builder()
            .name("millrace_events_delivered_total")
            .help("Events handed to the container for a reader.")
            .register(registry);

    public PrometheusRegistry registry() {
        return registry;
    }
}
