package millrace.chat;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A body that an upstream, or a proxy before it, compressed although it was asked not to. What was flushed over there is
 * there at once.
 */
final class InflatedBody implements UpstreamBody {

    private static final int PIECE = 8 << 10;

    private final UpstreamBody compressed;
    private final boolean gzip;
    private final Raw raw = new Raw();

    /** Made with the first bytes: it reads a header. */
    private @Nullable InputStream plain;

    InflatedBody(UpstreamBody compressed, boolean gzip) {
        this.compressed = compressed;
        this.gzip = gzip;
    }

    @Override
    public @Nullable List<ByteBuffer> take(Duration limit, @Nullable Duration shorter)
            throws IOException, InterruptedException {
        raw.limit = limit;
        raw.until = shorter == null ? null : System.nanoTime() + shorter.toNanos();
        byte[] piece = new byte[PIECE];
        try {
            InputStream in = plain;
            if (in == null) {
                in = gzip ? new GZIPInputStream(raw) : deflate();
                plain = in;
            }
            int length = in.read(piece);
            return length < 0 ? null : List.of(ByteBuffer.wrap(piece, 0, length));
        } catch (Interrupted wrapped) {
            throw (InterruptedException) new InterruptedException().initCause(wrapped);
        }
    }

    /** With the header of RFC 1950, as HTTP says (RFC 9110 8.4.1.2), or bare, as some servers send it. */
    private InputStream deflate() throws IOException {
        PushbackInputStream in = new PushbackInputStream(raw, 1);
        int first = in.read();
        if (first >= 0) {
            in.unread(first);
        }
        boolean hasHeader = (first & 0x0f) == 8; // its method; a bare block of that kind is not made by anybody
        return new InflaterInputStream(in, new Inflater(!hasHeader));
    }

    @Override
    public void finish(Duration farewell) {
        compressed.finish(farewell);
    }

    @Override
    public void close() {
        compressed.close();
    }

    /** An interrupt on its way through the JDK's streams. */
    private static final class Interrupted extends InterruptedIOException {
        private static final long serialVersionUID = 1;
    }

    private final class Raw extends InputStream {
        Duration limit = Duration.ZERO;

        /** By {@code nanoTime}. */
        @Nullable
        Long until;

        private List<ByteBuffer> pieces = List.of();
        private int at;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            while (at == pieces.size() || !pieces.get(at).hasRemaining()) {
                if (at < pieces.size()) {
                    at++;
                } else if (!more()) {
                    return -1;
                }
            }
            ByteBuffer piece = pieces.get(at);
            int n = Math.min(length, piece.remaining());
            piece.get(target, offset, n);
            return n;
        }

        private boolean more() throws IOException {
            try {
                Duration left = until == null ? null : Duration.ofNanos(Math.max(0, until - System.nanoTime()));
                List<ByteBuffer> next = compressed.take(limit, left);
                pieces = next == null ? List.of() : next;
                at = 0;
                return next != null;
            } catch (InterruptedException interrupted) {
                throw (IOException) new Interrupted().initCause(interrupted);
            }
        }
    }
}
