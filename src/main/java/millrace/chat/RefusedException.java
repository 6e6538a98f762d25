package millrace.chat;

import java.io.Serial;

/** A generation that did not begin, and what its client is told. No stack trace: a client can cause it at will. */
public final class RefusedException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final transient ApiError error;

    public RefusedException(ApiError error) {
        super(error.message(), null, false, false);
        this.error = error;
    }

    public ApiError error() {
        return error;
    }
}
