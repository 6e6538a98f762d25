package millrace.bench.chat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.PriorityQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * An upstream on one thread: answers each request with a stream of tokens at a fixed rate, each of them a chunk of the
 * OpenAI format that carries the nanoTime at which it was written. The first goes out with the headers; the moments of
 * the others are spread over the time between two tokens, so that the streams do not tick together. A stream ends when
 * its client closes it. It sleeps between tokens and makes no garbage: the relay under test needs the cores.
 */
final class TokenServer implements Runnable, AutoCloseable {

    private static final String HEAD =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String BEFORE =
            "data: {\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion.chunk\","
                    + "\"created\":1800000000,\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"t=";
    private static final String AFTER = " \"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
    private static final int DIGITS = 19;
    private static final byte[] TOKEN = token();
    private static final int LAST_DIGIT = TOKEN.length - AFTER.length() - 2 - 1;

    /** How long it may not look for requests. */
    private static final long LOOK_NANOS = 1_000_000;

    private final Selector selector = Selector.open();
    private final ServerSocketChannel listener = ServerSocketChannel.open();
    private final PriorityQueue<Stream> due = new PriorityQueue<>((a, b) -> Long.signum(a.next - b.next));
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(64 << 10);
    private int begun;
    private volatile long nanosBetweenTokens = 1_000_000_000;
    private volatile boolean closed;
    volatile long written;
    volatile int open;

    private static final class Stream {
        final SocketChannel channel;
        final StringBuilder request = new StringBuilder();
        long next;
        boolean streaming;

        Stream(SocketChannel channel) {
            this.channel = channel;
        }
    }

    TokenServer() throws IOException {
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8_192);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
    }

    int port() throws IOException {
        return ((InetSocketAddress) listener.getLocalAddress()).getPort();
    }

    /** For streams that begin from now on, and those that go on. */
    void tokensPerSecond(int rate) {
        nanosBetweenTokens = 1_000_000_000L / rate;
    }

    @Override
    public void run() {
        long looked = System.nanoTime();
        try {
            while (!closed) {
                sendDue();
                Stream first = due.peek();
                long wait = first == null ? 50 * LOOK_NANOS : first.next - System.nanoTime();
                if (wait >= LOOK_NANOS) {
                    selector.select(Math.min(50, wait / LOOK_NANOS));
                } else if (System.nanoTime() - looked >= LOOK_NANOS) {
                    selector.selectNow();
                } else {
                    LockSupport.parkNanos(wait);
                    continue;
                }
                looked = System.nanoTime();
                for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext(); ) {
                    SelectionKey key = keys.next();
                    keys.remove();
                    if (key.isAcceptable()) {
                        accept();
                    } else if (key.isValid()) {
                        read((Stream) key.attachment());
                    }
                }
            }
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private void accept() throws IOException {
        for (SocketChannel channel; (channel = listener.accept()) != null; ) {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.register(selector, SelectionKey.OP_READ, new Stream(channel));
        }
    }

    private void read(Stream stream) {
        try {
            scratch.clear();
            if (stream.channel.read(scratch) < 0) {
                end(stream);
                return;
            }
            scratch.flip();
            stream.request.append(StandardCharsets.ISO_8859_1.decode(scratch));
            if (!stream.streaming && isWhole(stream.request)) {
                stream.streaming = true;
                open++;
                scratch.clear();
                scratch.put(HEAD.getBytes(StandardCharsets.US_ASCII));
                putToken(scratch);
                stream.channel.write(scratch.flip());
                written++;
                double phase = begun++ * 0.6180339887498949 % 1; // the golden ratio: evenly spread at any number
                stream.next = System.nanoTime() + (long) (phase * nanosBetweenTokens);
                due.add(stream);
            }
        } catch (IOException gone) {
            end(stream);
        }
    }

    private static boolean isWhole(StringBuilder request) {
        int end = request.indexOf("\r\n\r\n");
        if (end < 0) {
            return false;
        }
        String head = request.substring(0, end).toLowerCase(java.util.Locale.ROOT);
        int at = head.indexOf("content-length: ");
        int lineEnd = at < 0 ? -1 : head.indexOf("\r\n", at);
        String length = at < 0 ? "0" : head.substring(at + 16, lineEnd < 0 ? head.length() : lineEnd);
        return request.length() >= end + 4 + Integer.parseInt(length.strip());
    }

    private void sendDue() {
        long now = System.nanoTime();
        for (Stream stream; (stream = due.peek()) != null && stream.next - now <= 0; ) {
            due.poll();
            if (!stream.channel.isOpen()) {
                continue;
            }
            try {
                scratch.clear();
                putToken(scratch);
                scratch.flip();
                int length = scratch.remaining();
                if (stream.channel.write(scratch) < length) {
                    throw new IOException("the reader does not read");
                }
                written++;
                stream.next += nanosBetweenTokens; // from its due time: a late token does not delay the next ones
                due.add(stream);
            } catch (IOException gone) {
                end(stream);
            }
        }
    }

    /** The chunk on the wire, with room for the time. */
    private static byte[] token() {
        String event = BEFORE + "0".repeat(DIGITS) + AFTER;
        return (Integer.toHexString(event.length()) + "\r\n" + event + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    private static void putToken(ByteBuffer to) {
        long rest = System.nanoTime();
        for (int i = 0; i < DIGITS; i++) {
            TOKEN[LAST_DIGIT - i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        to.put(TOKEN);
    }

    private void end(Stream stream) {
        if (stream.streaming) {
            stream.streaming = false;
            open--;
        }
        due.remove(stream);
        try {
            stream.channel.close();
        } catch (IOException alreadyClosed) {
            // then it is closed
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        selector.wakeup();
        listener.close();
    }
}
