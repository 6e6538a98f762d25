package millrace.bench.floor;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The floor: what one {@code write} per delivery costs when a server does nothing else. One thread, one selector, one shared
 * direct buffer; no routing, no limits, no checks. Not a server that anybody should run.
 */
public final class Floor {

    private static final byte[] OPEN =
            ascii("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    private static final byte[] DONE = ascii("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    private static final byte[] LAST_CHUNK = ascii("0\r\n\r\n");

    private final Selector selector = Selector.open();
    private final List<Connection> subscribers = new ArrayList<>();
    private final PriorityQueue<Stream> paced = new PriorityQueue<>((a, b) -> Long.compare(a.due, b.due));
    private final ByteBuffer shared = ByteBuffer.allocateDirect(64 * 1024);

    private Floor() throws IOException {}

    private static final class Connection {
        final SocketChannel channel;
        final ByteBuffer in = ByteBuffer.allocate(2048);
        final Deque<ByteBuffer> behind = new ArrayDeque<>();
        SelectionKey key;

        Connection(SocketChannel channel) {
            this.channel = channel;
        }
    }

    private static final class Stream {
        final Connection connection;
        final int n;
        final long between;
        int next;
        long due = System.nanoTime();

        Stream(Connection connection, int n, long between) {
            this.connection = connection;
            this.n = n;
            this.between = between;
        }
    }

    public static void main(String[] args) throws IOException {
        new Floor().serve(Integer.parseInt(args[0]));
    }

    private void serve(int port) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1024);
        server.configureBlocking(false).register(selector, SelectionKey.OP_ACCEPT);
        while (true) {
            long wait = paced.isEmpty() ? 1000 : Math.max(1, (paced.peek().due - System.nanoTime()) / 1_000_000);
            selector.select(this::ready, wait);
            while (!paced.isEmpty() && paced.peek().due <= System.nanoTime()) {
                Stream stream = paced.poll();
                event(stream);
                stream.due += stream.between;
                if (stream.next < stream.n && stream.connection.channel.isOpen()) {
                    paced.add(stream);
                } else {
                    write(stream.connection, ByteBuffer.wrap(LAST_CHUNK));
                }
            }
        }
    }

    private void ready(SelectionKey key) {
        if (key.isAcceptable()) {
            accept((ServerSocketChannel) key.channel());
            return;
        }
        Connection connection = (Connection) key.attachment();
        try {
            if (key.isWritable()) {
                catchUp(connection);
            }
            if (key.isReadable()) {
                if (connection.channel.read(connection.in) < 0) {
                    close(connection);
                    return;
                }
                request(connection);
            }
        } catch (IOException e) {
            close(connection);
        }
    }

    private void accept(ServerSocketChannel server) {
        try {
            SocketChannel channel = server.accept();
            if (channel != null) {
                channel.configureBlocking(false);
                channel.socket().setTcpNoDelay(true);
                Connection connection = new Connection(channel);
                connection.key = channel.register(selector, SelectionKey.OP_READ, connection);
            }
        } catch (IOException e) {
            System.err.println(e);
        }
    }

    private void close(Connection connection) {
        subscribers.remove(connection);
        try {
            connection.channel.close();
        } catch (IOException e) {
            System.err.println(e);
        }
    }

    private void request(Connection connection) {
        ByteBuffer in = connection.in;
        String text = new String(in.array(), 0, in.position(), StandardCharsets.ISO_8859_1);
        int end = text.indexOf("\r\n\r\n");
        if (end < 0) {
            return;
        }
        if (text.startsWith("POST")) {
            int at = text.indexOf("Content-Length: ") + 16;
            int length = Integer.parseInt(text.substring(at, text.indexOf('\r', at)));
            if (text.length() < end + 4 + length) {
                return;
            }
            publish(in.array(), end + 4, length);
            write(connection, ByteBuffer.wrap(DONE));
        } else {
            write(connection, ByteBuffer.wrap(OPEN));
            String target = text.substring(4, text.indexOf(' ', 4));
            if (target.startsWith("/stream")) {
                Stream stream = new Stream(connection, number(target, "n="), number(target, "interval=") * 1_000_000L);
                if (stream.between > 0) {
                    paced.add(stream);
                } else {
                    while (stream.next < stream.n) {
                        event(stream);
                    }
                    write(connection, ByteBuffer.wrap(LAST_CHUNK));
                }
            } else {
                subscribers.add(connection);
            }
        }
        in.clear();
    }

    private static int number(String target, String name) {
        int at = target.indexOf(name) + name.length();
        int end = target.indexOf('&', at);
        return Integer.parseInt(target.substring(at, end < 0 ? target.length() : end));
    }

    private void event(Stream stream) {
        fill(ascii(stream.next++ + " " + System.nanoTime()), 0, -1);
        write(stream.connection, shared);
    }

    private void publish(byte[] bytes, int from, int length) {
        fill(bytes, from, length);
        for (int i = subscribers.size() - 1; i >= 0; i--) {
            shared.rewind();
            write(subscribers.get(i), shared);
        }
    }

    /** Puts one event, in a chunk of its own, into the shared buffer. */
    private void fill(byte[] data, int from, int length) {
        int size = length < 0 ? data.length : length;
        shared.clear();
        shared.put(ascii(Integer.toHexString(size + 8))).put((byte) '\r').put((byte) '\n');
        shared.put(ascii("data: ")).put(data, from, size).put(ascii("\n\n\r\n"));
        shared.flip();
    }

    private void write(Connection connection, ByteBuffer bytes) {
        try {
            if (connection.behind.isEmpty()) {
                connection.channel.write(bytes);
            }
            if (bytes.hasRemaining()) {
                ByteBuffer rest = ByteBuffer.allocate(bytes.remaining());
                connection.behind.add(rest.put(bytes).flip());
                connection.key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
            }
        } catch (IOException e) {
            close(connection);
        }
    }

    private void catchUp(Connection connection) throws IOException {
        while (!connection.behind.isEmpty()) {
            ByteBuffer first = connection.behind.peek();
            connection.channel.write(first);
            if (first.hasRemaining()) {
                return;
            }
            connection.behind.remove();
        }
        connection.key.interestOps(SelectionKey.OP_READ);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
