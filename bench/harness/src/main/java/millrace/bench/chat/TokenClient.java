package millrace.bench.chat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import millrace.bench.load.Histogram;

/** Many streaming chat clients on one thread. Notes for each token how long ago the upstream wrote it. */
final class TokenClient implements AutoCloseable {

    private static final byte[] BODY =
            "{\"model\":\"bench\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Go on.\"}]}"
                    .getBytes(StandardCharsets.US_ASCII);

    /** What was measured. */
    record Measured(Histogram token, Histogram first, long tokens) {}

    private final Selector selector = Selector.open();
    private final ByteBuffer scratch = ByteBuffer.allocate(64 << 10);
    private final List<SocketChannel> channels = new ArrayList<>();
    private final Histogram first = new Histogram();
    private Histogram token = new Histogram();
    private long tokens;
    private int begun;

    private static final class Reading {
        final long asked = System.nanoTime();
        boolean hasFirst;
        /** Where in {@code "t=<digits> "} the bytes so far have come: 0 before t, 1 before =, 2 in the digits. */
        int state;

        long stamp;
    }

    TokenClient() throws IOException {}

    /** Opens so many streams, so many a second, and returns when each has had its first token. */
    void open(int port, int count, int perSecond) throws IOException {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            long due = start + i * 1_000_000_000L / perSecond;
            do {
                poll(1);
            } while (System.nanoTime() - due < 0);
            SocketChannel channel = SocketChannel.open();
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channels.add(channel);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ, new Reading());
            channel.write(new ByteBuffer[] {
                ByteBuffer.wrap(("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:" + port
                                + "\r\nContent-Type: application/json\r\nContent-Length: " + BODY.length + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII)),
                ByteBuffer.wrap(BODY)
            });
        }
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (begun < count) {
            poll(10);
            if (System.nanoTime() > deadline) {
                throw new IOException("only " + begun + " of " + count + " streams have begun");
            }
        }
    }

    /** Reads for so long and measures. */
    Measured measure(long nanos) throws IOException {
        token = new Histogram();
        tokens = 0;
        run(nanos);
        return new Measured(token, first, tokens);
    }

    /** Reads for so long. */
    void run(long nanos) throws IOException {
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() - end < 0) {
            poll(10);
        }
    }

    private void poll(int millis) throws IOException {
        selector.select(millis);
        for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext(); ) {
            SelectionKey key = keys.next();
            keys.remove();
            scratch.clear();
            if (((SocketChannel) key.channel()).read(scratch) < 0) {
                throw new IOException("a stream has ended");
            }
            take((Reading) key.attachment(), System.nanoTime());
        }
    }

    private void take(Reading reading, long now) throws IOException {
        byte[] bytes = scratch.array();
        for (int i = 0; i < scratch.position(); i++) {
            byte b = bytes[i];
            if (reading.state == 2) {
                if (b >= '0' && b <= '9') {
                    reading.stamp = reading.stamp * 10 + b - '0';
                } else {
                    reading.state = 0;
                    if (b == ' ' && reading.stamp > 0) {
                        arrived(reading, now);
                    }
                }
            } else if (b == 't') {
                reading.state = 1;
            } else if (b == '=' && reading.state == 1) {
                reading.state = 2;
                reading.stamp = 0;
            } else {
                reading.state = 0;
            }
        }
    }

    private void arrived(Reading reading, long now) {
        token.record(now - reading.stamp);
        tokens++;
        if (!reading.hasFirst) {
            reading.hasFirst = true;
            begun++;
            first.record(now - reading.asked);
        }
    }

    /** Hangs up. */
    @Override
    public void close() throws IOException {
        for (SocketChannel channel : channels) {
            channel.close();
        }
        selector.close();
        LockSupport.parkNanos(100_000_000);
    }
}
