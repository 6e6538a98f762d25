package millrace.history;

import java.io.Closeable;
import java.io.IOException;
import java.io.Serial;
import java.util.List;

/**
 * The few things a {@link FileHistory} asks of a file system: so few that a test can stand in for one that loses power.
 * Nothing in it may be harmed by an interrupt of the calling thread.
 */
interface Disk extends Closeable {

    /** The files are no longer where they were: what is written to them now nobody will find. */
    final class LostException extends IOException {
        @Serial
        private static final long serialVersionUID = 1;

        LostException(String message) {
            super(message);
        }
    }

    /**
     * Returns where files can be made here as before.
     *
     * @throws LostException where somebody took the directory away or put another one in its place
     * @throws IOException where it is not to be written at the moment
     */
    default void check() throws IOException {}

    /** The names of all files, in any order. */
    List<String> names() throws IOException;

    Handle open(String name) throws IOException;

    /** An empty file, instead of one of this name that may exist. */
    Handle create(String name) throws IOException;

    void delete(String name) throws IOException;

    /** Returns when created files will still be there after a loss of power; their content is another matter. */
    void forceNames() throws IOException;

    /** An open file. One thread writes, any thread may read. */
    interface Handle extends Closeable {
        long length() throws IOException;

        /** @throws LostException where the file of this name is no longer this one */
        default void check() throws IOException {}

        /** Fills the array from this position. */
        void read(long position, byte[] into) throws IOException;

        void write(long position, byte[] bytes, int length) throws IOException;

        void truncate(long length) throws IOException;

        /** Returns when everything written and truncated will still be so after a loss of power. */
        void force() throws IOException;
    }
}
