package millrace.history;

import java.util.List;

/**
 * A piece of the log, see {@link History#after}.
 *
 * @param updates in sequence order, each one greater than the one before; may be empty
 * @param missed how many updates between the number that was asked for and the first of this page are no longer held
 * @param end the number to go on after: that of the last update, or without any, the newest number of the log
 * @param last whether {@code end} was the newest number of the log when this page was made
 */
public record Page(List<Stored> updates, long missed, long end, boolean last) {
    public Page {
        updates = List.copyOf(updates);
    }
}
