package millrace.stream;

import java.util.function.Consumer;
import millrace.log.CloseReason;
import org.jspecify.annotations.Nullable;

/** Who wants to hear of the end of a stream, which comes once. Any thread. */
final class EndListeners {

    private @Nullable Consumer<CloseReason> listeners;
    private @Nullable CloseReason ended;

    /** Calls that once: at the end, or now where that was before. */
    void add(Consumer<CloseReason> listener) {
        CloseReason already;
        synchronized (this) {
            already = ended;
            if (already == null) {
                Consumer<CloseReason> before = listeners;
                listeners = before == null
                        ? listener
                        : reason -> {
                            tell(before, reason);
                            tell(listener, reason);
                        };
                return;
            }
        }
        listener.accept(already);
    }

    /** It has ended. */
    void tell(CloseReason reason) {
        Consumer<CloseReason> all;
        synchronized (this) {
            ended = reason;
            all = listeners;
            listeners = null;
        }
        if (all != null) {
            tell(all, reason);
        }
    }

    private static void tell(Consumer<CloseReason> listener, CloseReason reason) {
        try {
            listener.accept(reason);
        } catch (RuntimeException bug) { // the others must hear of it all the same
            System.getLogger("millrace.stream").log(System.Logger.Level.ERROR, "a listener failed", bug);
        }
    }
}
