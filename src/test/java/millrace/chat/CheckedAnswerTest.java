package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import millrace.chat.CheckedAnswer.Cause;
import millrace.chat.CheckedAnswer.Part;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * When an answer is complete: each recorded answer is cut after each of its bytes, and then the connection is closed, is
 * reset, falls silent, or goes on with comments for ever. Time is the test's own.
 */
class CheckedAnswerTest {

    private static final Duration SILENCE = Duration.ofMinutes(5);

    /** What an event does to the answer; how it is written is the recording's affair. */
    private enum Does {
        TEXT,
        FINISH,
        NOTHING,
        DONE
    }

    private record Line(String bytes, Does does, int choice) {}

    private static Line line(Does does, int choice, String event) {
        return new Line(event + "\n\n", does, choice);
    }

    private static Line text(int choice, String delta) {
        return line(Does.TEXT, choice, "data: " + chunk(choice, delta, "null"));
    }

    private static Line says(int choice) {
        return text(choice, "{\"content\":\"ä\"}");
    }

    private static Line finish(int choice) {
        return line(Does.FINISH, choice, "data: " + chunk(choice, "{}", "\"stop\""));
    }

    private static Line nothing(String event) {
        return line(Does.NOTHING, 0, event);
    }

    private static Line done() {
        return line(Does.DONE, 0, "data: [DONE]");
    }

    private static String chunk(int choice, String delta, String reason) {
        return "{\"id\":\"c\",\"choices\":[{\"index\":" + choice + ",\"delta\":" + delta + ",\"finish_reason\":"
                + reason + "}]}";
    }

    private static final Line USAGE = nothing(
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3}}");

    /** Answers as they were seen; as many choices were asked for as the number says. */
    private enum Recording {
        PLAIN(1, text(0, "{\"role\":\"assistant\",\"content\":\"\"}"), says(0), says(0), finish(0), USAGE, done()),
        WITHOUT_DONE(1, says(0), finish(0), USAGE),
        FINISH_WITH_THE_LAST_TEXT(
                1,
                says(0),
                line(Does.FINISH, 0, "data: " + chunk(0, "{\"content\":\"b\"}", "\"length\"")),
                nothing("data: " + chunk(0, "{\"role\":\"assistant\",\"content\":\"\"}", "null")),
                done()),
        TEXT_AFTER_THE_FINISH(1, says(0), finish(0), says(0), says(0), finish(0), done()),
        TEXT_AFTER_THE_FINISH_AND_DONE(1, says(0), finish(0), says(0), done()),
        A_TOOL_CALL_AFTER_THE_FINISH(
                1, finish(0), text(0, "{\"tool_calls\":[{\"index\":0,\"id\":\"c\"}]}"), finish(0), done()),
        REASONING_AFTER_THE_FINISH(1, finish(0), text(0, "{\"reasoning\":\"hm\"}"), done()),
        TWO_CHOICES(2, says(0), says(1), finish(1), says(0), finish(0), USAGE, done()),
        ONE_OF_TWO_FINISHES_TWICE(2, says(0), finish(0), finish(0), done()),
        TWO_FINISH_AND_ONE_GOES_ON(2, says(0), finish(0), says(1), finish(1), says(0), finish(1), done()),
        A_CHOICE_THAT_NOBODY_ASKED_FOR(1, says(0), says(1), finish(0), done()),
        BOTH_IN_ONE_CHUNK(
                2,
                says(0),
                line(
                        Does.FINISH,
                        1,
                        "data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"},{\"index\":1}]}"),
                finish(0),
                done()),
        A_FINISH_THAT_IS_NONE(
                1,
                says(0),
                line(Does.TEXT, 0, "data: " + chunk(0, "{}", "\"\"")),
                line(Does.TEXT, 0, "data: " + chunk(0, "{\"content\":\"\\\"finish_reason\\\":\\\"stop\\\"\"}", "null")),
                done()),
        JSON_THAT_SAYS_NOTHING(
                1,
                says(0),
                nothing("data: null"),
                nothing("data: {}"),
                nothing("data: \"\""),
                nothing("data: []"),
                nothing("data: 0"),
                nothing("data: -1.5e3"),
                nothing("data: true"),
                nothing("data:"),
                finish(0),
                nothing("data: null"),
                done()),
        NAMED(
                1,
                line(Does.TEXT, 0, "event: delta\ndata: " + chunk(0, "{\"content\":\"a\"}", "null")),
                nothing("event: ping\ndata: {}"),
                nothing("event: ping\ndata: no JSON"),
                line(Does.FINISH, 0, "event: chunk\ndata: " + chunk(0, "{}", "\"stop\"")),
                line(Does.DONE, 0, "event: done\ndata: [DONE]")),
        COMMENTED(1, nothing(": hello"), says(0), nothing(": hello\ndata: " + "null"), finish(0), done()),
        NOTHING_AT_ALL(1, done());

        final int choices;
        final List<Line> lines;

        Recording(int choices, Line... lines) {
            this.choices = choices;
            this.lines = List.of(lines);
        }

        byte[] bytes() {
            StringBuilder all = new StringBuilder();
            lines.forEach(line -> all.append(line.bytes()));
            return all.toString().getBytes(StandardCharsets.UTF_8);
        }

        /** The events that are whole within the first bytes, up to the one that ends the answer. */
        List<Line> within(int bytes) {
            List<Line> whole = new ArrayList<>();
            int end = 0;
            for (Line line : lines) {
                end += line.bytes().getBytes(StandardCharsets.UTF_8).length;
                if (end > bytes) {
                    break;
                }
                whole.add(line);
                if (line.does() == Does.DONE) {
                    break;
                }
            }
            return whole;
        }

        /** The rule once more, written down without a state machine: what each choice did last was to finish. */
        boolean isWhole(List<Line> seen) {
            Map<Integer, Does> last = new TreeMap<>();
            for (Line line : seen) {
                if (line.does() == Does.TEXT || line.does() == Does.FINISH) {
                    last.put(line.choice(), line.does());
                }
            }
            return last.size() >= choices && last.values().stream().allMatch(Does.FINISH::equals);
        }
    }

    /** What comes after the last byte. */
    private enum Ending {
        CLOSE,
        RESET,
        SILENCE,
        COMMENTS
    }

    /** Thrown when nothing has come of it after so many comments: it would go on for ever. */
    private static final class ForEver extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** The bytes in pieces, and then the ending; time passes only while somebody waits. */
    private static final class Body implements UpstreamBody {
        private final byte[] bytes;
        private final int pieceLength; // at least 1
        private final Ending ending;
        private int at;
        long now;

        Body(byte[] bytes, int pieceLength, Ending ending) {
            this.bytes = bytes;
            this.pieceLength = pieceLength;
            this.ending = ending;
        }

        @Override
        public @Nullable List<ByteBuffer> take(Duration limit, @Nullable Duration shorter) throws IOException {
            if (at < bytes.length) {
                int from = at;
                at = Math.min(bytes.length, at + pieceLength);
                return List.of(ByteBuffer.wrap(bytes, from, at - from));
            }
            return switch (ending) {
                case CLOSE -> null;
                case RESET -> throw new IOException("connection reset");
                case SILENCE -> {
                    now += (shorter == null ? limit : shorter).toNanos();
                    throw new HttpTimeoutException("silent");
                }
                case COMMENTS -> {
                    now += Duration.ofMillis(500).toNanos();
                    if (now > Duration.ofSeconds(30).toNanos()) {
                        throw new ForEver();
                    }
                    yield List.of(ByteBuffer.wrap(": still here\n\n".getBytes(StandardCharsets.UTF_8)));
                }
            };
        }

        @Override
        public void finish(Duration farewell) {}

        @Override
        public void close() {}
    }

    /** The last part, {@code null} where it waits for ever; and how long that took. */
    private record Outcome(@Nullable Part last, int texts, Duration after) {}

    private static Outcome outcome(byte[] bytes, int pieceLength, Ending ending, int choices) throws Exception {
        Body body = new Body(bytes, Math.max(1, pieceLength), ending);
        var answer = new StreamedAnswer(body, SILENCE, 100_000, text -> text, () -> body.now);
        var checked = new CheckedAnswer(answer, choices, 1_000_000);
        int texts = 0;
        while (true) {
            Part part;
            try {
                part = checked.next();
            } catch (ForEver waits) {
                return new Outcome(null, texts, Duration.ofNanos(body.now));
            }
            if (!(part instanceof Part.Text)) {
                return new Outcome(part, texts, Duration.ofNanos(body.now));
            }
            texts++;
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCutNeverLooksCompleteAndWhatIsCompleteAlwaysDoes(Recording recording) throws Exception {
        byte[] all = recording.bytes();
        for (int length = 0; length <= all.length; length++) {
            byte[] prefix = Arrays.copyOf(all, length);
            List<Line> seen = recording.within(length);
            boolean isWhole = recording.isWhole(seen);
            boolean saysDone = !seen.isEmpty() && seen.getLast().does() == Does.DONE;
            for (Ending ending : Ending.values()) {
                Outcome outcome = outcome(prefix, 1, ending, recording.choices);
                String what = recording + " cut after " + length + " bytes, then " + ending + ": " + outcome;
                if (ending == Ending.COMMENTS && !saysDone && !isBetweenEvents(prefix)) {
                    // they become a part of the event that the cut has left open, and may end it
                    boolean mayBeWhole = isWhole || recording.isWhole(recording.within(length + 1));
                    assertTrue(mayBeWhole || !(outcome.last() instanceof Part.Done), what);
                } else if (isWhole) {
                    assertInstanceOf(Part.Done.class, outcome.last(), what);
                    assertTrue(outcome.after().compareTo(Duration.ofSeconds(3)) < 0, what);
                } else if (ending == Ending.COMMENTS && !saysDone) {
                    assertNull(outcome.last(), what);
                } else {
                    Cause cause = assertInstanceOf(Part.Broken.class, outcome.last(), what)
                            .cause();
                    assertEquals(!saysDone && ending == Ending.SILENCE ? Cause.STALLED : Cause.CUT, cause, what);
                }
                Outcome atOnce = outcome(prefix, all.length, ending, recording.choices);
                assertEquals(outcome.texts(), atOnce.texts(), what + ", in one piece");
                assertEquals(String.valueOf(outcome.last()), String.valueOf(atOnce.last()), what + ", in one piece");
            }
        }
    }

    private static boolean isBetweenEvents(byte[] prefix) {
        return prefix.length == 0 || prefix[prefix.length - 1] == '\n' && prefix[prefix.length - 2] == '\n';
    }

    @Test
    void everyChunkIsPassedOnAndNothingElse() throws Exception {
        assertEquals(5, texts(Recording.PLAIN));
        assertEquals(2, texts(Recording.JSON_THAT_SAYS_NOTHING));
        assertEquals(2, texts(Recording.NAMED));
        assertEquals(2, texts(Recording.COMMENTED));
    }

    private static int texts(Recording recording) throws Exception {
        return outcome(recording.bytes(), 7, Ending.CLOSE, recording.choices).texts();
    }

    @Test
    void usageIsWaitedForAShortTimeOnly() throws Exception {
        byte[] finished = (says(0).bytes() + finish(0).bytes()).getBytes(StandardCharsets.UTF_8);

        for (Ending ending : List.of(Ending.SILENCE, Ending.COMMENTS)) {
            Duration after = outcome(finished, 1_000, ending, 1).after();
            assertTrue(after.compareTo(CheckedAnswer.LAST_WORD) >= 0, ending + ": " + after);
            assertTrue(after.compareTo(CheckedAnswer.LAST_WORD.plusSeconds(1)) < 0, ending + ": " + after);
        }
    }

    @Test
    void anErrorAfterTheFinishIsAnErrorAllTheSame() throws Exception {
        for (String error : List.of(
                "data: {\"error\":{\"message\":\"x\"}}",
                "event: error\ndata: x",
                "event: failure\ndata: {\"error\":{\"message\":\"x\"}}",
                "data: {\"object\":\"error\",\"message\":\"x\",\"code\":500}")) {
            byte[] bytes = (finish(0).bytes() + error + "\n\n").getBytes(StandardCharsets.UTF_8);
            Part last = outcome(bytes, 1_000, Ending.CLOSE, 1).last();
            assertTrue(last instanceof Part.Broken broken && broken.cause() == Cause.UPSTREAM_ERROR, error);
        }
    }

    @Test
    void whatIsNoJsonOrMayHoldMoreIsNotSkipped() throws Exception {
        for (String data : List.of("nul", "nothing", "[{}]", "01", "1.", "-", "{", "\"", "null null", "+1", "NaN")) {
            Part last = outcome(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8), 1_000, Ending.CLOSE, 1)
                    .last();
            assertTrue(last instanceof Part.Broken broken && broken.cause() == Cause.GARBAGE, data + ": " + last);
        }
    }
}
