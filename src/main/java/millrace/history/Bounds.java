package millrace.history;

import org.jspecify.annotations.Nullable;

/**
 * What the log holds, at one moment.
 *
 * @param oldest the smallest number held, whose update is the first {@linkplain History#after after} {@code oldest - 1};
 *     {@code newest + 1} if nothing is held
 * @param newest the greatest number ever given to an update, held or not; 0 before the first
 * @param newestId the id that belongs to {@code newest}; {@code null} before the first
 */
public record Bounds(long oldest, long newest, @Nullable String newestId) {

    /** Whether the update with this number can be replayed. */
    public boolean holds(long sequence) {
        return oldest <= sequence && sequence <= newest;
    }

    /** How many updates are held. */
    public long count() {
        return newest - oldest + 1;
    }
}
