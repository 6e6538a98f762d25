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
 * @param endEvent the stream closes with an {@code end} event when its producer returns. An {@code EventSource} that
 *     comes back with its id is told to stay away; a run can tell that by the id of any last event, so there it is for
 *     clients that are closed by an event (htmx' {@code sse-close}), and off unless asked for
 * @param cutOnFailure a stream that ends as {@code FAILED} ends with a broken connection where the container can do
 *     that: for clients that would take what they have got for the whole
 */
public record StreamOptions(
        String kind,
        Duration heartbeat,
        Duration stallTimeout,
        long window,
        boolean resumable,
        Duration grace,
        boolean endEvent,
        boolean cutOnFailure) {

    /** The settings' values. */
    public static StreamOptions of(Config config, String kind) {
        return new StreamOptions(
                kind,
                config.get(Settings.HEARTBEAT),
                config.get(Settings.STALL_TIMEOUT),
                config.get(Settings.WINDOW),
                false,
                config.get(Settings.RUN_GRACE),
                true,
                false);
    }

    public StreamOptions withHeartbeat(Duration value) {
        return new StreamOptions(kind, value, stallTimeout, window, resumable, grace, endEvent, cutOnFailure);
    }

    public StreamOptions withStallTimeout(Duration value) {
        return new StreamOptions(kind, heartbeat, value, window, resumable, grace, endEvent, cutOnFailure);
    }

    public StreamOptions withWindow(long bytes) {
        return new StreamOptions(kind, heartbeat, stallTimeout, bytes, resumable, grace, endEvent, cutOnFailure);
    }

    /** A run: its log is kept within the bounds of the settings, and readers come and go. Without an end event. */
    public StreamOptions asResumable() {
        return new StreamOptions(kind, heartbeat, stallTimeout, window, true, grace, false, cutOnFailure);
    }

    public StreamOptions withGrace(Duration value) {
        return new StreamOptions(kind, heartbeat, stallTimeout, window, resumable, value, endEvent, cutOnFailure);
    }

    /** The stream closes with an {@code end} event. */
    public StreamOptions withEndEvent() {
        return new StreamOptions(kind, heartbeat, stallTimeout, window, resumable, grace, true, cutOnFailure);
    }

    public StreamOptions withoutEndEvent() {
        return new StreamOptions(kind, heartbeat, stallTimeout, window, resumable, grace, false, cutOnFailure);
    }

    /** A stream that fails ends with a broken connection, where the container can do that. */
    public StreamOptions withCutOnFailure() {
        return new StreamOptions(kind, heartbeat, stallTimeout, window, resumable, grace, endEvent, true);
    }
}
