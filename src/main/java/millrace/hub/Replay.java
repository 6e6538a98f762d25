package millrace.hub;

import java.lang.System.Logger.Level;
import millrace.history.History;
import millrace.history.HistoryException;
import millrace.history.Page;
import millrace.history.Stored;
import millrace.stream.CloseReason;
import millrace.stream.EncodedEvent;
import millrace.stream.EventStream;
import millrace.stream.PacedChannel;
import org.jspecify.annotations.Nullable;

/**
 * What one reader missed: read from the history in pages, filtered, and put into a window that the reader reads before
 * its channel. Runs on a virtual thread of its own, which waits while the reader is a window behind.
 *
 * <p>While the reader is far behind it stays with the history, where nothing can pass it. Near the end it joins its
 * channel, which from then on keeps what comes; what was published up to that moment still comes out of the history.
 */
final class Replay {

    // A reader that replays holds a page and a window: about what its connection costs in the container.
    static final long WINDOW_BYTES = 64 << 10;
    private static final long PAGE_BYTES = 32 << 10;
    private static final int PAGE_EVENTS = 100;

    /** Near enough to join: a channel holds many more. */
    private static final long NEAR = PAGE_EVENTS;

    private static final System.Logger LOG = System.getLogger("millrace.hub");

    private final Hub hub;
    private final History history;
    private final EventStream stream;
    private final Subscriber subscriber;
    private final PacedChannel window;

    /** The last update that was looked at. */
    private long at;

    /** The sequence of the last event put into the window; 0 for none. */
    private long given;

    /** The id that the reader has now, as far as it is known. */
    private @Nullable String lastId;

    Replay(Hub hub, History history, EventStream stream, Subscriber subscriber, PacedChannel window) {
        this.hub = hub;
        this.history = history;
        this.stream = stream;
        this.subscriber = subscriber;
        this.window = window;
    }

    PacedChannel window() {
        return window;
    }

    void run(Position position) {
        stream.onClose(window::abandon); // also where the stream ended before it knew of the window
        try {
            replay(position);
        } catch (HistoryException unreadable) {
            // the history has logged why, once: a client comes back as often as it likes, with the id it has
            window.end(CloseReason.FAILED);
        } catch (InterruptedException stopping) {
            window.end(CloseReason.SHUTTING_DOWN);
        } catch (RuntimeException | Error failure) {
            LOG.log(Level.ERROR, "a replay failed", failure);
            window.end(CloseReason.FAILED); // else its reader would wait in silence
        }
    }

    private void replay(Position position) throws InterruptedException {
        at = position.after();
        lastId = position.precedingId();
        if (position.lost() != null && !give(hub.gap(position.lost(), at))) {
            return;
        }
        while (true) {
            // never beyond: the history shows an update before the channels have it, and those would give it again
            long upTo = hub.delivered();
            if (upTo - at <= NEAR) {
                break;
            }
            if (!givePage(upTo)) {
                return;
            }
        }
        hub.awaitDelivered(at); // whose id the reader may know from its publisher: the channels would give it again
        Hub.Place place = hub.join(stream, subscriber, position.presence());
        while (at < place.from()) {
            if (!givePage(place.from())) {
                return;
            }
        }
        for (byte[] presence : hub.presenceEvents(place)) {
            if (!give(new EncodedEvent(presence, place.from()))) {
                return;
            }
        }
        subscriber.reads(place, given);
        window.end(CloseReason.COMPLETED);
    }

    /** False: the reader is gone. */
    private boolean givePage(long upTo) throws InterruptedException {
        Page page = history.after(at, PAGE_EVENTS, PAGE_BYTES);
        if (page.missed() > 0) {
            long goesOnAfter = Math.min(at + page.missed(), upTo);
            if (!give(hub.gap(lastId == null ? hub.cursor(at) : lastId, goesOnAfter))) {
                return false;
            }
        }
        for (Stored stored : page.updates()) {
            if (stored.sequence() > upTo) {
                break;
            }
            if (subscriber.subscription().takes(stored.isPrivate(), Hub.topics(stored.topics()))) {
                if (!give(new EncodedEvent(stored.event(), stored.sequence()))) {
                    return false;
                }
                lastId = stored.id();
                hub.metrics().replayed();
            }
        }
        at = Math.min(page.end(), upTo);
        return true;
    }

    private boolean give(EncodedEvent event) throws InterruptedException {
        given = event.sequence();
        return window.append(event) >= 0;
    }
}
