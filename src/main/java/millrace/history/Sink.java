package millrace.history;

/** Takes every update, once, in the order of the sequence; see {@link History}. */
@FunctionalInterface
public interface Sink {

    /**
     * Called by one thread at a time, while the log stands still: hands the update on and returns. It does not block,
     * and does not call {@link History#append}. What it throws is logged and changes nothing for the update.
     */
    void accept(Stored update);

    /**
     * Called where the log could not be opened at first, or was lost, and now is open: it has updates, bounds and a secret that
     * it had not. Before anybody else sees that; the sink may ask the log, and does not wait.
     */
    default void opened(History history) {}
}
