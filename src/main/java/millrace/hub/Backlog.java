package millrace.hub;

import java.util.ArrayList;
import java.util.List;
import millrace.history.History;
import millrace.history.Page;
import millrace.history.Stored;
import millrace.log.Archive;
import millrace.log.EncodedEvent;
import org.jspecify.annotations.Nullable;

/**
 * The archive of one subscription's log: what its subscribers have missed, out of the history, and in between what
 * presence has told. Pages are made on virtual threads and lie on the {@link Shelf}, so that those who are equally far
 * behind share them.
 */
final class Backlog implements Archive {

    /** What a page aims at: a few full writes. */
    private static final int FULL_PAGE_BYTES = 32 << 10;

    /** Updates that are looked at for one page, of which a subscription may select few. */
    private static final int LOOKED_AT = 2_000;

    private static final int PIECE_EVENTS = 100;

    private final Hub hub;
    private final History history;
    private final Shelf shelf;
    private final Subscription subscription;
    private volatile boolean discarded;

    Backlog(Hub hub, History history, Shelf shelf, Subscription subscription) {
        this.hub = hub;
        this.history = history;
        this.shelf = shelf;
        this.subscription = subscription;
    }

    @Override
    public Answer after(long position, Runnable whenKnown) {
        Events made = shelf.find(this, position);
        if (made != null) {
            hub.metrics().replayed(made.page().eventsAfter(position));
            return made;
        }
        long oldest = history.bounds().oldest();
        if (Place.sequence(position) + 1 < oldest) {
            long goesOnAfter = Place.of(oldest - 1);
            return new Gap(hub.events().gap(hub.events().cursor(position), goesOnAfter), goesOnAfter);
        }
        return shelf.ask(this, position, whenKnown);
    }

    /** Nobody reads it any more. */
    void discard() {
        discarded = true; // first: what is being read now is not put on the shelf any more
        shelf.clear(this);
    }

    boolean isDiscarded() {
        return discarded;
    }

    /**
     * Makes the page of what follows. May wait for the disk.
     *
     * @return {@code null} where some of that went meanwhile: then the question has another answer
     */
    @Nullable
    Events read(long position) {
        long upTo = hub.delivered(); // never beyond: the history shows an update before the logs have it
        long last = Place.sequence(upTo);
        long at = Place.sequence(position);
        List<EncodedEvent> events = new ArrayList<>();
        int bytes = 0;
        for (int looked = 0; at < last && bytes < FULL_PAGE_BYTES && looked < LOOKED_AT; ) {
            Page page = history.after(at, PIECE_EVENTS, FULL_PAGE_BYTES);
            if (page.missed() > 0) {
                if (events.isEmpty()) {
                    return null;
                }
                break;
            }
            for (Stored stored : page.updates()) {
                if (stored.sequence() <= last && subscription.takes(stored.isPrivate(), Hub.topics(stored.topics()))) {
                    events.add(new EncodedEvent(stored.event(), Place.of(stored.sequence())));
                    bytes += stored.event().length;
                }
            }
            looked += page.updates().size();
            at = Math.min(page.end(), last);
        }
        long reached = at == last ? upTo : Place.of(at);
        if (subscription.reachesPresence()) {
            hub.teller().addPresence(events, position, reached, subscription);
        }
        return new Events(millrace.log.Page.of(events), reached);
    }
}
