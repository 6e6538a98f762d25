package millrace.web;

import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import millrace.auth.AccessException;
import millrace.history.HistoryException;
import millrace.history.Stored;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import org.jspecify.annotations.Nullable;

/**
 * Many updates in one request, one a line, each answered by a line: its id, or a problem that tells the number of its line.
 * Each is published for itself, in the order of the lines; what is wrong with one does nothing to the others.
 *
 * <pre>
 * {"topic": "books/1", "data": "hello"}        {"id":"urn:uuid:…"}
 * {"topic": "*"}                               {"type":"…","title":"…","status":400,"detail":"…","line":2}
 * </pre>
 */
final class PublishBatch {

    static final String TYPE = "application/x-ndjson";

    /** Half a million lines fit into the shortest body, and each is answered by many more bytes. */
    private static final int MAX_LINES = 10_000;

    /** So many lines are answered by few enough bytes that no container's thread waits for a slow reader. */
    private static final int FEW_LINES = 16;

    private static final JsonProvider JSON = JsonProvider.provider();

    private final List<Line> lines;
    private final CompletableFuture<Void> done;

    /** What became of one line: what publishes it, or else a problem. */
    private record Line(
            int number,
            @Nullable CompletableFuture<Stored> published,
            @Nullable Problem problem) {}

    /** Publishes one line. */
    interface Publisher {
        CompletableFuture<Stored> publish(byte[] line) throws AccessException, ProblemException;
    }

    private PublishBatch(List<Line> lines) {
        this.lines = lines;
        this.done = CompletableFuture.allOf(lines.stream()
                .map(Line::published)
                .filter(published -> published != null)
                .toArray(CompletableFuture<?>[]::new));
    }

    /**
     * Publishes the lines that can be.
     *
     * @param refusals hears why a line was not published
     * @throws ProblemException where there are no lines or too many; then none was published
     */
    static PublishBatch publish(byte[] body, Publisher publisher, Consumer<String> refusals) throws ProblemException {
        requireSomeLines(body);
        List<Line> lines = new ArrayList<>();
        int number = 0;
        for (int start = 0; start < body.length; ) {
            int end = lineEnd(body, start);
            number++;
            if (!isBlank(body, start, end)) {
                lines.add(publish(number, Arrays.copyOfRange(body, start, end), publisher, refusals));
            }
            start = end + 1;
        }
        return new PublishBatch(lines);
    }

    private static Line publish(int number, byte[] line, Publisher publisher, Consumer<String> refusals) {
        Problem problem;
        try {
            return new Line(number, publisher.publish(line), null);
        } catch (AccessException refused) {
            refusals.accept(refused.why().name().toLowerCase(Locale.ROOT));
            problem = refused.problem();
        } catch (ProblemException refused) {
            refusals.accept(refused.problem().type().name().toLowerCase(Locale.ROOT));
            problem = problemOf(refused);
        } catch (HistoryException unavailable) {
            refusals.accept("history");
            problem = problemOf(HubServlet.unavailable());
        }
        return new Line(number, null, problem);
    }

    /** A line has no headers of its own, so the time to wait is a member. */
    private static Problem problemOf(ProblemException refused) {
        if (refused.retryAfter() == null) {
            return refused.problem();
        }
        long seconds = Math.max(1, Math.ceilDiv(refused.retryAfter().toMillis(), 1000));
        JsonValue value = JSON.createValue(seconds);
        return refused.problem().with("retry_after", value);
    }

    private static void requireSomeLines(byte[] body) throws ProblemException {
        int lines = 0;
        for (int start = 0; start < body.length; ) {
            int end = lineEnd(body, start);
            lines += isBlank(body, start, end) ? 0 : 1;
            start = end + 1;
        }
        if (lines == 0) {
            throw new ProblemException(ProblemType.BAD_BODY, "There is no update in the body; send one a line.");
        }
        if (lines > MAX_LINES) {
            throw new ProblemException(
                    ProblemType.BAD_BODY, "There are " + lines + " lines; one request has at most " + MAX_LINES + ".");
        }
    }

    private static int lineEnd(byte[] body, int start) {
        int end = start;
        while (end < body.length && body[end] != '\n') {
            end++;
        }
        return end;
    }

    private static boolean isBlank(byte[] body, int start, int end) {
        for (int i = start; i < end; i++) {
            if (body[i] != ' ' && body[i] != '\t' && body[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    /** Whether nothing is waited for any more. */
    boolean isDone() {
        return done.isDone();
    }

    boolean isShort() {
        return lines.size() <= FEW_LINES;
    }

    /** Completes when nothing is waited for any more, exceptionally where a line could not be stored. */
    CompletableFuture<Void> done() {
        return done;
    }

    /** Sends a line for each; who has not heard from the history yet is told that it takes nothing. */
    void answer(HttpServletResponse response) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Line line : lines) {
            text.append(answer(line)).append('\n');
        }
        byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
        response.setContentType(TYPE);
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    private static String answer(Line line) {
        CompletableFuture<Stored> published = line.published();
        if (published != null && published.isDone() && !published.isCompletedExceptionally()) {
            String id = published.join().id(); // has no control characters
            return "{\"id\":\"" + id.replace("\\", "\\\\").replace("\"", "\\\"") + "\"}";
        }
        Problem problem = line.problem() != null ? line.problem() : problemOf(HubServlet.unavailable());
        return problem.with("line", JSON.createValue(line.number())).toJson();
    }
}
