package millrace.log;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Some consecutive events, encoded, side by side: what one write can send. One thread at a time adds events, under the
 * lock of its {@link Log}; any number of threads read without a lock. What was published is never changed, so a reader
 * may hand the array to a container, which may keep it.
 *
 * <pre>
 *  events  │ 41   │ 42        │ 43 │ (room)   bytes below the published length: never changed
 *          └──────┴───────────┴────┘          a page that grows gets a new array, which begins with the same bytes
 * </pre>
 */
public final class Page {

    /** What is written at once at most, unless one event is longer: larger writes cost containers a second round. */
    public static final int MAX_BYTES = 8000;

    /** A page that gets a second event is likely to get more. */
    private static final int SECOND_CAPACITY = 1024;

    /**
     * What a page holds, replaced as a whole when it grows. Whoever reads takes it once, after {@link #published}: it has
     * at least the events that were published then, whatever happens to the page.
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    record Body(byte[] bytes, int[] ends, long[] positions) {

        /** Where the event with that index begins, or where the one before it ends. */
        int startOf(int event) {
            return event == 0 ? 0 : ends[event - 1];
        }

        /** The first of so many events whose position is greater; their number where there is none. */
        int firstAfter(long position, int count) {
            int low = 0;
            int high = count;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (positions[middle] <= position) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low;
        }

        /** How many events, of so many at least and at the most, end within that many bytes from the beginning. */
        int eventsWithin(int length, int least, int most) {
            int at = Arrays.binarySearch(ends, least - 1, most, length);
            return at >= 0 ? at + 1 : Math.max(least, -at - 1);
        }

        /** The same events, in arrays that have room for more. */
        Body withRoomFor(int events, int length, int maxBytes) {
            int capacity = Math.max(length, Math.min(maxBytes, Math.max(SECOND_CAPACITY, 2 * length)));
            int count = Math.max(8, 2 * events);
            return new Body(
                    length > bytes.length ? Arrays.copyOf(bytes, capacity) : bytes,
                    events > ends.length ? Arrays.copyOf(ends, count) : ends,
                    events > ends.length ? Arrays.copyOf(positions, count) : positions);
        }
    }

    private final long firstNumber;

    /** {@code null} once memory has let go of it. Written before {@link #published}, so read after it. */
    private volatile @Nullable Body body;

    /** How many events (upper half) and how many bytes (lower half) can be read. */
    private volatile long published;

    private volatile @Nullable Page next;

    /** Its readers have to look for their place again. */
    private volatile boolean forgotten;

    // by the log, under its lock
    private @Nullable EncodedEvent lone;
    private long lastPosition;
    private boolean closed;

    /** An empty page, whose first event will have that number. */
    Page(long firstNumber, long position) {
        this.firstNumber = firstNumber;
        this.lastPosition = position;
        this.closed = true; // it is where readers wait for the first page with events
    }

    /** A page with one event: the event's own array, shared with every other log that holds it. */
    Page(long firstNumber, EncodedEvent event) {
        this.firstNumber = firstNumber;
        this.lone = event;
        this.lastPosition = event.position();
        this.body = new Body(event.bytes(), new int[] {event.length()}, new long[] {event.position()});
        this.published = pack(1, event.length());
    }

    /** A page of an archive: it gets no further event, and may be longer than what is written at once. */
    public static Page of(List<EncodedEvent> events) {
        int length = 0;
        int[] ends = new int[events.size()];
        long[] positions = new long[events.size()];
        for (int i = 0; i < ends.length; i++) {
            length += events.get(i).length();
            ends[i] = length;
            positions[i] = events.get(i).position();
        }
        byte[] bytes = new byte[length];
        for (int i = 0; i < ends.length; i++) {
            byte[] event = events.get(i).bytes();
            System.arraycopy(event, 0, bytes, ends[i] - event.length, event.length);
        }
        Page page = new Page(1, ends.length == 0 ? 0 : positions[ends.length - 1]);
        page.body = new Body(bytes, ends, positions);
        page.published = pack(ends.length, length);
        return page;
    }

    // ---- by the log, under its lock ----

    /** Adds one more event; false if it does not fit. */
    boolean add(EncodedEvent event, int maxBytes, int maxEvents) {
        Body now = body;
        int count = events(published);
        int length = length(published);
        if (closed || now == null || count >= maxEvents || length + event.length() > maxBytes) {
            return false;
        }
        int longer = length + event.length();
        if (longer > now.bytes.length || count == now.ends.length) {
            now = now.withRoomFor(count + 1, longer, maxBytes);
            body = now;
            lone = null;
        }
        System.arraycopy(event.bytes(), 0, now.bytes, length, event.length());
        now.ends[count] = longer;
        now.positions[count] = event.position();
        lastPosition = event.position();
        published = pack(count + 1, longer); // last: who sees it finds the event
        return true;
    }

    /** No event is added any more: the next one begins another page. */
    void close() {
        closed = true;
    }

    void follow(Page following) {
        next = following;
    }

    /** Frees its bytes: all have read it. A reader at its end goes on with the next page. */
    void release() {
        closed = true;
        body = null;
        lone = null;
    }

    /** Frees its bytes and its link to the next page, read or not: a reader that stands still pins nothing. */
    public void forget() {
        forgotten = true;
        closed = true;
        body = null;
        lone = null;
        next = null;
    }

    /** The event whose own array this page is; {@code null} where it has an array of its own. */
    @Nullable
    EncodedEvent lone() {
        return lone;
    }

    /** The position of its newest event. */
    long lastPosition() {
        return lastPosition;
    }

    /** Bytes of memory that count for it. */
    public int heldBytes() {
        Body now = body;
        return now == null ? 0 : now.bytes.length;
    }

    /** How many events it has. */
    public int events() {
        return events(published);
    }

    // ---- by readers ----

    long firstNumber() {
        return firstNumber;
    }

    /** The number after its newest event. */
    long nextNumber() {
        return firstNumber + events(published);
    }

    /** How many events and bytes can be read: see {@link #events(long)} and {@link #length(long)}. */
    long published() {
        return published;
    }

    static int events(long published) {
        return (int) (published >>> 32);
    }

    static int length(long published) {
        return (int) published;
    }

    private static long pack(int events, int length) {
        return (long) events << 32 | length;
    }

    /** What it holds; {@code null} where memory has let go of it. */
    @Nullable
    Body body() {
        return body;
    }

    /** How many of its events have a greater position. */
    public int eventsAfter(long position) {
        int count = events(published);
        Body now = body;
        return now == null ? 0 : count - now.firstAfter(position, count);
    }

    @Nullable
    Page next() {
        return next;
    }

    boolean isForgotten() {
        return forgotten;
    }

    @Override
    public String toString() {
        return "events " + firstNumber + " to " + (nextNumber() - 1) + (forgotten ? ", forgotten" : "");
    }
}
