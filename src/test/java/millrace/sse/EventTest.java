package millrace.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventTest {

    @Test
    void anEventWithAllFields() {
        Event event = new Event("7", "greeting", "Hello", Duration.ofSeconds(3));
        assertBytes("""
                event: greeting
                retry: 3000
                id: 7
                data: Hello

                """, event);
    }

    @Test
    void aMessageHasNoEventField() {
        assertBytes("""
                data: Hello

                """, Event.of("Hello"));
        assertBytes("""
                data: Hello

                """, Event.of("", "Hello"));
    }

    @Test
    void eachLineOfDataIsALineOfItsOwn() {
        String expected = """
                data: a
                data: b
                data:\s
                data: c

                """;
        assertBytes(expected, Event.of("a\nb\n\nc"));
        assertBytes(expected, Event.of("a\rb\r\rc"));
        assertBytes(expected, Event.of("a\r\nb\r\n\r\nc"));
        assertBytes(expected, Event.of("a\r\nb\n\rc"));
    }

    @Test
    void lineEndsAtTheEdgesOfDataStay() {
        assertBytes("data: \ndata: a\ndata: \n\n", Event.of("\na\n"));
        assertBytes("data: \ndata: \n\n", Event.of("\r\n"));
        assertBytes("data: \ndata: \ndata: \n\n", Event.of("\n\r"));
    }

    @Test
    void thereIsAlwaysASpaceSoThatASpaceOfTheDataSurvives() {
        assertBytes("data:  a\n\n", Event.of(" a"));
        assertBytes("data: \ta\n\n", Event.of("\ta"));
    }

    @Test
    void emptyDataIsALineAndNoDataIsNone() {
        assertBytes("data: \n\n", Event.of(""));
        assertBytes("id: 5\n\n", new Event("5", null, null, null));
        assertBytes("id: \n\n", new Event("", null, null, null));
        assertBytes("retry: 0\n", new Event(null, null, null, Duration.ZERO));
        assertBytes(":\n", new Event(null, null, null, null));
    }

    @Test
    void dataCannotForgeAField() {
        assertBytes("data: x\ndata: id: 9\ndata: \ndata: event: evil\n\n", Event.of("x\nid: 9\r\revent: evil"));
    }

    @Test
    void textIsUtf8() {
        assertBytes(
                "event: \u00fc\nid: \u20ac\ndata: a\u00e9\u07ff\u0800\u20ac\ud83d\ude00z\n\n",
                new Event("\u20ac", "\u00fc", "a\u00e9\u07ff\u0800\u20ac\ud83d\ude00z", null));
    }

    @Test
    void anUnpairedSurrogateInDataIsAReplacementCharacter() {
        assertBytes("data: a\uFFFDb\n\n", Event.of("a\ud83db"));
        assertBytes("data: \uFFFD\uFFFD\n\n", Event.of("\ude00\ud83d"));
        assertBytes("data: \uFFFD\ndata: \uFFFD\n\n", Event.of("\ud83d\n\ude00"));
        assertBytes("data: \uFFFD\ud83d\ude00\n\n", Event.of("\ud83d\ud83d\ude00"));
    }

    /** The array grows for all that is not ASCII on one line: each mixture at lengths around its steps. */
    @Test
    void everyMixtureOfCharactersAndLineEndsFitsItsArray() {
        String[] units = {"a", "\n", "\r\n", "\u00e9", "\u20ac", "\ud83d\ude00"};
        for (String first : units) {
            for (String second : units) {
                for (int count : new int[] {1, 2, 7, 31, 100}) {
                    String data = first.repeat(count) + second.repeat(count) + first + second;
                    String expected = "data: " + data.replace("\r\n", "\n").replace("\n", "\ndata: ") + "\n\n";
                    assertBytes(expected, Event.of(data));
                    assertBytes("id: x\u20ac\n" + expected, Event.of(data).withId("x\u20ac"));
                }
            }
        }
    }

    @Test
    void aMegabyteOfLineEndsTakesNoQuadraticTime() {
        byte[] bytes = Event.of("\n".repeat(1 << 20)).encode();
        assertEquals(7L * ((1 << 20) + 1) + 1, bytes.length);
    }

    @Test
    void aCommentIsLinesThatBeginWithAColon() {
        assertArrayEquals(":\n".getBytes(UTF_8), EventEncoder.comment(""));
        assertArrayEquals(": a\n:b\n:\n".getBytes(UTF_8), EventEncoder.comment(" a\r\nb\n"));
        assertArrayEquals(":\u20ac\n".getBytes(UTF_8), EventEncoder.comment("\u20ac"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "a\n", "\r", "a\rb", "\0", "a\0", "\ud83d", "a\ude00", "\ude00\ud83d"})
    void anIdOrTypeThatWouldNotArriveAsItIsCannotBeBuilt(String bad) {
        assertThrows(IllegalArgumentException.class, () -> new Event(bad, null, "x", null));
        assertThrows(IllegalArgumentException.class, () -> Event.of("x").withId(bad));
        assertThrows(IllegalArgumentException.class, () -> Event.of(bad, "x"));
    }

    @Test
    void anIdHasAtMost128BytesOfUtf8() {
        new Event("x".repeat(128), null, null, null);
        new Event("\ud83d\ude00".repeat(32), null, null, null);
        new Event("\u20ac".repeat(42) + "xx", null, null, null);
        for (String tooLong :
                new String[] {"x".repeat(129), "\u00e9".repeat(65), "\u20ac".repeat(43), "\ud83d\ude00".repeat(32) + "x"
                }) {
            var refused = assertThrows(
                    IllegalArgumentException.class, () -> Event.of("x").withId(tooLong));
            assertTrue(refused.getMessage().contains("128"), refused.getMessage());
        }
    }

    @Test
    void aRetryIsWholeMillisecondsFromZero() {
        assertBytes("retry: 1\n", new Event(null, null, null, Duration.ofNanos(1_999_999)));
        assertBytes("retry: 9223372036854775807\n", new Event(null, null, null, Duration.ofMillis(Long.MAX_VALUE)));
        for (Duration bad : new Duration[] {Duration.ofNanos(-1), Duration.ofSeconds(Long.MAX_VALUE)}) {
            assertThrows(IllegalArgumentException.class, () -> Event.of("x").withRetry(bad));
        }
    }

    private static void assertBytes(String expected, Event event) {
        byte[] actual = event.encode();
        assertEquals(expected, new String(actual, UTF_8));
        assertArrayEquals(expected.getBytes(UTF_8), actual);
    }
}
