package millrace.hub;

/**
 * A place in the hub's order: the sequence of an update, and how many changes of presence have been told since. One number,
 * so that what has no place in the history stands between updates all the same.
 *
 * <pre>
 *  update 7 │ joined │ left │ update 8 │ …
 *   7.0       7.1      7.2     8.0
 * </pre>
 */
final class Place {

    /** So many changes may be told between two updates; further ones share the last place, and are told to who is there. */
    private static final int BITS = 24;

    private static final long MOST = (1L << BITS) - 1;

    private Place() {}

    /** The place of the update with that sequence. */
    static long of(long sequence) {
        return sequence << BITS;
    }

    /** The last place before the next update. */
    static long last(long sequence) {
        return of(sequence) | MOST;
    }

    /** The next place for a change of presence. */
    static long next(long place) {
        return plus(place, 1);
    }

    /** So many changes of presence farther. */
    static long plus(long place, int changes) {
        return (place & MOST) + changes > MOST ? place | MOST : place + changes;
    }

    /** The sequence of the newest update up to that place. */
    static long sequence(long place) {
        return place >> BITS;
    }
}
