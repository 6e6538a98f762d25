package millrace.history;

import java.util.ArrayList;
import java.util.List;

/** The newest updates in memory, in sequence order without gaps. Not safe for threads: its owner locks. */
final class Ring {
    private Stored[] slots = new Stored[64];
    private long oldest = 1;
    private long next = 1;
    private long bytes;

    Ring() {}

    /** An empty ring whose first update will have this number. */
    Ring(long next) {
        this.oldest = next;
        this.next = next;
    }

    void add(Stored update) {
        if (update.sequence() != next) {
            throw new IllegalArgumentException(update + " cannot follow #" + (next - 1));
        }
        reserve(1);
        slots[slot(next++)] = update;
        bytes += update.size();
    }

    /** Has room for so many more: then {@link #add} takes no memory. */
    void reserve(int more) {
        int length = slots.length;
        while (length < next - oldest + more) {
            length *= 2;
        }
        if (length > slots.length) {
            Stored[] larger = new Stored[length];
            for (long i = oldest; i < next; i++) {
                larger[(int) (i & (larger.length - 1))] = get(i);
            }
            slots = larger;
        }
    }

    /** The update with this number, which must be held. */
    Stored get(long sequence) {
        return slots[slot(sequence)];
    }

    @SuppressWarnings("NullAway") // an empty slot is never read
    Stored removeOldest() {
        Stored removed = get(oldest);
        slots[slot(oldest++)] = null;
        bytes -= removed.size();
        return removed;
    }

    /** From this number on, which must be held or the next one, as many as fit. */
    List<Stored> from(long sequence, int maxEvents, long maxBytes) {
        List<Stored> found = new ArrayList<>((int) Math.min(maxEvents, next - sequence));
        long size = 0;
        for (long i = sequence; i < next && found.size() < maxEvents; i++) {
            Stored update = get(i);
            size += update.size();
            if (size > maxBytes && !found.isEmpty()) {
                break;
            }
            found.add(update);
        }
        return found;
    }

    long oldest() {
        return oldest;
    }

    /** The number of the next update to be added. */
    long next() {
        return next;
    }

    boolean isEmpty() {
        return oldest == next;
    }

    long bytes() {
        return bytes;
    }

    private int slot(long sequence) {
        return (int) (sequence & (slots.length - 1));
    }
}
