package millrace.history;

import java.io.Serial;

/**
 * The log cannot do its work now: no space, a damaged file, too much at once, closed. The message is for the operator
 * and names place and remedy; a client is told only that it may try again.
 */
public final class HistoryException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    public HistoryException(String message) {
        super(message);
    }

    HistoryException(String message, Throwable cause) {
        super(message, cause);
    }
}
