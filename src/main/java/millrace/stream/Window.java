package millrace.stream;

import millrace.log.ByteBudget;
import millrace.log.CloseReason;
import millrace.log.EncodedEvent;
import millrace.log.Log;
import org.jspecify.annotations.Nullable;

/**
 * The log of a request stream: one producer, one reader, and the producer waits once it is a window ahead. What was read is
 * let go of.
 */
public final class Window {

    private final Log log;
    private volatile @Nullable EventStream reader;

    /** @param bytes that the producer may be ahead */
    Window(ByteBudget budget, long bytes) {
        this.log = new Log(budget, Integer.MAX_VALUE, bytes, false, 0, (position, whenKnown) -> {
            throw new IllegalStateException("the only reader was passed");
        });
    }

    Log log() {
        return log;
    }

    void readBy(EventStream stream) {
        reader = stream;
    }

    /**
     * Appends and wakes the reader. Blocks while the window is full.
     *
     * @return false where the window has ended: nothing was appended
     */
    public boolean append(EncodedEvent event) throws InterruptedException {
        if (log.appendPaced(event, () -> false) < 0) {
            return false;
        }
        EventStream stream = reader;
        if (stream != null) {
            stream.wakeByAppender();
        }
        return true;
    }

    /** Nothing more comes: the reader's stream ends for that reason when it has read what is here. The first one stands. */
    public void end(CloseReason reason) {
        log.end(reason);
        EventStream stream = reader;
        if (stream != null) {
            stream.wake();
        }
    }

    /** Why nothing more comes; {@code null} while something may. */
    public @Nullable CloseReason ended() {
        return log.ended();
    }

    /** Ends it for good: nobody will read what is held, so that it no longer counts in the budget. */
    public void abandon(CloseReason reason) {
        end(reason); // first: nothing is appended after the end
        log.discard();
    }
}
