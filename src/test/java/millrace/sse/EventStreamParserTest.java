package millrace.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EventStreamParserTest {

    private static final String LONG = "x".repeat(2048);

    /** The cases {@code eventsource/format-*} and {@code event-data} of web-platform-tests; the server adds a blank line. */
    static Stream<Arguments> webPlatformTests() {
        return Stream.of(
                of("format-bom", "\uFEFFdata:1\n\n\uFEFFdata:2\n\ndata:3\n\n", message("1"), message("3")),
                of("format-bom-2", "\uFEFF\uFEFFdata:1\n\ndata:2\n\ndata:3\n\n", message("2"), message("3")),
                of(
                        "format-comments",
                        "data:1\r:\0\n:\r\ndata:2\n:" + LONG + "\rdata:3\n:data:fail\r:" + LONG + "\ndata:4\n\n",
                        comment("\0"),
                        comment(""),
                        comment(LONG),
                        comment("data:fail"),
                        comment(LONG),
                        message("1\n2\n3\n4")),
                of(
                        "format-data-before-final-empty-line",
                        "retry:1000\ndata:test1\n\nid:test\ndata:test2",
                        retry(1000),
                        message("test1")),
                of(
                        "format-field-data",
                        "data:\n\ndata\ndata\n\ndata:test\n\n",
                        message(""),
                        message("\n"),
                        message("test")),
                of("format-field-event", "event:test\ndata:x\n\ndata:x\n\n", event("test", "x", ""), message("x")),
                of("format-field-event-empty", "event: \ndata:data\n\n", message("data")),
                of(
                        "format-field-id",
                        "id: \u2026\nretry: 200\ndata: hello\n\ndata: again\n\n",
                        retry(200),
                        event("message", "hello", "\u2026"),
                        event("message", "again", "\u2026")),
                of(
                        "format-field-id-3",
                        "id: 1\ndata: 1\n\ndata: 2\n\nid: 2\ndata:3\n\ndata:4\n\nid:\ndata:5\n\nid: 6\ndata:6\n\nid\ndata:7\n\n",
                        event("message", "1", "1"),
                        event("message", "2", "1"),
                        event("message", "3", "2"),
                        event("message", "4", "2"),
                        event("message", "5", ""),
                        event("message", "6", "6"),
                        event("message", "7", "")),
                of("format-field-id-null", "id: \0\0\ndata:hello\n\n", message("hello")),
                of(
                        "format-field-parsing",
                        "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
                        message("\0\n 2\n1\n3\n\n4")),
                of("format-field-retry", "retry:02000\ndata:x\n\n", retry(2000), message("x")),
                of("format-field-retry-bogus", "retry:3000\nretry:1000x\ndata:x\n\n", retry(3000), message("x")),
                of("format-field-retry-empty", "retry\ndata:test\n\n", message("test")),
                of(
                        "format-field-unknown",
                        "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n",
                        comment("thisisacommentyay"),
                        message("test\n\ntest")),
                of("format-leading-space", "data:\ttest\rdata: \ndata:test\n\n", message("\ttest\n\ntest")),
                of("format-newlines", "data:test\r\ndata\ndata:test\r\n\r\n", message("test\n\ntest")),
                of("format-null-character", "data:\0\n\n\n\n", message("\0")),
                of("format-utf-8", "data:ok\u2026\n\n", message("ok\u2026")),
                of(
                        "event-data",
                        "data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n",
                        message("msg\nmsg"),
                        comment(""),
                        message(""),
                        message("end")));
    }

    /** After the SSE contract tests of LaunchDarkly and the tests of eventsource-parser. */
    static Stream<Arguments> otherSuites() {
        return Stream.of(
                of("nothing", ""),
                of("blank lines alone", "\n\r\r\n\n\n"),
                of("one event", "data: Hello\n\n", message("Hello")),
                of("two events", "data: Hello\n\ndata: World\n\n", message("Hello"), message("World")),
                of("all fields", "event: greeting\nid: abc\ndata: Hello\n\n", event("greeting", "Hello", "abc")),
                of(
                        "all fields, data first",
                        "data: Hello\nid: abc\nevent: greeting\n\n",
                        event("greeting", "Hello", "abc")),
                of(
                        "fields without a space",
                        "event:greeting\nid:abc\ndata:Hello\n\n",
                        event("greeting", "Hello", "abc")),
                of("only the last type counts", "event: a\nevent: b\ndata: x\n\n", event("b", "x", "")),
                of("the type ends with its block", "event: a\n\ndata: x\n\n", message("x")),
                of("a block with only an id moves the id", "id: 7\n\ndata: x\n\n", event("message", "x", "7")),
                of("a NUL id keeps the former id", "id: 1\n\nid: a\0b\ndata: x\n\n", event("message", "x", "1")),
                of("an id may hold colons and spaces", "id:  a: b \ndata: x\n\n", event("message", "x", " a: b ")),
                of("a value may begin with a colon", "data::x\n\n", message(":x")),
                of("names are case-sensitive", "ID: 1\nEVENT: a\ndata: x\n\n", message("x")),
                of("names are not prefixes", "dat: 1\ndata1: 2\ni: 3\nevents: 4\nretry-: 5\ndata: x\n\n", message("x")),
                of("a name does not end at a space", "data : 1\ndata: x\n\n", message("x")),
                of("retry takes effect without an event", "retry: 10\n\n", retry(10)),
                of("a negative retry is none", "retry: -10\n\n"),
                of("a retry with a sign, point or space is none", "retry: +1\nretry: 1.5\nretry:  1\nretry: 1 \n\n"),
                of("a retry beyond a long saturates", "retry: 99999999999999999999\n\n", retry(Long.MAX_VALUE)),
                of("retry takes ASCII digits only", "retry: \u0661\n\n"),
                of(
                        "heartbeats between events",
                        ":\n\ndata: 1\n\n:\n\n:\n\ndata: 2\n\n",
                        comment(""),
                        message("1"),
                        comment(""),
                        comment(""),
                        message("2")),
                of("a comment inside an event", "data: 1\n: c\ndata: 2\n\n", comment(" c"), message("1\n2")),
                of("LF", "data: a\nid: 1\n\ndata: b\n\n", event("message", "a", "1"), event("message", "b", "1")),
                of("CR", "data: a\rid: 1\r\rdata: b\r\r", event("message", "a", "1"), event("message", "b", "1")),
                of(
                        "CRLF",
                        "data: a\r\nid: 1\r\n\r\ndata: b\r\n\r\n",
                        event("message", "a", "1"),
                        event("message", "b", "1")),
                of("LF CR is two line ends", "data: a\n\rdata: b\n\r", message("a"), message("b")),
                of("CR CRLF is two line ends", "data: a\r\r\ndata: b\r\r\n", message("a"), message("b")),
                of(
                        "two, three and four bytes a character",
                        "event: \u00e9\nid: \u20ac\ndata: \u00e9\u20ac\ud83d\ude00\n\n",
                        event("\u00e9", "\u00e9\u20ac\ud83d\ude00", "\u20ac")),
                of(
                        "other line separators are data",
                        "data: a\u0085b\u2028c\u000bd\n\n",
                        message("a\u0085b\u2028c\u000bd")),
                of("a byte order mark and no more", "\uFEFF"),
                of("a byte order mark before a comment", "\uFEFF:x\n", comment("x")),
                of("a byte order mark inside data", "data: \uFEFFx\n\n", message("\uFEFFx")),
                of("what begins like a byte order mark", "\uFEFEdata: 1\ndata: 2\n\n", message("2")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"webPlatformTests", "otherSuites"})
    void theStreamIsInterpretedAsTheStandardSays(String name, String stream, List<String> expected) throws Exception {
        byte[] bytes = stream.getBytes(UTF_8);
        assertEquals(expected, parse(List.of(bytes)), name + ", in one slice");
        for (int at = 1; at < bytes.length; at++) {
            assertEquals(expected, parse(slices(bytes, at)), name + ", split at " + at);
        }
        assertEquals(expected, parse(singleBytes(bytes)), name + ", byte by byte");
    }

    @Test
    void malformedUtf8BecomesReplacementCharactersAndHidesNoLineEnd() throws Exception {
        byte[] stream = bytes("data: a", 0xE2, 0x82, "\ndata: ", 0xFF, "b", 0xC0, 0x80, "\n\n");
        List<String> expected = List.of(message("a\uFFFD\n\uFFFDb\uFFFD\uFFFD"));
        assertEquals(expected, parse(List.of(stream)));
        assertEquals(expected, parse(singleBytes(stream)));
    }

    @Test
    void halfAByteOrderMarkIsTheBeginningOfALine() throws Exception {
        byte[] stream = bytes(0xEF, 0xBB, "data: 1\ndata: 2\n\n");
        assertEquals(List.of(message("2")), parse(List.of(stream)));
        assertEquals(List.of(message("2")), parse(singleBytes(stream)));
        byte[] shorter = bytes(0xEF, "\ndata: 2\n\n");
        assertEquals(List.of(message("2")), parse(singleBytes(shorter)));
    }

    @Test
    void anEventOfFiveMegabytesArrives() throws Exception {
        String data = ("0123456789".repeat(100) + "\u20ac\n").repeat(5_000);
        byte[] stream = Event.of(data).encode();
        for (int slice : new int[] {1_000, 8_192, stream.length}) {
            var events = new Recorder();
            var parser = new EventStreamParser(events);
            for (int at = 0; at < stream.length; at += slice) {
                parser.feed(stream, at, Math.min(slice, stream.length - at));
            }
            assertEquals(List.of(message(data)), events.log);
        }
    }

    @Test
    void anEventIsDispatchedAtTheCarriageReturnAndNotOnlyWithTheByteAfterIt() throws Exception {
        var events = new Recorder();
        var parser = new EventStreamParser(events);
        parser.feed("data: 1\r\n\r".getBytes(UTF_8));
        assertEquals(List.of(message("1")), events.log);
        parser.feed("\ndata: 2\r\n\r".getBytes(UTF_8));
        assertEquals(List.of(message("1"), message("2")), events.log);
    }

    @Test
    void anEventOfExactlyTheLimitPassesAndOneByteMoreDoesNot() throws Exception {
        String ten = "data: 1234\n\n";
        for (List<byte[]> slices : splits(ten)) {
            assertEquals(List.of(message("1234")), parse(slices, 10));
            assertThrows(EventTooLargeException.class, () -> parse(slices, 9));
        }
        String twice = "data: 1234\nid: 1\n\n";
        for (List<byte[]> slices : splits(twice)) {
            assertEquals(List.of(event("message", "1234", "1")), parse(slices, 15));
            assertThrows(EventTooLargeException.class, () -> parse(slices, 14));
        }
    }

    @Test
    void aLineWithoutAnEndIsRefusedBeforeItFillsTheMemory() throws Exception {
        var parser = new EventStreamParser(new Recorder(), 1_000);
        parser.feed("data: ".getBytes(UTF_8));
        parser.feed(new byte[994]);
        EventTooLargeException tooLarge = assertThrows(EventTooLargeException.class, () -> parser.feed(new byte[1]));
        assertEquals("the event stream holds an event or a comment of more than 1000 bytes", tooLarge.getMessage());
        assertThrows(IllegalStateException.class, () -> parser.feed(new byte[1]));
    }

    @Test
    void linesThatMeanNothingCountForTheLimitToo() {
        String stream = "x\n".repeat(1_000);
        assertThrows(EventTooLargeException.class, () -> parse(List.of(stream.getBytes(UTF_8)), 999));
    }

    @Test
    void commentsDoNotAddUpButEachHasTheLimit() throws Exception {
        String stream = "data: 1\n" + ":12345678\n".repeat(100) + "\n";
        List<String> log = parse(List.of(stream.getBytes(UTF_8)), 9);
        assertEquals(message("1"), log.getLast());
        assertEquals(101, log.size());
        for (List<byte[]> slices : splits(":123456789\n")) {
            assertThrows(EventTooLargeException.class, () -> parse(slices, 9));
        }
    }

    @Test
    void theLimitIsForEachEventAlone() throws Exception {
        assertEquals(
                1_000,
                parse(List.of("data: 1\n\n".repeat(1_000).getBytes(UTF_8)), 7).size());
    }

    /** What stands at the end of the stream, and whether it was cut there. */
    static Stream<Arguments> ends() {
        return Stream.of(
                Arguments.of("", false),
                Arguments.of("data: 1\n\n", false),
                Arguments.of("data: 1\r\n\r", false),
                Arguments.of("data: 1\n\n:\n", false),
                Arguments.of("data: 1\n\n: heart", false),
                Arguments.of("\uFEFF", false),
                Arguments.of("retry: 1\n", false),
                Arguments.of("id: 1\n\n", false),
                Arguments.of("d", true),
                Arguments.of("data: 1", true),
                Arguments.of("data: 1\n", true),
                Arguments.of("data\n", true),
                Arguments.of("data: 1\n: heart", true),
                Arguments.of("event: a\n", true),
                Arguments.of("id: 1\n", true));
    }

    @ParameterizedTest
    @MethodSource("ends")
    void theEndKnowsWhetherAnEventWasCut(String stream, boolean cut) throws Exception {
        for (List<byte[]> slices : splits(stream)) {
            var parser = new EventStreamParser(new Recorder());
            for (byte[] slice : slices) {
                parser.feed(slice);
            }
            assertEquals(cut, parser.end(), () -> "after " + stream.replace("\n", "\\n"));
            assertFalse(parser.end(), "the next stream has not begun");
        }
    }

    @Test
    void halfAByteOrderMarkAtTheEndIsACut() throws Exception {
        var parser = new EventStreamParser(new Recorder());
        parser.feed(bytes(0xEF, 0xBB));
        assertTrue(parser.end());
    }

    @Test
    void theNextStreamBeginsAfreshButWithTheLastEventId() throws Exception {
        var events = new Recorder();
        var parser = new EventStreamParser(events);
        parser.feed("\uFEFFid: 1\ndata: 1\n\nid: 2\nevent: lost\ndata: lost\r".getBytes(UTF_8));
        assertEquals("1", parser.lastEventId(), "the id of an event that was not dispatched does not count");
        assertTrue(parser.end());
        assertEquals("1", parser.lastEventId());
        parser.feed("\n\uFEFFdata: no mark\n\n".getBytes(UTF_8));
        assertFalse(parser.end());
        parser.feed("\uFEFFdata: 3\n\n".getBytes(UTF_8));
        assertEquals(List.of(event("message", "1", "1"), event("message", "3", "1")), events.log);
    }

    @Test
    void anIdOnlyBlockMovesTheLastEventIdAndAnEmptyIdResetsIt() throws Exception {
        var parser = new EventStreamParser(new Recorder());
        assertEquals("", parser.lastEventId());
        parser.feed("id: 5\n".getBytes(UTF_8));
        assertEquals("", parser.lastEventId());
        parser.feed("\n".getBytes(UTF_8));
        assertEquals("5", parser.lastEventId());
        parser.feed("id\n\n".getBytes(UTF_8));
        assertEquals("", parser.lastEventId());
    }

    @Test
    void whatTheHandlerThrowsLeavesThroughFeedAndTheParserStopsThere() throws Exception {
        var seen = new ArrayList<String>();
        var parser = new EventStreamParser((type, data, lastEventId) -> {
            seen.add(data);
            if (data.equals("2")) {
                throw new IOException("the reader is gone");
            }
        });
        byte[] stream = "data: 1\n\ndata: 2\n\ndata: 3\n\n".getBytes(UTF_8);
        assertEquals(
                "the reader is gone",
                assertThrows(IOException.class, () -> parser.feed(stream)).getMessage());
        assertThrows(IllegalStateException.class, () -> parser.feed(stream));
        parser.end();
        parser.feed("data: 4\n\n".getBytes(UTF_8));
        assertEquals(List.of("1", "2", "4"), seen);
    }

    @Test
    void aSliceIsReadWithinItsBoundsAndNotKept() throws Exception {
        var events = new Recorder();
        var parser = new EventStreamParser(events);
        byte[] array = "garbage\n\ndata: 1\n\ndata: garbage\n\n".getBytes(UTF_8);
        parser.feed(array, 9, 5);
        array[10] = '!';
        parser.feed(array, 14, 4);
        assertEquals(List.of(message("1")), events.log);
        assertThrows(IndexOutOfBoundsException.class, () -> new EventStreamParser(events).feed(array, 30, 9));
        assertThrows(IndexOutOfBoundsException.class, () -> new EventStreamParser(events).feed(array, -1, 2));
    }

    private static Arguments of(String name, String stream, String... expected) {
        return Arguments.of(name, stream, List.of(expected));
    }

    private static String message(String data) {
        return event("message", data, "");
    }

    private static String event(String type, String data, String lastEventId) {
        return "event " + type + " [" + data + "] id [" + lastEventId + "]";
    }

    private static String comment(String text) {
        return "comment [" + text + "]";
    }

    private static String retry(long millis) {
        return "retry " + Duration.ofMillis(millis);
    }

    private static List<String> parse(List<byte[]> slices) throws Exception {
        return parse(slices, EventStreamParser.DEFAULT_MAX_EVENT_BYTES);
    }

    private static List<String> parse(List<byte[]> slices, int maxEventBytes) throws Exception {
        var events = new Recorder();
        var parser = new EventStreamParser(events, maxEventBytes);
        for (byte[] slice : slices) {
            parser.feed(slice);
        }
        return events.log;
    }

    /** The stream whole, cut once at every position, and byte by byte. */
    private static List<List<byte[]>> splits(String stream) {
        byte[] bytes = stream.getBytes(UTF_8);
        var splits = new ArrayList<List<byte[]>>(List.of(List.of(bytes), singleBytes(bytes)));
        for (int at = 1; at < bytes.length; at++) {
            splits.add(slices(bytes, at));
        }
        return splits;
    }

    private static List<byte[]> slices(byte[] bytes, int at) {
        return List.of(Arrays.copyOfRange(bytes, 0, at), Arrays.copyOfRange(bytes, at, bytes.length));
    }

    private static List<byte[]> singleBytes(byte[] bytes) {
        var single = new ArrayList<byte[]>(bytes.length);
        for (byte each : bytes) {
            single.add(new byte[] {each});
        }
        return single;
    }

    private static byte[] bytes(Object... textsAndBytes) {
        var bytes = new ByteArrayOutputStream();
        for (Object each : textsAndBytes) {
            switch (each) {
                case String text -> bytes.writeBytes(text.getBytes(UTF_8));
                case Integer value -> bytes.write(value);
                default -> throw new IllegalArgumentException(each.toString());
            }
        }
        return bytes.toByteArray();
    }

    private static final class Recorder implements EventStreamParser.Handler {

        final List<String> log = new ArrayList<>();

        @Override
        public void event(String type, String data, String lastEventId) {
            log.add(EventStreamParserTest.event(type, data, lastEventId));
        }

        @Override
        public void retry(Duration reconnectionTime) {
            log.add("retry " + reconnectionTime);
        }

        @Override
        public void comment(String text) {
            log.add(EventStreamParserTest.comment(text));
        }
    }
}
