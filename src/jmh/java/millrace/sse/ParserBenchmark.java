package millrace.sse;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import okhttp3.sse.internal.ServerSentEventReader;
import okio.Buffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * A stream of {@link #STREAM_BYTES} that comes in slices of 8 KiB, read by our parser, by the reader of okhttp-sse and by
 * splitting a string, which is no parser (it needs the whole stream and knows one kind of line end) but a floor.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ParserBenchmark {

    /** So that microseconds a call are bytes a second after one division. */
    private static final int STREAM_BYTES = 1_000_000;

    private static final int SLICE_BYTES = 8 << 10;

    @Param({"deltas", "updates", "lines"})
    public String shape = "";

    private byte[] stream = {};

    @Setup
    public void setUp() {
        var bytes = new ByteArrayOutputStream();
        for (int n = 0; bytes.size() < STREAM_BYTES; n++) {
            Event event = switch (shape) {
                case "deltas" ->
                    Event.of("{\"id\":\"chatcmpl-9f8e7d\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,"
                            + "\"model\":\"offline\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word"
                            + n % 10 + "\"},\"finish_reason\":null}]}");
                case "updates" -> new Event("AAECAwQFBgcICQoLDA0ODw-" + n, "update", "price " + n, null);
                case "lines" -> Event.of("public static void main(String... arguments) {\n".repeat(24));
                default -> throw new IllegalArgumentException(shape);
            };
            bytes.writeBytes(event.encode());
        }
        stream = bytes.toByteArray();
    }

    @Benchmark
    public boolean millrace(Blackhole out) throws IOException, InterruptedException {
        var parser = new EventStreamParser((type, data, lastEventId) -> {
            out.consume(type);
            out.consume(data);
            out.consume(lastEventId);
        });
        for (int at = 0; at < stream.length; at += SLICE_BYTES) {
            parser.feed(stream, at, Math.min(SLICE_BYTES, stream.length - at));
        }
        return parser.end();
    }

    @Benchmark
    public void okhttpSse(Blackhole out) throws IOException {
        var source = new Buffer();
        source.write(stream);
        var reader = new ServerSentEventReader(source, new ServerSentEventReader.Callback() {
            @Override
            public void onEvent(String id, String type, String data) {
                out.consume(type);
                out.consume(data);
                out.consume(id);
            }

            @Override
            public void onRetryChange(long timeMs) {}
        });
        while (reader.processNextEvent()) {}
    }

    @Benchmark
    public void stringSplit(Blackhole out) {
        for (String block : new String(stream, UTF_8).split("\n\n")) {
            String type = "message";
            String id = "";
            var data = new StringBuilder();
            for (String line : block.split("\n")) {
                if (line.startsWith("data: ")) {
                    data.append(data.isEmpty() ? "" : "\n").append(line, 6, line.length());
                } else if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("event: ")) {
                    type = line.substring(7);
                }
            }
            out.consume(type);
            out.consume(data.toString());
            out.consume(id);
        }
    }
}
