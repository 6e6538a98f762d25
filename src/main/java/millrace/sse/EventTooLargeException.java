package millrace.sse;

import java.io.IOException;

/** An event, or one comment line, of a stream that is read is larger than the reader allows. */
public final class EventTooLargeException extends IOException {

    private static final long serialVersionUID = 1;

    EventTooLargeException(int maxEventBytes) {
        super("the event stream holds an event or a comment of more than " + maxEventBytes + " bytes");
    }
}
