package millrace.chat;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A streamed answer on its way, event by event as the upstream sends it. One thread reads it. Closing it, from any
 * thread, closes the upstream's connection at once; it may be closed twice.
 */
interface Answer extends AutoCloseable {

    /** An event; the upstream's own {@code id:} and {@code retry:} are left behind. */
    record Message(String type, String data) {
        static Message of(String data) {
            return new Message("message", data);
        }
    }

    /**
     * The next event, {@code null} after the last. Blocks; an interrupt ends the wait.
     *
     * @throws RefusedException when it turns out that this is no stream, but something that was sent instead of one
     * @throws IOException when the connection broke, the upstream fell silent for too long, or an event is too large
     */
    @Nullable
    Message next() throws RefusedException, IOException, InterruptedException;

    /**
     * Nothing more than a last word is expected: when that time has passed, {@link #next} throws an
     * {@code HttpTimeoutException}, also where signs of life keep coming. {@code null} takes it back. For the thread that
     * reads.
     */
    default void endWithin(@Nullable Duration rest) {}

    /**
     * Lets go of an answer that is complete: the upstream gets a moment to end its response, so that the connection can
     * be used again. Does not wait; closing it afterwards changes nothing.
     */
    default void finish() {}

    @Override
    void close();
}
