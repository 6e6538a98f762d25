package millrace.log;

import org.jspecify.annotations.Nullable;

/**
 * A reader of a {@link Log}: the number of its next event, and the page in memory or in the archive where that is. Used by
 * one thread at a time, except where a method says otherwise.
 *
 * <pre>
 *  find() ── EVENTS ──▶ write bytes[from, from + length) ── advance() ──▶ find() …
 *                └─ the client takes nothing now: putBack() ──▶ find() …
 * </pre>
 */
public final class Reader {

    /** What there is to read next. */
    public enum Found {
        /** {@link #bytes}, from {@link #from}, {@link #length} of them: whole events. */
        EVENTS,
        /** Nothing yet; the next append wakes the reader, or the archive does. */
        NOTHING,
        /** Nothing, and nothing will ever come: {@link Log#ended} says why. */
        END,
        /** What follows cannot be read. */
        UNREADABLE
    }

    private final Log log;
    private final Runnable whenKnown;

    /** The page with the next event; {@code null} if it has to be looked for. */
    private @Nullable Page page;

    private int offset;
    private int read;

    /** It has read farther than the log has got: what comes up to its position is not for it. */
    private boolean isAhead;

    /** It stands in a page of the archive; and up to where that reaches. */
    private boolean inArchive;

    private long archivedUpTo;

    /** The archive looks for what follows, and will tell. */
    private volatile boolean waits;

    /** The number of the next event in the log; {@link #BEHIND} where memory does not have it. Read by others too. */
    private volatile long number;

    /** It knows everything up to that position: what it has read, and what was not for it. */
    private long position;

    /** The position of the last event read. Read by others too. */
    private volatile long lastRead;

    // what find() found
    private byte @Nullable [] bytes;
    private int from;
    private int length;
    private int events;
    private long lastPosition;
    private boolean isGap;

    /** Stands for the number of a reader that memory need not keep anything for. */
    public static final long BEHIND = Long.MAX_VALUE;

    private Reader(Log log, long number, long position, Runnable whenKnown) {
        this.log = log;
        this.number = number;
        this.position = position;
        this.lastRead = position;
        this.whenKnown = whenKnown;
    }

    /**
     * Reads from the event with that number on.
     *
     * @param whenKnown called on any thread when the archive knows what it did not know before
     */
    public static Reader from(Log log, long number, Runnable whenKnown) {
        return new Reader(log, number, number - 1, whenKnown);
    }

    /** Reads what follows that position. */
    public static Reader after(Log log, long position, Runnable whenKnown) {
        Reader reader = new Reader(log, BEHIND, position, whenKnown);
        reader.isInMemory(); // now, so that memory is kept for it from the beginning
        return reader;
    }

    /** Looks what there is to read. Takes no lock where that is in the page where it stands or in the next one. */
    public Found find() {
        if (bytes != null) {
            return Found.EVENTS; // found before, and not read yet
        }
        while (true) {
            CloseReason ended = log.ended(); // before the events: none comes after the end
            Page at = page;
            if (at == null || at.isForgotten()) {
                Found found = locate();
                if (found != Found.EVENTS) {
                    return found;
                }
                if (bytes != null) {
                    return Found.EVENTS; // a gap
                }
                continue;
            }
            long published = at.published();
            if (Page.length(published) > offset) {
                Page.Body body = at.body();
                if (body == null) {
                    page = null; // memory let go of it in this moment
                    continue;
                }
                if (isAhead && skipWhatWasRead(at, body, published)) {
                    continue;
                }
                int upTo = Page.events(published);
                if (Page.length(published) - offset > Page.MAX_BYTES) {
                    upTo = body.eventsWithin(offset + Page.MAX_BYTES, read + 1, upTo);
                }
                bytes = body.bytes();
                from = offset;
                length = body.startOf(upTo) - offset;
                events = upTo - read;
                lastPosition = body.positions()[upTo - 1];
                return Found.EVENTS;
            }
            if (inArchive) {
                leaveArchivedPage();
                continue;
            }
            Page following = at.next();
            if (following == null) {
                if (at.isForgotten()) {
                    continue;
                }
                return ended == null ? Found.NOTHING : Found.END;
            }
            if (at.published() == published) { // else the page has got more before it was closed
                page = following;
                offset = 0;
                read = 0;
            }
        }
    }

    /** Memory, or where that has moved on, the archive. EVENTS: look again. */
    private Found locate() {
        if (isInMemory()) {
            return Found.EVENTS;
        }
        number = BEHIND;
        isAhead = false;
        if (waits) {
            return Found.NOTHING; // asked once: many wakes come while a disk is slow
        }
        waits = true; // first: the answer may be known before this thread goes on
        Archive.Answer answer = log.archive().after(position, this::isKnown);
        if (!(answer instanceof Archive.Later)) {
            waits = false;
        }
        return switch (answer) {
            case Archive.Events archived -> {
                inArchive = true;
                archivedUpTo = archived.upTo();
                standIn(archived.page());
                yield Found.EVENTS;
            }
            case Archive.Gap gap -> {
                bytes = gap.event();
                from = 0;
                length = gap.event().length;
                events = 0;
                isGap = true;
                archivedUpTo = gap.upTo();
                yield Found.EVENTS;
            }
            case Archive.Later later -> Found.NOTHING;
            case Archive.Unreadable unreadable -> Found.UNREADABLE;
        };
    }

    /** Whether memory has what follows; then it stands there. */
    private boolean isInMemory() {
        Log.Place place = number == BEHIND || isAhead ? log.placeAfter(position) : log.placeOf(number);
        if (place == null) {
            return false;
        }
        page = place.page();
        read = place.events();
        offset = place.offset();
        inArchive = false;
        number = place.page().firstNumber() + read;
        isAhead = place.isAhead();
        return true;
    }

    private void isKnown() {
        waits = false;
        whenKnown.run();
    }

    /** Skips what it has read before it was in this log. False if there is nothing to skip, now or later. */
    private boolean skipWhatWasRead(Page at, Page.Body body, long published) {
        int first = body.firstAfter(position, Page.events(published));
        isAhead = first == Page.events(published);
        if (first <= read) {
            return false;
        }
        read = first;
        offset = body.startOf(first);
        number = at.firstNumber() + first;
        return true;
    }

    /** At the first event of a page of the archive that it has not read. */
    private void standIn(Page archived) {
        Page.Body body = archived.body();
        page = body == null ? null : archived; // let go of in this moment: it is asked for again
        read = body == null ? 0 : body.firstAfter(position, archived.events());
        offset = body == null ? 0 : body.startOf(read);
    }

    private void leaveArchivedPage() {
        position = Math.max(position, archivedUpTo);
        page = null;
        inArchive = false;
    }

    /** Lets go of what was found, so that a reader that waits for its client keeps no page in memory. It is found again. */
    public void putBack() {
        bytes = null;
        isGap = false;
    }

    /** What was found has been read. Returns how many events that were. */
    public int advance() {
        bytes = null;
        if (isGap) {
            isGap = false;
            position = archivedUpTo;
            lastRead = position;
            page = null;
            return 0;
        }
        Page at = page;
        offset = from + length;
        read += events;
        if (at != null) {
            position = lastPosition;
            lastRead = lastPosition;
            if (!inArchive) {
                number = at.firstNumber() + read;
            }
        }
        return events;
    }

    // ---- what was found ----

    @SuppressWarnings("NullAway") // asked after EVENTS only
    public byte[] bytes() {
        return bytes;
    }

    public int from() {
        return from;
    }

    public int length() {
        return length;
    }

    // ---- any thread ----

    public Log log() {
        return log;
    }

    /** The number of the next event; {@link #BEHIND} where it reads from the archive: memory need keep nothing for it. */
    public long number() {
        return number;
    }

    /** The position of the last event read, or where it began. */
    public long position() {
        return lastRead;
    }
}
