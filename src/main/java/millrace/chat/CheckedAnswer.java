package millrace.chat;

import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import millrace.sse.EventTooLargeException;
import org.jspecify.annotations.Nullable;

/**
 * An answer as its reader may trust it: chunks, and then either the news that it is complete or the one error that ended
 * it. Upstreams end in many ways that look alike; a cut answer must not look complete.
 *
 * <p>Each choice, by its index, is open from the first chunk that speaks of it until its finish reason; what it says
 * after that opens it again. The answer is finished while as many choices as were asked for have finished and none is
 * open:
 *
 * <pre>
 *  OPEN ── the last open choice finishes ──▶ FINISHED      OPEN     ── [DONE], end, cut, silence ──▶ Broken
 *  OPEN ◀── a choice says more ───────────── FINISHED      FINISHED ── [DONE], end, cut ──▶ Done
 *                                                          FINISHED for {@link #LAST_WORD} ──▶ Done, whatever else comes
 *  OPEN, FINISHED ── an error, garbage, too much ──▶ Broken
 * </pre>
 *
 * <p>Comments and events without a chunk change nothing: an open answer waits on for as long as there are signs of life,
 * and a finished one only for its last word, the usage. Used by one thread.
 */
final class CheckedAnswer {

    /** What comes next. After {@link Done} and {@link Broken} nothing does. */
    sealed interface Part {
        /** A chunk to pass on as it is. */
        record Text(String data, Chunk chunk) implements Part {}

        /** Every choice has its finish reason; {@code [DONE]} and a clean end are due. */
        record Done() implements Part {}

        /**
         * It ended before it was complete: the error's JSON is due as an event, no {@code [DONE]}, and no clean end.
         *
         * @param error with a status, for a client that has got nothing yet
         */
        record Broken(Cause cause, ApiError error) implements Part {}
    }

    /** Why an answer broke off. */
    enum Cause {
        UPSTREAM_ERROR,
        CUT,
        STALLED,
        GARBAGE,
        TOO_LARGE
    }

    /** How long a finished answer may take to bring its usage and its {@code [DONE]}. */
    static final Duration LAST_WORD = Duration.ofSeconds(2);

    private static final String DONE = "[DONE]";

    private final Answer answer;
    private final int choices;
    private final long maxChars;

    /** Indices; no choice is in both. */
    private final Set<Long> open = new HashSet<>();

    private final Set<Long> finished = new HashSet<>();
    private long chars;

    /** @param maxChars of all chunks together */
    CheckedAnswer(Answer answer, int choices, long maxChars) {
        this.answer = answer;
        this.choices = choices;
        this.maxChars = maxChars;
    }

    /** Blocks until the next part is there; an interrupt ends the wait. */
    Part next() throws InterruptedException {
        while (true) {
            Answer.Message message;
            try {
                message = answer.next();
            } catch (RefusedException noStream) {
                return new Part.Broken(Cause.UPSTREAM_ERROR, noStream.error());
            } catch (IOException broken) {
                return end(broken);
            }
            if (message == null) {
                return end(null);
            }
            Part part = judge(message);
            if (part != null) {
                return part;
            }
        }
    }

    /** Returns {@code null} for what is no part of an answer: keep-alive events, and JSON that says nothing. */
    private @Nullable Part judge(Answer.Message message) {
        String data = message.data();
        if (message.type().equals("error")) {
            return new Part.Broken(Cause.UPSTREAM_ERROR, ApiError.under200(data));
        }
        if (data.isBlank()) {
            return null;
        }
        if (data.strip().equals(DONE)) {
            return end(null); // some servers end a failed answer with a lone [DONE]
        }
        boolean isNamed = !message.type().equals("message");
        Chunk chunk = Chunk.scan(data);
        if (chunk == null) {
            return isNamed
                    ? null
                    : new Part.Broken(
                            Cause.GARBAGE,
                            ApiError.upstream(
                                    502, "upstream_garbage", "the upstream server sent an event that is no chunk"));
        }
        if (chunk.error()) {
            return new Part.Broken(Cause.UPSTREAM_ERROR, ApiError.under200(data));
        }
        if (chunk.saysNothing() || isNamed && !chunk.hasChoices()) {
            return null;
        }
        chars += data.length();
        if (chars > maxChars) {
            return new Part.Broken(
                    Cause.TOO_LARGE, ApiError.upstream(502, "upstream_too_large", "the answer has become too large"));
        }
        note(chunk);
        return new Part.Text(data, chunk);
    }

    private void note(Chunk chunk) {
        boolean before = isFinished();
        for (Chunk.Choice choice : chunk.choices()) {
            Long index = choice.index();
            if (choice.finished()) {
                open.remove(index);
                finished.add(index);
            } else if (choice.says() || !finished.contains(index)) {
                finished.remove(index);
                open.add(index);
            }
        }
        if (isFinished() != before) {
            answer.endWithin(before ? null : LAST_WORD);
        }
    }

    private boolean isFinished() {
        return open.isEmpty() && finished.size() >= choices;
    }

    private Part end(@Nullable IOException failure) {
        if (isFinished()) {
            return new Part.Done(); // only [DONE] is missing, and perhaps the usage
        }
        return switch (failure) {
            case null -> unfinished();
            case HttpTimeoutException silent ->
                new Part.Broken(Cause.STALLED, ApiError.upstream(504, "upstream_timeout", said(silent)));
            case EventTooLargeException tooLarge ->
                new Part.Broken(Cause.TOO_LARGE, ApiError.upstream(502, "upstream_too_large", said(tooLarge)));
            default -> new Part.Broken(Cause.CUT, ApiError.upstream(502, "upstream_cut", said(failure)));
        };
    }

    private Part unfinished() {
        String said = choices > 1 && !finished.isEmpty()
                ? "the upstream's answer ended with " + finished.size() + " of " + choices + " choices finished"
                : "the upstream's answer ended without a finish reason";
        return new Part.Broken(Cause.CUT, ApiError.upstream(502, "upstream_cut", said));
    }

    private static String said(IOException failure) {
        return failure.getMessage() == null ? "the upstream failed" : failure.getMessage();
    }
}
