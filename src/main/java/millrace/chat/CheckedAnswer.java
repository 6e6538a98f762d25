package millrace.chat;

import java.io.IOException;
import java.net.http.HttpTimeoutException;
import millrace.sse.EventTooLargeException;
import org.jspecify.annotations.Nullable;

/**
 * An answer as its reader may trust it: chunks, and then either the news that it is complete or the one error that ended
 * it. Upstreams end in many ways that look alike; a cut answer must not look complete. Used by one thread.
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

    private static final String DONE = "[DONE]";

    private final Answer answer;
    private final int choices;
    private final long maxChars;
    private int finished;
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

    /** Returns {@code null} for what is no part of an answer: keep-alive events under names of their own. */
    private @Nullable Part judge(Answer.Message message) {
        String data = message.data();
        if (message.type().equals("error")) {
            return new Part.Broken(Cause.UPSTREAM_ERROR, ApiError.under200(data));
        }
        if (!message.type().equals("message") || data.isBlank()) {
            return null;
        }
        if (data.strip().equals(DONE)) {
            // some servers end a failed answer with a lone [DONE]
            return finished > 0 ? new Part.Done() : unfinished();
        }
        Chunk chunk = Chunk.scan(data);
        if (chunk == null) {
            return new Part.Broken(
                    Cause.GARBAGE,
                    ApiError.upstream(502, "upstream_garbage", "the upstream server sent an event that is not JSON"));
        }
        if (chunk.error()) {
            return new Part.Broken(Cause.UPSTREAM_ERROR, ApiError.under200(data));
        }
        chars += data.length();
        if (chars > maxChars) {
            return new Part.Broken(
                    Cause.TOO_LARGE, ApiError.upstream(502, "upstream_too_large", "the answer has become too large"));
        }
        finished += chunk.finished();
        return new Part.Text(data, chunk);
    }

    private Part end(@Nullable IOException failure) {
        if (finished >= choices) {
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

    private static Part unfinished() {
        return new Part.Broken(
                Cause.CUT,
                ApiError.upstream(502, "upstream_cut", "the upstream's answer ended without a finish reason"));
    }

    private static String said(IOException failure) {
        return failure.getMessage() == null ? "the upstream failed" : failure.getMessage();
    }
}
