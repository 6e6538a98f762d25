package millrace.stream;

import java.time.Duration;
import millrace.config.Config;
import millrace.config.Settings;

/**
 * How one stream behaves. Immutable; begin with {@link #of} and change what should differ.
 *
 * @param kind what it is counted as in the metrics: one short word of a fixed set, never something a client chose
 * @param heartbeat silence after which a comment is sent
 * @param stallTimeout a client that takes no byte for so long while bytes wait is ended
 * @param window bytes that a producer may be ahead of its client; one event at least
 * @param resumable the stream is a {@link Run}: events carry ids, clients come back with {@code Last-Event-ID}
 * @param grace a run that nobody reads for so long is cancelled
 * @param endEvent a finite stream that is not resumable closes with an {@code end} event, so that an
 *     {@code EventSource} that comes back can be told to stay away
 */
public record StreamOptions(
        String kind,
        Duration heartbeat,
        Duration stallTimeout,
        long window,
        boolean resumable,
        Duration grace,
        boolean endEvent) {

    /** The settings' values. */
    public static StreamOptions of(Config config, String kind) {
        return new StreamOptions(
                kind,
                config.get(Settings.HEARTBEAT),
                config.get(Settings.STALL_TIMEOUT),
                config.get(Settings.WINDOW),
                false,
                config.get(Settings.RUN_GRACE),
                true);
    }

    public StreamOptions withHeartbeat(Duration value) {
        return new StreamOptions(kind, value, stallTimeout, window, resumable, grace, endEvent);
    }

    public StreamOptions withStallTimeout(Duration value) {
        return new StreamOptions(kind, heartbeat, value, window, resumable, grace, endEvent);
    }

    public StreamOptions withWindow(long bytes) {
        return new StreamOptions(kind, heartbeat, stallTimeout, bytes, resumable, grace, endEvent);
    }

    /** A run: its log is kept within the bounds of the settings, and readers come and go. */
    public StreamOptions asResumable() {
        return new StreamOptions(kind, heartbeat, stallTimeout, window, true, grace, endEvent);
    }

    public StreamOptions withGrace(Duration value) {
        return new StreamOptions(kind, heartbeat, stallTimeout, window, resumable, value, endEvent);
    }

    public StreamOptions withoutEndEvent() {
        return new StreamOptions(kind, heartbeat, stallTimeout, window, resumable, grace, false);
    }
}
