package millrace.chat;

import java.io.IOException;
import millrace.sse.Event;
import org.jspecify.annotations.Nullable;

/**
 * A streamed answer on its way, event by event as the upstream sends it. One thread reads it. Closing it closes the
 * upstream's connection at once unless the answer has come to its end; it may be closed twice.
 */
public interface Answer extends AutoCloseable {

    /**
     * The next event, {@code null} after the last. Blocks; an interrupt ends the wait.
     *
     * @throws IOException when the connection broke, the upstream fell silent for too long, or an event is too large
     */
    @Nullable
    Event next() throws IOException, InterruptedException;

    @Override
    void close();
}
