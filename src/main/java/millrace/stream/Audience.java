package millrace.stream;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The readers of one channel that one drainer serves. The list is guarded by the channel's lock; only the walk moves
 * entries, so that it misses none.
 */
final class Audience extends Drainers.Task {

    private final Channel channel;
    private final Drainers.Drainer home;
    private @Nullable EventStream[] members = new EventStream[1];
    private int end;
    private int size;
    /** More than one for a moment where a drainer was replaced in the middle of a walk. */
    private int walks;

    /** Where the slowest of them stood after the last walk, or where one began that has come since. */
    private long slowest = Long.MAX_VALUE;

    Audience(Channel channel, Drainers.Drainer home) {
        this.channel = channel;
        this.home = home;
    }

    void wake() {
        home.enqueue(this);
    }

    // ---- under the channel's lock ----

    void add(EventStream stream) {
        if (end == members.length) {
            if (size <= end / 2 && walks == 0) {
                compact();
            } else {
                members = Arrays.copyOf(members, members.length * 2);
            }
        }
        stream.seat = end;
        members[end++] = stream;
        size++;
        slowest = Math.min(slowest, stream.cursor());
    }

    boolean remove(EventStream stream) {
        int seat = stream.seat;
        if (seat < 0 || seat >= end || members[seat] != stream) {
            return false;
        }
        members[seat] = null;
        stream.seat = -1;
        size--;
        return true;
    }

    boolean isEmpty() {
        return size == 0;
    }

    long slowest() {
        return slowest;
    }

    private void compact() {
        int to = 0;
        for (int from = 0; from < end; from++) {
            EventStream stream = members[from];
            if (stream != null) {
                members[from] = null;
                members[to] = stream;
                stream.seat = to++;
            }
        }
        end = to;
    }

    // ---- by the drainer ----

    @Override
    void run(Batch batch) {
        @Nullable EventStream[] seen;
        int count;
        channel.lock.lock();
        try {
            if (size <= end / 2 && walks == 0) {
                compact();
            }
            walks++;
            seen = members;
            count = end;
        } finally {
            channel.lock.unlock();
        }
        long least = 0; // unknown, until the walk has come to its end
        try {
            least = walk(seen, count, batch);
        } finally {
            walked(count, least);
        }
        channel.trim();
    }

    /** Returns where the slowest stands. */
    private long walk(@Nullable EventStream[] seen, int count, Batch batch) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < count; i++) {
            EventStream stream = seen[i];
            if (stream != null) {
                stream.run(batch);
                least = Math.min(least, stream.cursor());
                if (!home.goesOn()) {
                    home.enqueue(this); // the drainer that took over walks from the start; idle readers cost it little
                    return 0;
                }
            }
        }
        return least;
    }

    private void walked(int count, long least) {
        channel.lock.lock();
        try {
            walks--;
            slowest = least;
            for (int i = count; i < end; i++) { // came during the walk
                EventStream stream = members[i];
                if (stream != null) {
                    slowest = Math.min(slowest, stream.cursor());
                }
            }
        } finally {
            channel.lock.unlock();
        }
    }
}
