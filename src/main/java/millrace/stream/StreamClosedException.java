package millrace.stream;

import java.io.IOException;
import java.io.Serial;
import millrace.log.CloseReason;

/** Told to a producer that goes on sending after its stream has ended. Expected, so it has no stack trace. */
public final class StreamClosedException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    private final CloseReason reason;

    StreamClosedException(CloseReason reason) {
        super("the stream has ended: " + reason.label());
        this.reason = reason;
    }

    public CloseReason reason() {
        return reason;
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
