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

/**
 * An upstream on one thread: answers each request with a stream of tokens at a fixed rate, each of them a chunk of the
 * OpenAI format that carries the nanoTime at which it was written. The first goes out with the headers. A stream ends
 * when its client closes it.
 */
final class TokenServer implements Runnable, AutoCloseable {

    private static final String HEAD =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String BEFORE =
            "data: {\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion.chunk\","
                    + "\"created\":1800000000,\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"t=";
    private static final String AFTER = " \"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";

    private final Selector selector = Selector.open();
    private final ServerSocketChannel listener = ServerSocketChannel.open();
    private final PriorityQueue<Stream> due = new PriorityQueue<>((a, b) -> Long.signum(a.next - b.next));
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(64 << 10);
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
        try {
            while (!closed) {
                sendDue();
                Stream first = due.peek();
                long wait = first == null ? 50 : Math.max(0, (first.next - System.nanoTime()) / 1_000_000);
                if (wait == 0) {
                    selector.selectNow();
                } else {
                    selector.select(Math.min(50, wait));
                }
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
                stream.next = System.nanoTime() + nanosBetweenTokens;
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

    private static void putToken(ByteBuffer to) {
        byte[] event = (BEFORE + System.nanoTime() + AFTER).getBytes(StandardCharsets.US_ASCII);
        to.put((Integer.toHexString(event.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
        to.put(event).put((byte) '\r').put((byte) '\n');
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
