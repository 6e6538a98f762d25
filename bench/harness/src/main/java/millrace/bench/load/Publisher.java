package millrace.bench.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * One connection that publishes: a POST, its answer, the next POST. With a rate, all publishers draw the times at which events
 * are due from one schedule, and an event is stamped with the time it was due, so that a server that answers late does not
 * hide its latency; without a rate, with the time it was sent.
 */
final class Publisher implements Runnable, AutoCloseable {

    /** What all publishers of a run have in common. */
    static final class Schedule {
        final long nanosBetween;
        final AtomicLong tickets = new AtomicLong();
        volatile long start;
        volatile boolean stopping;

        Schedule(double rate) {
            this.nanosBetween = rate > 0 ? (long) (1e9 / rate) : 0;
        }
    }

    private final int number;
    private final Schedule schedule;
    private final byte[] request;
    private final int payloadAt;
    private final SocketChannel channel;
    private final ByteBuffer out;
    private final ByteBuffer in = ByteBuffer.allocate(16 * 1024);
    private final Answer answer = new Answer();

    volatile int sent;
    volatile int refused;
    volatile String failure = "";

    Publisher(int number, Schedule schedule, InetSocketAddress server, String head, String bodyPrefix)
            throws IOException {
        this.number = number;
        this.schedule = schedule;
        byte[] prefix = bodyPrefix.getBytes(StandardCharsets.UTF_8);
        byte[] start = (head + "Content-Length: " + (prefix.length + Payload.LENGTH) + "\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8);
        this.payloadAt = start.length + prefix.length;
        this.request = new byte[payloadAt + Payload.LENGTH];
        System.arraycopy(start, 0, request, 0, start.length);
        System.arraycopy(prefix, 0, request, start.length, prefix.length);
        this.out = ByteBuffer.wrap(request);
        this.channel = SocketChannel.open(server);
        channel.socket().setTcpNoDelay(true);
    }

    @Override
    public void run() {
        try {
            while (!schedule.stopping) {
                long stamp = System.nanoTime();
                if (schedule.nanosBetween > 0) {
                    stamp = schedule.start + schedule.tickets.getAndIncrement() * schedule.nanosBetween;
                    for (long wait; (wait = stamp - System.nanoTime()) > 0 && !schedule.stopping; ) {
                        LockSupport.parkNanos(wait);
                    }
                    if (schedule.stopping) {
                        return;
                    }
                }
                publish(stamp);
            }
        } catch (IOException | IllegalStateException e) {
            failure = e.toString();
        }
    }

    /** Publishes one event and waits for the answer. */
    void publish(long stamp) throws IOException {
        Payload.write(request, payloadAt, number, sent, stamp);
        sent++;
        out.clear();
        while (out.hasRemaining()) {
            channel.write(out);
        }
        answer.complete = false;
        while (!answer.complete) {
            in.clear();
            int length = channel.read(in);
            if (length < 0) {
                throw new IOException("the server closed the connection of a publisher");
            }
            answer.accept(in.array(), length, 0);
        }
        if (answer.status / 100 != 2) {
            refused++;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private static final class Answer extends Wire {
        int status;
        boolean complete;

        Answer() {
            super(0);
        }

        @Override
        void head(int status) {
            this.status = status;
            if (status == 204) {
                complete = true;
            }
        }

        @Override
        void data(byte[] from, int at, int length, long now) {}

        @Override
        void end() {
            complete = true;
        }
    }
}
