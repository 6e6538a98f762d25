package millrace.bench.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** One thread that reads all its connections as they become ready. */
final class Reader implements Runnable {

    private final Selector selector = Selector.open();
    private final ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
    private final InetSocketAddress server;
    private final byte[] request;
    final Meter meter;

    private volatile boolean stopping;
    volatile String failure = "";

    Reader(InetSocketAddress server, byte[] request, Meter meter) throws IOException {
        this.server = server;
        this.request = request;
        this.meter = meter;
    }

    /**
     * Opens a connection, sends the request and hands it to the reader's thread. Any thread.
     *
     * @param receiveBuffer the size of the kernel's buffer, 0 for the usual
     */
    SelectionKey open(Wire wire, int receiveBuffer) throws IOException {
        SocketChannel channel = connect(receiveBuffer);
        SelectionKey key = channel.register(selector, SelectionKey.OP_READ, wire);
        selector.wakeup();
        return key;
    }

    private SocketChannel connect(int receiveBuffer) throws IOException {
        SocketChannel channel = SocketChannel.open();
        if (receiveBuffer > 0) {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBuffer);
        }
        channel.connect(server);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        ByteBuffer out = ByteBuffer.wrap(request);
        while (out.hasRemaining()) {
            channel.write(out);
        }
        channel.configureBlocking(false);
        return channel;
    }

    @Override
    public void run() {
        try {
            while (!stopping) {
                selector.select(this::ready, 100);
                meter.published = meter.events;
            }
        } catch (IOException | RuntimeException e) {
            failure = e.toString();
        }
    }

    void stop() {
        stopping = true;
        selector.wakeup();
    }

    void close() throws IOException {
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }

    private void ready(SelectionKey key) {
        SocketChannel channel = (SocketChannel) key.channel();
        Wire wire = (Wire) key.attachment();
        buffer.clear();
        int length;
        try {
            length = channel.read(buffer);
        } catch (IOException reset) {
            length = -1;
        }
        if (length > 0) {
            wire.accept(buffer.array(), length, System.nanoTime());
        }
        try {
            if (wire instanceof RequestReader reader) {
                if (length < 0) {
                    channel.close();
                    if (!reader.closed()) {
                        reader.cut();
                    }
                    // a server that closes after every response is asked again on a new connection
                    connect(0).register(selector, SelectionKey.OP_READ, reader);
                    reader.askAgain = false;
                } else if (reader.askAgain) {
                    reader.askAgain = false;
                    channel.write(ByteBuffer.wrap(request));
                }
            } else if (length < 0 || wire instanceof Subscriber subscriber && subscriber.gone) {
                channel.close();
                meter.ended++;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
