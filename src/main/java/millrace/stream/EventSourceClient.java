package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import millrace.problem.ProblemException;
import millrace.sse.Event;
import millrace.sse.EventEncoder;

/**
 * What is different for an {@code EventSource}: of a browser, or of a library that behaves like it. It cannot show a
 * status to its page, and on each but 200 it gives up for good (WHATWG HTML, section 9.2.3). So what passes by itself
 * (too many streams, a history that is away, a restart) is told to it in a stream that ends at once, after a
 * {@code retry:}; it comes back by itself, with the id it has.
 *
 * <p>What they send, of which only the first line is in all of them:
 *
 * <pre>
 * Accept: text/event-stream      EventSource of all browsers, npm eventsource, event-source-polyfill,
 *                                fetch-event-source, and clients in other languages
 * Cache-Control: no-cache        all but fetch-event-source and those others: an EventSource asks past all caches
 * Sec-Fetch-Dest: empty          browsers, to https: and localhost only, and from each fetch() of a page as well
 * Sec-Fetch-Mode: cors           the same, and Node's fetch()
 * </pre>
 */
public final class EventSourceClient {

    private static final String STREAM = "text/event-stream";
    private static final Duration LEAST_JITTER = Duration.ofSeconds(1);

    private EventSourceClient() {}

    /**
     * Whether a refusal could lose this client for good. {@code fetch-event-source} and its like are taken for one: they
     * come back after a stream that has ended where their page wants that, as they do after each restart.
     */
    public static boolean isLostByAStatus(HttpServletRequest request) {
        String destination = request.getHeader("Sec-Fetch-Dest");
        return request.getMethod().equals("GET")
                && (destination == null || destination.equalsIgnoreCase("empty"))
                && has(request, "Accept", accept -> accept.contains(STREAM))
                && !has(request, "Accept", accept -> accept.contains("json")); // then it could read a problem
    }

    /**
     * Whether events of a type that the client did not ask for reach nobody. True for an {@code EventSource}; other
     * clients hand every event to the same callback, and there one that they do not know does harm.
     */
    public static boolean dispatchesByType(HttpServletRequest request) {
        return isLostByAStatus(request) && has(request, "Cache-Control", directives -> directives.contains("no-cache"));
    }

    private static boolean has(HttpServletRequest request, String header, Predicate<String> property) {
        return Collections.list(request.getHeaders(header)).stream()
                .anyMatch(value -> property.test(value.toLowerCase(Locale.ROOT)));
    }

    /** Whether the same request may be granted later without anything being changed in it. */
    private static boolean passes(ProblemException refused) {
        return switch (refused.problem().type()) {
            case TOO_MANY_REQUESTS, UNAVAILABLE -> true;
            default -> false;
        };
    }

    /**
     * Tells such a client in a stream when to come back, if the refusal passes. That stream is a short response like any
     * other: it counts for no limit.
     *
     * @return whether the request is answered
     */
    static boolean tellToComeBack(HttpServletRequest request, HttpServletResponse response, ProblemException refused)
            throws IOException {
        if (!passes(refused) || !isLostByAStatus(request) || response.isCommitted()) {
            return false;
        }
        Duration wait = refused.retryAfter() == null ? LEAST_JITTER : refused.retryAfter();
        byte[] comment = EventEncoder.comment(
                " " + refused.problem().status() + ": " + refused.problem().detail());
        byte[] retry = new Event(null, null, null, withJitter(wait)).encode();
        response.resetBuffer();
        response.setHeader("Cache-Control", "no-store, no-transform");
        StreamEngine.writeHeaders(response);
        response.setContentLength(comment.length + retry.length);
        response.getOutputStream().write(comment);
        response.getOutputStream().write(retry);
        return true;
    }

    /** Never less, and up to a third more: those who were refused together do not come back together. */
    static Duration withJitter(Duration wait) {
        long most = Math.max(LEAST_JITTER.toMillis(), wait.toMillis() / 3);
        return wait.plusMillis(ThreadLocalRandom.current().nextLong(most + 1));
    }
}
