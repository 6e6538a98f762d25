package millrace.stream;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import millrace.log.Page;
import millrace.log.Reader;
import org.jspecify.annotations.Nullable;

/**
 * The readers of one channel that one drainer serves. The list is guarded by the channel's lock; only the walk moves
 * entries, so that it misses none.
 */
final class Audience extends Drainers.Task {

    private static final long LONGEST_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /** Below that the sleep itself costs more than it saves. */
    private static final long WORTH_A_REST_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    private final Channel channel;
    private final Drainers.Drainer home;
    private @Nullable EventStream[] members = new EventStream[1];
    private int end;
    private int size;
    /** Threads in a walk; more than one where a drainer was replaced in the middle of it. */
    private int walkers;

    /** The walk that is going on; by the drainer, and by who takes over from it. */
    private volatile @Nullable Walk walk;

    /** One round over all readers. Each seat is claimed by one thread, also where another takes over. */
    private static final class Walk extends AtomicInteger {
        private static final long serialVersionUID = 1;

        private final transient @Nullable EventStream[] seats;
        private final int count;
        private final long begin;

        Walk(@Nullable EventStream[] seats, int count, long begin) {
            this.seats = seats;
            this.count = count;
            this.begin = begin;
        }
    }

    /** When the next walk may begin for little; by the drainer. See {@link #rests}. */
    private long restsUntil = System.nanoTime();

    /**
     * Position of the slowest reader that is not blocked, after the last walk. A reader is blocked while its client takes
     * nothing or the archive looks for its events: nobody else waits for it.
     */
    private long served;

    /** Position of the slowest reader after the last walk, or of one that has come since. */
    private long slowest = Reader.BEHIND;

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
            if (size <= end / 2 && walkers == 0) {
                compact();
            } else {
                members = Arrays.copyOf(members, members.length * 2);
            }
        }
        if (size == 0) {
            served = Math.min(stream.number(), channel.log().next());
        }
        stream.seat = end;
        members[end++] = stream;
        size++;
        slowest = Math.min(slowest, stream.number());
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

    /** Looks where each of them stands now. */
    long slowestNow() {
        long oldest = channel.log().oldest();
        long least = Reader.BEHIND;
        for (int i = 0; i < end; i++) {
            EventStream stream = members[i];
            if (stream != null) {
                least = Math.min(least, neededBy(stream, oldest));
            }
        }
        return least;
    }

    /** Its position; {@link Reader#BEHIND} where memory has moved on already: nothing need be kept for it. */
    private static long neededBy(EventStream stream, long oldest) {
        long number = stream.number();
        return number < oldest ? Reader.BEHIND : number;
    }

    long served() {
        return served;
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

    /**
     * A drainer that has walked over many rests twice as long, unless a full batch waits: what comes meanwhile goes out
     * in the same writes, of which each costs the same whether it holds one event or ten. So under load at most a third
     * of its time goes into small writes, and an event waits no longer than the rest and two walks.
     */
    private boolean rests(long now) {
        return restsUntil - now > 0 && channel.log().bytesFrom(served) < Page.MAX_BYTES;
    }

    private void rest(long begin, long end) {
        long walked = end - begin;
        restsUntil = walked < WORTH_A_REST_NANOS ? end : end + Math.min(2 * walked, LONGEST_REST_NANOS);
    }

    @Override
    void run() {
        long begin = System.nanoTime();
        if (rests(begin)) {
            home.postpone(this, restsUntil);
            return;
        }
        Walk next;
        channel.lock.lock();
        try {
            if (size <= end / 2 && walkers == 0) {
                compact();
            }
            walkers++;
            next = new Walk(members, end, begin);
        } finally {
            channel.lock.unlock();
        }
        walk = next;
        walk(next, false);
    }

    @Override
    boolean hasMoreToDo() {
        Walk now = walk;
        return now != null && now.get() < now.count;
    }

    @Override
    void takeOver() {
        Walk now = walk;
        if (now != null) {
            channel.lock.lock();
            try {
                walkers++;
            } finally {
                channel.lock.unlock();
            }
            walk(now, true);
        }
    }

    /** @param takenOver then the positions of some readers are unknown: the thread before is stuck in one of them */
    private void walk(Walk now, boolean takenOver) {
        long oldest = channel.log().oldest();
        long least = Reader.BEHIND;
        long leastServed = Reader.BEHIND;
        boolean whole = false;
        boolean replaced = false;
        try {
            for (int i = now.getAndIncrement(); i < now.count; i = now.getAndIncrement()) {
                EventStream stream = now.seats[i];
                if (stream != null) {
                    stream.run();
                    least = Math.min(least, neededBy(stream, oldest));
                    leastServed = Math.min(leastServed, stream.waitsForDrainerAt());
                    if (!home.goesOn()) {
                        replaced = true; // who took over has gone on behind this one
                        return;
                    }
                }
            }
            whole = !takenOver && home.goesOn(); // else some seats may have been another's
        } finally {
            leave(now.count, replaced, whole ? least : 0, whole ? leastServed : 0); // 0: unknown
        }
        walk = null;
        rest(now.begin, System.nanoTime());
        if (channel.walked()) {
            wake(); // those that gave way to others are still behind, and a publisher waits for them
        }
    }

    private void leave(int count, boolean replaced, long least, long leastServed) {
        channel.lock.lock();
        try {
            walkers--;
            if (replaced) {
                return;
            }
            slowest = least;
            served = Math.min(leastServed, channel.log().next());
            for (int i = count; i < end; i++) { // came during the walk
                EventStream stream = members[i];
                if (stream != null) {
                    slowest = Math.min(slowest, stream.number());
                }
            }
        } finally {
            channel.lock.unlock();
        }
    }
}
