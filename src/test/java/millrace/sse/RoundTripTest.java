package millrace.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What the encoder writes, the parser reads, up to what the format cannot tell apart. */
class RoundTripTest {

    @Property
    void theEventsArriveInNormalForm(
            @ForAll("items") List<Object> items, @ForAll("sliceLengths") List<Integer> sliceLengths) throws Exception {
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
        assertEquals(normalForm(items), arrived);
        assertFalse(parser.end(), "every block is complete");
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

    @Provide
    Arbitrary<List<Object>> items() {
        Arbitrary<Object> event = Combinators.combine(
                        oneLine().injectNull(0.3),
                        oneLine().injectNull(0.3),
                        anyText().injectNull(0.1),
                        Arbitraries.longs()
                                .between(0, Long.MAX_VALUE)
                                .map(Duration::ofMillis)
                                .injectNull(0.7))
                .as(Event::new);
        return Arbitraries.oneOf(event, event, event, anyText().map(text -> (Object) text))
                .list()
                .ofMaxSize(12);
    }

    @Provide
    Arbitrary<List<Integer>> sliceLengths() {
        return Arbitraries.integers().between(1, 40).list().ofMinSize(1).ofMaxSize(10);
    }

    /** Any UTF-16, halves of pairs too, with what the format is sensitive to far more often than by chance. */
    private static Arbitrary<String> anyText() {
        return Arbitraries.oneOf(
                        Arbitraries.strings().all().ofMaxLength(6),
                        Arbitraries.strings().ascii().ofMaxLength(20),
                        Arbitraries.of(
                                "\r", "\n", "\r\n", ":", " ", "data: x", "\n\n", "id: 1\n", "\uFEFF", "\ud83d",
                                "\ude00"))
                .list()
                .ofMaxSize(8)
                .map(parts -> String.join("", parts));
    }

    private static Arbitrary<String> oneLine() {
        return anyText()
                .map(text -> normal(text).replaceAll("[\\n\\x00]", ""))
                .filter(text -> text.getBytes(UTF_8).length <= Event.MAX_ID_BYTES);
    }
}
