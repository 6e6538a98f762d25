package millrace.chat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import millrace.sse.EventStreamParser;
import org.jspecify.annotations.Nullable;

/** An answer that a server sends as an event stream. */
final class StreamedAnswer implements Answer {

    private static final Duration FAREWELL_TIME = Duration.ofMillis(250);

    private final UpstreamBody body;
    private final Duration silence;
    private final UnaryOperator<String> mask;
    private final LongSupplier nanoTime;
    private final ArrayDeque<Message> parsed = new ArrayDeque<>();
    private final EventStreamParser parser;
    private byte[] scratch = {};
    private boolean hasBegun;

    /** What came, where it is no stream. */
    private @Nullable ByteArrayOutputStream json;

    /** When it has to be over, by {@link #nanoTime}. */
    private @Nullable Long deadline;

    private volatile boolean finished;

    /**
     * @param silence after which the upstream is given up
     * @param mask hides what must not be seen
     */
    StreamedAnswer(
            UpstreamBody body, Duration silence, int maxEventBytes, UnaryOperator<String> mask, LongSupplier nanoTime) {
        this.body = body;
        this.silence = silence;
        this.mask = mask;
        this.nanoTime = nanoTime;
        this.parser = new EventStreamParser(
                (type, data, lastEventId) -> parsed.add(new Message(type, mask.apply(data))), maxEventBytes);
    }

    @Override
    public @Nullable Message next() throws RefusedException, IOException, InterruptedException {
        while (parsed.isEmpty()) {
            if (!feed()) {
                if (parser.end()) {
                    throw new IOException("the upstream's answer ended inside an event");
                }
                return null;
            }
        }
        return parsed.poll();
    }

    @Override
    public void endWithin(@Nullable Duration rest) {
        deadline = rest == null ? null : nanoTime.getAsLong() + rest.toNanos();
    }

    private boolean feed() throws RefusedException, IOException, InterruptedException {
        Duration left = deadline == null ? null : Duration.ofNanos(deadline - nanoTime.getAsLong());
        if (left != null && left.isNegative()) {
            throw new HttpTimeoutException("the upstream's answer does not end");
        }
        List<ByteBuffer> piece = body.take(silence, left);
        if (piece == null) {
            return false;
        }
        for (ByteBuffer buffer : piece) {
            int length = buffer.remaining();
            if (length > scratch.length) {
                scratch = new byte[length];
            }
            buffer.get(scratch, 0, length);
            if (!hasBegun) {
                begin(length);
            }
            if (json != null) {
                json.write(scratch, 0, length);
            } else {
                parser.feed(scratch, 0, length);
            }
        }
        if (json != null) {
            throw new RefusedException(noStream(json));
        }
        return true;
    }

    /** No line of an event stream begins with a bracket: then it is JSON, whatever the headers say. */
    private void begin(int length) {
        int at = 0;
        while (at < length && " \t\r\n".indexOf(scratch[at]) >= 0) {
            at++;
        }
        hasBegun = at < length;
        if (hasBegun && (scratch[at] == '{' || scratch[at] == '[')) {
            json = new ByteArrayOutputStream();
        }
    }

    private ApiError noStream(ByteArrayOutputStream all) throws InterruptedException {
        try {
            body.readInto(all, HttpUpstream.MAX_ERROR_BYTES, silence, HttpUpstream.ERROR_BODY_TIME);
        } catch (IOException cut) {
            // then what is there has to do
        }
        String text = mask.apply(all.toString(StandardCharsets.UTF_8));
        Chunk chunk = Chunk.scan(text);
        return chunk != null && chunk.error()
                ? ApiError.under200(text)
                : ApiError.upstream(
                        502, "upstream_no_stream", "the upstream server sent JSON where a stream was asked for");
    }

    /** The end of the body is all that is missing: one more piece, which is asked for already. */
    @Override
    public void finish() {
        finished = true;
        body.finish(FAREWELL_TIME);
    }

    @Override
    public void close() {
        if (!finished) {
            body.close();
        }
    }
}
