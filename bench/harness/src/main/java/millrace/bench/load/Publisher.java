package millrace.bench.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
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

    /**
     * How a request is made.
     *
     * @param head of the request, up to the length of the body; {@code {topic}} in it stands for the topic
     * @param prefix what the body has before the payload; {@code {topic}} in it stands for the topic
     * @param suffix what the body has after the payload
     * @param events how often prefix, payload and suffix are repeated: more than one is a batch, which the server answers
     *     with a line for each
     */
    record Form(String head, String prefix, String suffix, int events) {}

    private final int number;
    private final int publishers;
    private final Schedule schedule;
    private final AtomicIntegerArray sent;
    private final byte[] request;
    private final int events;
    private final int[] payloads;
    private final int[] topics;
    private final SocketChannel channel;
    private final ByteBuffer out;
    private final ByteBuffer in = ByteBuffer.allocate(16 * 1024);
    private final Answer answer = new Answer();
    private int turn;

    volatile long published;
    volatile long refused;
    volatile String failure = "";

    /** @param sent how many events of each source were published; this publisher has each {@code publishers}-th source */
    Publisher(
            int number, int publishers, Schedule schedule, InetSocketAddress server, Form form, AtomicIntegerArray sent)
            throws IOException {
        this.number = number;
        this.publishers = publishers;
        this.schedule = schedule;
        this.sent = sent;
        this.events = form.events();
        String one = form.prefix() + "x".repeat(Payload.LENGTH) + form.suffix();
        String body = one.replace("{topic}", topic(0)).repeat(events);
        String head = form.head().replace("{topic}", topic(0));
        String text = head + "Content-Length: " + body.length() + "\r\n\r\n";
        this.request = (text + body).getBytes(StandardCharsets.US_ASCII);
        this.payloads = new int[events];
        for (int i = 0; i < events; i++) {
            payloads[i] = text.length()
                    + i * (body.length() / events)
                    + form.prefix().replace("{topic}", topic(0)).length();
        }
        this.topics = form.head().contains("{topic}") || form.prefix().contains("{topic}")
                ? new int[] {(text + body).indexOf(topic(0))}
                : new int[0];
        this.out = ByteBuffer.wrap(request);
        this.channel = SocketChannel.open(server);
        channel.socket().setTcpNoDelay(true);
    }

    /** The name of a topic; all have the same length. */
    static String topic(int number) {
        return String.format("t%07d", number);
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
                publish(next(), stamp);
            }
        } catch (IOException | IllegalStateException e) {
            failure = e.toString();
        }
    }

    /** The sources of a publisher have their turns in an order that jumps about. */
    private int next() {
        int own = sent.length() / publishers;
        return number + publishers * (int) (turn++ * 7919L % own);
    }

    /** Publishes the next event or events of a source and waits for the answer. */
    void publish(int source, long stamp) throws IOException {
        int sequence = sent.get(source);
        sent.set(source, sequence + events); // before they can arrive
        write(source, source, sequence, stamp);
        published += events;
    }

    /** Publishes an event that shows to those whom it reaches that their subscription counts. */
    void sync(int topic) throws IOException {
        write(topic, Payload.SYNC, 0, System.nanoTime());
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // by this thread alone
    private void write(int topic, int source, int sequence, long stamp) throws IOException {
        for (int i = 0; i < events; i++) {
            Payload.write(request, payloads[i], source, sequence + i, stamp);
        }
        for (int at : topics) {
            for (int i = at + 7, rest = topic; i > at; i--, rest /= 10) {
                request[i] = (byte) ('0' + rest % 10);
            }
        }
        out.clear();
        while (out.hasRemaining()) {
            channel.write(out);
        }
        answer.complete = false;
        answer.taken = 0;
        while (!answer.complete) {
            in.clear();
            int length = channel.read(in);
            if (length < 0) {
                throw new IOException("the server closed the connection of a publisher");
            }
            answer.accept(in.array(), length, 0);
        }
        if (answer.status / 100 != 2) {
            refused += events;
        } else if (events > 1) {
            refused += events - answer.taken;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private static final class Answer extends Wire {
        private static final byte[] TAKEN = "{\"id\":".getBytes(StandardCharsets.US_ASCII);

        int status;
        int taken;
        boolean complete;

        Answer() {
            super(0);
        }

        @Override
        void head(int status) {
            this.status = status;
        }

        @Override
        void line(byte[] bytes, int from, int to, long now) {
            if (to - from >= TAKEN.length && Arrays.equals(bytes, from, from + TAKEN.length, TAKEN, 0, TAKEN.length)) {
                taken++;
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
