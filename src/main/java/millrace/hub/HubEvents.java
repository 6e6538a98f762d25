package millrace.hub;

import millrace.sse.Event;
import org.jspecify.annotations.Nullable;

/** What the hub itself tells readers: checkpoints and gaps, and the cursors in them. Any thread. */
final class HubEvents {

    private final String checkpoints;
    private volatile Cursors cursors;

    /**
     * @param checkpoints the form of checkpoints, as the settings name it
     * @param secret of the history: cursors are encrypted with it
     */
    HubEvents(String checkpoints, byte[] secret) {
        this.checkpoints = checkpoints;
        this.cursors = new Cursors(secret);
    }

    /** Another history stands behind the hub from now on. */
    void secret(byte[] secret) {
        cursors = new Cursors(secret);
    }

    Cursors cursors() {
        return cursors;
    }

    /**
     * What tells a reader a newer cursor; {@code null} where the settings want none for such a client. It is an event with
     * data: Firefox takes no id from a block without, and lenient clients take such a block for an event.
     */
    byte @Nullable [] checkpoint(long place, boolean dispatchesByType) {
        return switch (checkpoints) {
            case "auto" -> dispatchesByType ? checkpointEvent(place) : null;
            case "event" -> checkpointEvent(place);
            case "id" -> new Event(cursor(place), null, null, null).encode();
            default -> null;
        };
    }

    private byte[] checkpointEvent(long place) {
        return new Event(cursor(place), "checkpoint", "{}", null).encode();
    }

    /** Tells a reader that what it asked for is not held, and where it goes on instead. */
    byte[] gap(String requested, long goesOnAfter) {
        String cursor = cursor(goesOnAfter);
        String json = Json.object()
                .add("requested", requested)
                .add("continues_after", cursor)
                .build()
                .toString();
        return new Event(cursor, "gap", json, null).encode();
    }

    String cursor(long place) {
        return cursors.of(Place.sequence(place));
    }
}
