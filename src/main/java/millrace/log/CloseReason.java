package millrace.log;

import java.util.Locale;

/** Why an event stream ended: an expected end is a value, not an exception. Each is a metric label. */
public enum CloseReason {
    /** Everything was written. */
    COMPLETED,
    /** The client closed or lost the connection. */
    CLIENT_GONE,
    /** The client took no byte for the stall time. */
    TOO_SLOW,
    /** The token or the lifetime of the stream ran out. */
    EXPIRED,
    /** Somebody who may do so stopped it. */
    STOPPED,
    /** The application stops. */
    SHUTTING_DOWN,
    /** The producer or its upstream failed. */
    FAILED;

    /** As it stands in metrics and logs, e.g. {@code too_slow}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
