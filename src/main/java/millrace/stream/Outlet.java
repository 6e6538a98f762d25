package millrace.stream;

import java.io.IOException;

/** The response as the write loop sees it; see {@link ServletOutlet} for the real one. */
interface Outlet {

    /** Whether one write or one flush may follow, on this thread. If false, {@code writable()} will be called. */
    boolean isReady();

    /** Writes these bytes, which nobody changes afterwards. */
    void write(byte[] bytes, int from, int length) throws IOException;

    void flush() throws IOException;

    /** Ends the response; none of its bytes is touched afterwards. Does not throw. */
    void complete();

    /** As {@link #complete}, but so that the client sees a broken connection, where the container can do that. */
    default void cut() {
        complete();
    }

    /** Whether write and flush may block here, so that they belong on a thread of their own. */
    boolean mayBlock();

    /** Whether writing belongs on the container's own thread of the connection, by {@link #runOnItsThread}. */
    default boolean hasItsThread() {
        return false;
    }

    /** Runs it there, soon; false where that thread takes nothing any more. */
    default boolean runOnItsThread(Runnable work) {
        return false;
    }

    /** Whether the thread by which the container called last has left the request, so that one of ours may write. */
    default boolean hasLeft() {
        return true;
    }

    /** Where it has not: when to ask again (nanoTime). */
    default long nextLook() {
        return System.nanoTime();
    }

    /** Whether the container ends a response by itself, and tells, when a call here has failed. */
    default boolean endsAfterFailure() {
        return false;
    }
}
