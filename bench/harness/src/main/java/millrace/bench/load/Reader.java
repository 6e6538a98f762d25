package millrace.bench.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.PriorityQueue;

/** One thread that reads all its connections as they become ready, some of them slowly. */
final class Reader implements Runnable {

    /** What a slow connection takes in one read. */
    private static final int SIP = 4096;

    private final Selector selector = Selector.open();
    private final ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
    private final InetSocketAddress server;
    private final byte[] request;
    final Meter meter;

    /** Those that read slowly and have read enough for now. */
    private final PriorityQueue<Slow> resting = new PriorityQueue<>((a, b) -> Long.compare(a.next, b.next));

    private volatile List<SelectionKey> toSlow;
    private volatile int bytesPerSecond;
    private volatile boolean hurry;
    private volatile boolean stopping;
    volatile String failure = "";

    private static final class Slow {
        final SelectionKey key;
        final Wire wire;
        long next = System.nanoTime();

        Slow(SelectionKey key) {
            this.key = key;
            this.wire = (Wire) key.attachment();
        }
    }

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
        return open(wire, receiveBuffer, request);
    }

    /** Opens one with a request of its own. */
    SelectionKey open(Wire wire, int receiveBuffer, byte[] ownRequest) throws IOException {
        SocketChannel channel = connect(receiveBuffer, ownRequest);
        SelectionKey key = channel.register(selector, SelectionKey.OP_READ, wire);
        selector.wakeup();
        return key;
    }

    private SocketChannel connect(int receiveBuffer, byte[] ownRequest) throws IOException {
        SocketChannel channel = SocketChannel.open();
        if (receiveBuffer > 0) {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBuffer);
        }
        channel.connect(server);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        ByteBuffer out = ByteBuffer.wrap(ownRequest);
        while (out.hasRemaining()) {
            channel.write(out);
        }
        channel.configureBlocking(false);
        return channel;
    }

    /** Reads those no faster from now on. Once. Any thread. */
    void slowDown(List<SelectionKey> keys, int bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
        toSlow = List.copyOf(keys);
        selector.wakeup();
    }

    /** Reads all as fast as they come again. Any thread. */
    void hurry() {
        hurry = true;
        selector.wakeup();
    }

    @Override
    public void run() {
        try {
            while (!stopping) {
                long wait = resting.isEmpty() ? 100 : (resting.peek().next - System.nanoTime() + 999_999) / 1_000_000;
                if (wait > 0) {
                    selector.select(this::ready, Math.min(100, wait));
                } else {
                    selector.selectNow(this::ready);
                }
                List<SelectionKey> slower = toSlow;
                if (slower != null) {
                    toSlow = null;
                    slower.forEach(key -> key.attach(new Slow(key)));
                }
                wakeResting();
                meter.published = meter.events;
            }
        } catch (IOException | RuntimeException e) {
            failure = e.toString();
        }
    }

    private void wakeResting() {
        while (!resting.isEmpty() && (hurry || resting.peek().next <= System.nanoTime())) {
            SelectionKey key = resting.poll().key;
            if (key.isValid()) {
                key.interestOps(SelectionKey.OP_READ);
            }
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
        Slow slow = key.attachment() instanceof Slow one ? one : null;
        Wire wire = slow == null ? (Wire) key.attachment() : slow.wire;
        buffer.clear();
        if (slow != null && !hurry) {
            buffer.limit(SIP);
        }
        int length;
        try {
            length = channel.read(buffer);
        } catch (IOException reset) {
            length = -1;
        }
        if (length > 0) {
            wire.accept(buffer.array(), length, System.nanoTime());
            if (meter.measuring) {
                meter.bytes += length;
            }
            if (slow != null && !hurry) {
                rest(slow, length);
            }
        }
        try {
            if (wire instanceof RequestReader reader) {
                if (length < 0) {
                    channel.close();
                    if (!reader.closed()) {
                        reader.cut();
                    }
                    // a server that closes after every response is asked again on a new connection
                    connect(0, request).register(selector, SelectionKey.OP_READ, reader);
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

    private void rest(Slow slow, int length) {
        // who has had nothing to read for a while does not read faster for it afterwards
        slow.next = Math.max(slow.next, System.nanoTime() - 100_000_000L) + length * 1_000_000_000L / bytesPerSecond;
        slow.key.interestOps(0);
        resting.add(slow);
    }
}
