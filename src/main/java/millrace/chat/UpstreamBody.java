package millrace.chat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The body of an upstream's response on its way. One thread takes; any thread may close it, twice too. */
interface UpstreamBody extends AutoCloseable {

    /**
     * Waits for the next bytes; {@code null} when the body has come to its proper end.
     *
     * @param limit the same at each call
     * @param shorter a limit for this call alone, {@code null} for none
     * @throws java.net.http.HttpTimeoutException when none came in that time
     * @throws IOException when the connection broke, or this was closed
     */
    @Nullable
    List<ByteBuffer> take(Duration limit, @Nullable Duration shorter) throws IOException, InterruptedException;

    /**
     * Reads it to its end.
     *
     * @param all gets what is there, also where this throws
     * @param inAll a limit for all of it, {@code null} for none
     * @throws IOException also where it has more bytes, or takes longer
     */
    default void readInto(ByteArrayOutputStream all, long maxBytes, Duration silence, @Nullable Duration inAll)
            throws IOException, InterruptedException {
        long begin = System.nanoTime();
        Duration left = inAll;
        for (List<ByteBuffer> piece; (piece = take(silence, left)) != null; ) {
            for (ByteBuffer buffer : piece) {
                byte[] bytes = new byte[buffer.remaining()];
                buffer.get(bytes);
                if (all.size() + bytes.length > maxBytes) {
                    throw new IOException("the upstream's answer has more than " + maxBytes + " bytes");
                }
                all.writeBytes(bytes);
            }
            if (inAll != null) {
                left = inAll.minusNanos(System.nanoTime() - begin);
                if (left.isNegative()) {
                    throw new IOException("the upstream's answer takes more than " + inAll.toSeconds() + " s");
                }
            }
        }
    }

    /**
     * Gives the body that long to come to its end, so that the connection can be used again, and closes it then. Does not
     * wait.
     */
    void finish(Duration farewell);

    /** Closes the connection unless the body is at its end. */
    @Override
    void close();
}
