package millrace.hub;

import org.jspecify.annotations.Nullable;

/**
 * Where a subscriber goes on: what its cursor meant when it came.
 *
 * @param after it gets what it selects after this {@link Place}
 * @param precedingId what the response headers say: the id before the first event; {@code null} where no cursor was
 *     given
 * @param lost the beginning of a cursor that is unknown or no longer held, told in a {@code gap} event; {@code null} where nothing is
 *     lost
 */
public record Position(
        long after, @Nullable String precedingId, @Nullable String lost, long log) {}
