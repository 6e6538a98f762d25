package millrace.history;

/** Takes every update, once, in the order of the sequence; see {@link History}. */
@FunctionalInterface
public interface Sink {

    /**
     * Called by one thread at a time, while the log stands still: hands the update on and returns. It does not block,
     * and does not call {@link History#append}. What it throws is logged and changes nothing for the update.
     */
    void accept(Stored update);
}
