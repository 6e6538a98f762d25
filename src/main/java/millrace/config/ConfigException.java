package millrace.config;

import java.io.Serial;

/** A setting is unknown or cannot be read; the application does not start. The message is for the operator. */
public final class ConfigException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    public ConfigException(String message) {
        super(message);
    }

    ConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
