package millrace.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What the encoder writes, the parser reads, up to what the format cannot tell apart: for streams that are made up. A
 * failure names its seed; {@code -Dseed=…} makes that stream alone.
 */
class RoundTripTest {

    private static final int STREAMS = 2_000;

    @Test
    void theEventsArriveInNormalForm() throws Exception {
        Long one = Long.getLong("seed");
        for (long seed = one == null ? 1 : one; seed <= (one == null ? STREAMS : one); seed++) {
            MadeUp made =
                    new MadeUp(RandomGeneratorFactory.of("L64X128MixRandom").create(seed));
            roundTrip(made.items(), made.sliceLengths(), "-Dseed=" + seed);
        }
    }

    private static void roundTrip(List<Object> items, List<Integer> sliceLengths, String seed) throws Exception {
        var stream = new ByteArrayOutputStream();
        for (Object item : items) {
            stream.writeBytes(
                    switch (item) {
                        case Event event -> event.encode();
                        case String comment -> EventEncoder.comment(comment);
                        default -> throw new AssertionError(item);
                    });
        }
        var arrived = new ArrayList<String>();
        var parser = new EventStreamParser(new EventStreamParser.Handler() {
            @Override
            public void event(String type, String data, String lastEventId) {
                arrived.add("event " + type + " [" + data + "] id [" + lastEventId + "]");
            }

            @Override
            public void retry(Duration reconnectionTime) {
                arrived.add("retry " + reconnectionTime);
            }

            @Override
            public void comment(String text) {
                arrived.add("comment [" + text + "]");
            }
        });
        byte[] bytes = stream.toByteArray();
        for (int at = 0, slice = 0; at < bytes.length; slice++) {
            int length = Math.min(sliceLengths.get(slice % sliceLengths.size()), bytes.length - at);
            parser.feed(bytes, at, length);
            at += length;
        }
        assertEquals(normalForm(items), arrived, seed);
        assertFalse(parser.end(), "every block is complete: " + seed);
    }

    /** CR and CRLF are LF, an event without an id inherits the last one, an empty type is {@code message}; what says nothing is a comment. */
    private static List<String> normalForm(List<Object> items) {
        var expected = new ArrayList<String>();
        String lastEventId = "";
        for (Object item : items) {
            if (item instanceof Event event) {
                if (event.retry() != null) {
                    expected.add("retry " + Duration.ofMillis(event.retry().toMillis()));
                }
                if (event.retry() == null && event.id() == null && event.data() == null) {
                    expected.add("comment []");
                }
                lastEventId = Objects.requireNonNullElse(event.id(), lastEventId);
                if (event.data() != null) {
                    String type = event.type() == null || event.type().isEmpty() ? "message" : event.type();
                    expected.add("event " + type + " [" + normal(event.data()) + "] id [" + lastEventId + "]");
                }
            } else {
                for (String line : normal((String) item).split("\n", -1)) {
                    expected.add("comment [" + line + "]");
                }
            }
        }
        return expected;
    }

    /** Text with LF alone and U+FFFD for each half of a pair. */
    private static String normal(String text) {
        var normal = new StringBuilder();
        text.replace("\r\n", "\n")
                .replace('\r', '\n')
                .codePoints()
                .forEach(c -> normal.appendCodePoint(
                        c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c));
        return normal.toString();
    }

    /** Streams from a seed; the same seed makes the same. */
    private record MadeUp(RandomGenerator random) {

        private static final List<String> TRICKY =
                List.of("\r", "\n", "\r\n", ":", " ", "data: x", "\n\n", "id: 1\n", "\uFEFF", "\ud83d", "\ude00");

        List<Object> items() {
            return list(0, 12, () -> random.nextInt(4) == 0 ? text() : event());
        }

        List<Integer> sliceLengths() {
            return list(1, 10, () -> random.nextInt(1, 41));
        }

        private Event event() {
            return new Event(
                    rarely(0.3, this::oneLine),
                    rarely(0.3, this::oneLine),
                    rarely(0.1, this::text),
                    rarely(0.7, () -> Duration.ofMillis(random.nextLong() >>> random.nextInt(1, 64))));
        }

        /** Any UTF-16, halves of pairs too, with what the format is sensitive to far more often than by chance. */
        private String text() {
            return String.join("", list(0, 8, () -> switch (random.nextInt(3)) {
                case 0 -> characters(6, Character.MAX_VALUE + 1);
                case 1 -> characters(20, 128);
                default -> TRICKY.get(random.nextInt(TRICKY.size()));
            }));
        }

        private String oneLine() {
            String line = normal(text()).replaceAll("[\\n\\x00]", "");
            return line.getBytes(UTF_8).length <= Event.MAX_ID_BYTES ? line : oneLine();
        }

        private String characters(int most, int below) {
            StringBuilder text = new StringBuilder();
            list(0, most, () -> text.append((char) random.nextInt(below)));
            return text.toString();
        }

        private <T> @Nullable T rarely(double none, Supplier<T> value) {
            return random.nextDouble() < none ? null : value.get();
        }

        private <T> List<T> list(int least, int most, Supplier<T> item) {
            List<T> items = new ArrayList<>();
            for (int i = random.nextInt(least, most + 1); i > 0; i--) {
                items.add(item.get());
            }
            return items;
        }
    }
}
