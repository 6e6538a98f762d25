package millrace.sse;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Our encoder beside the two usual ways: a string builder, and the JDK's own encoder with the fields put around it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EncoderBenchmark {

    @Param({"token", "json", "page", "chinese", "lines"})
    public String shape = "";

    private static final byte[] DATA = "data: ".getBytes(UTF_8);

    private Event event = Event.of("");

    @Setup
    public void setUp() {
        String data = switch (shape) {
            case "token" -> " sheep";
            case "json" -> "{\"sequence\":4711,\"symbol\":\"MILL\",\"price\":\"102.75\",\"size\":300,\"side\":\"buy\"}";
            case "page" -> "{\"text\":\"all work and no play\"},".repeat(256);
            case "chinese" -> "\u6c34\u8f66\u6162\u6162\u5730\u8f6c".repeat(32);
            case "lines" -> "public static void main(String... arguments) {\n".repeat(24);
            default -> throw new IllegalArgumentException(shape);
        };
        event = new Event("AAECAwQFBgcICQoLDA0ODw-4711", "update", data, null);
    }

    @Benchmark
    public byte[] millrace() {
        return event.encode();
    }

    @Benchmark
    public byte[] stringBuilder() {
        var block = new StringBuilder();
        block.append("event: ").append(event.type()).append('\n');
        block.append("id: ").append(event.id()).append('\n');
        for (String line : event.data().split("\r\n|\r|\n", -1)) {
            block.append("data: ").append(line).append('\n');
        }
        return block.append('\n').toString().getBytes(UTF_8);
    }

    /** The JDK's vectorised encoder first, and then its bytes cut into lines; unpaired surrogates become '?'. */
    @Benchmark
    public byte[] getBytes() {
        byte[] head = ("event: " + event.type() + "\nid: " + event.id() + "\n").getBytes(UTF_8);
        byte[] data = event.data().getBytes(UTF_8);
        int lines = 1;
        for (byte each : data) {
            lines += each == '\n' ? 1 : 0;
        }
        byte[] block = Arrays.copyOf(head, head.length + data.length + 6 * lines + 2);
        int at = head.length;
        int from = 0;
        for (int to = 0; to <= data.length; to++) {
            if (to == data.length || data[to] == '\n') {
                System.arraycopy(DATA, 0, block, at, DATA.length);
                System.arraycopy(data, from, block, at + DATA.length, to - from);
                at += DATA.length + to - from;
                block[at++] = '\n';
                from = to + 1;
            }
        }
        block[at] = '\n';
        return block;
    }
}
