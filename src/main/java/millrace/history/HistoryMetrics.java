package millrace.history;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.function.ToLongFunction;

/** Shows the {@link History.Stats} as metrics; read when somebody asks. */
final class HistoryMetrics {
    private HistoryMetrics() {}

    static void register(History history, PrometheusRegistry registry) {
        gauge(history, registry, "events", "Updates held in the history.", History.Stats::events);
        gauge(history, registry, "bytes", "Size of the updates held in the history.", History.Stats::bytes);
        gauge(history, registry, "disk_bytes", "Length of the history's files.", History.Stats::diskBytes);
        counter(history, registry, "appended", "Updates acknowledged by the history.", History.Stats::appended);
        counter(history, registry, "failed", "Updates refused by the history.", History.Stats::failed);
        counter(history, registry, "forces", "How often the disk was told to write.", History.Stats::forces);
    }

    private static void gauge(
            History history,
            PrometheusRegistry registry,
            String name,
            String help,
            ToLongFunction<History.Stats> value) {
        GaugeWithCallback.builder()
                .name("millrace_history_" + name)
                .help(help)
                .callback(callback -> callback.call((double) value.applyAsLong(history.stats())))
                .register(registry);
    }

    private static void counter(
            History history,
            PrometheusRegistry registry,
            String name,
            String help,
            ToLongFunction<History.Stats> value) {
        CounterWithCallback.builder()
                .name("millrace_history_" + name + "_total")
                .help(help)
                .callback(callback -> callback.call((double) value.applyAsLong(history.stats())))
                .register(registry);
    }
}
