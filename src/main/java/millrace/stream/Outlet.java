package millrace.stream;

import java.io.IOException;

/** The response as the write loop sees it; see {@link ServletOutlet} for the real one. */
interface Outlet {

    /** Whether one write or one flush may follow, on this thread. If false, {@code writable()} will be called. */
    boolean isReady();

    void write(byte[] bytes, int length) throws IOException;

    void flush() throws IOException;

    /** Ends the response; nothing is called afterwards. Does not throw. */
    void complete();

    /** As {@link #complete}, but so that the client sees a broken connection, where the container can do that. */
    default void cut() {
        complete();
    }

    /** Whether write and flush may block here, so that they belong on a thread of their own. */
    boolean mayBlock();
}
