package millrace.topic;

import java.io.Serial;

/**
 * A selector cannot be used. The message is for the client who wrote it; there is no stack trace, since a client can
 * cause it as often as it likes.
 */
public final class SelectorException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    SelectorException(String message) {
        super(message, null, false, false);
    }
}
