package millrace.hub;

import java.util.OptionalLong;
import millrace.auth.View;
import millrace.history.Bounds;
import millrace.history.History;
import millrace.history.HistoryException;
import millrace.history.Page;
import millrace.history.Stored;
import millrace.request.LastEventId;
import org.jspecify.annotations.Nullable;

/** What cursors mean, and which cursor names a place. Any thread; may read from the disk. */
final class Positions {

    private final History history;
    private final Order order;
    private final HubEvents events;

    Positions(History history, Order order, HubEvents events) {
        this.history = history;
        this.order = order;
        this.events = events;
    }

    /**
     * What a cursor means now. To be asked before the subscriber is answered: what is published after that reaches it.
     *
     * @param cursor as the subscriber sent it, {@code null} where it sent none: then from now on
     * @throws HistoryException if the history cannot be read
     */
    Position position(@Nullable String cursor, View reader) {
        long mine = order.log(); // before anything else, so that nothing below belongs to an older one
        if (cursor == null) {
            return new Position(order.delivered(), null, null, mine);
        }
        if (cursor.isEmpty()) {
            long now = order.delivered();
            return new Position(now, idAt(Place.sequence(now), reader), null, mine);
        }
        if (cursor.equals(Hub.EARLIEST)) {
            return new Position(after(history.bounds().oldest() - 1), Hub.EARLIEST, null, mine);
        }
        OptionalLong found = cursor.charAt(0) == '#' ? events.cursors().sequence(cursor) : history.find(cursor);
        Bounds held = history.bounds(); // not before: what is found may be the newest, published just now
        // everything after the place must be held; the update at the place itself need not be
        if (found.isPresent() && found.getAsLong() >= held.oldest() - 1 && found.getAsLong() <= held.newest()) {
            return new Position(after(found.getAsLong()), cursor, null, mine);
        }
        return new Position(after(held.oldest() - 1), Hub.EARLIEST, LastEventId.beginning(cursor), mine);
    }

    /**
     * Where a reader stands that knows all updates up to that sequence. The cursor does not tell which changes of
     * presence it was told before the next update: none of them is told again.
     */
    private long after(long sequence) {
        long now = order.delivered();
        long newest = Place.sequence(now);
        return sequence < newest ? Place.last(sequence) : sequence == newest ? now : Place.of(sequence);
    }

    /**
     * The newest cursor: the id of the newest update if this reader may see that, or else an opaque one; {@code earliest}
     * where there never was an update.
     */
    String newestCursor(View reader) {
        return idAt(Place.sequence(order.delivered()), reader);
    }

    private String idAt(long sequence, View reader) {
        if (sequence == 0) {
            return Hub.EARLIEST;
        }
        Page page = history.after(sequence - 1, 1, 1);
        if (!page.updates().isEmpty()) {
            Stored at = page.updates().getFirst();
            if (at.sequence() == sequence
                    && reader.permits(at.isPrivate(), Hub.topics(at.topics()))
                    && history.find(at.id()).orElse(-1) == sequence) { // an id used twice means its first holder
                return at.id();
            }
        }
        return events.cursors().of(sequence);
    }
}
