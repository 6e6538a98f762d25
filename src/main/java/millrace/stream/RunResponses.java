package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import org.jspecify.annotations.Nullable;

/** How a run is answered over HTTP: begun, followed, resumed. On the request's thread. */
public final class RunResponses {

    private final StreamEngine engine;

    public RunResponses(StreamEngine engine) {
        this.engine = engine;
    }

    /** Answers the request that started the run: its events from the first, and how to come back and to stop it. */
    public void begin(HttpServletRequest request, HttpServletResponse response, Run run)
            throws ProblemException, IOException {
        try {
            follow(request, response, run, 1, Map.of(StreamServlet.RUN_SECRET, run.secret()));
        } catch (ProblemException | IOException | RuntimeException refused) {
            run.stop(CloseReason.CLIENT_GONE);
            throw refused;
        }
    }

    /** Answers with 202: where the run can be followed, and how to stop it. */
    public void accept(HttpServletRequest request, HttpServletResponse response, Run run) {
        response.setStatus(HttpServletResponse.SC_ACCEPTED);
        response.setHeader("Preference-Applied", "respond-async");
        response.setHeader("Content-Location", location(request, run));
        response.setHeader(StreamServlet.RUN_SECRET, run.secret());
        response.setHeader("Cache-Control", "private, no-store");
    }

    /**
     * Goes on after an event, named by its id.
     *
     * @param origin only a run of that origin is meant; {@code null} for any
     */
    public void resume(
            HttpServletRequest request,
            HttpServletResponse response,
            String lastEventId,
            @Nullable String user,
            @Nullable String origin)
            throws ProblemException, IOException {
        Runs.Position after = Runs.Position.parse(lastEventId);
        if (after == null) {
            throw new ProblemException(
                    ProblemType.BAD_LAST_EVENT_ID,
                    "The last event id is none of ours: they consist of a run's id, a hyphen and a number.");
        }
        Run run = engine.runs().find(after.run(), user);
        if (run == null || origin != null && !origin.equals(run.origin())) {
            throw new ProblemException(
                    ProblemType.NOT_FOUND, "That run is not held (any more); start another without Last-Event-ID.");
        }
        resume(request, response, run, after.position());
    }

    /** Goes on after that position; 204 where the run has ended there; {@code gap} or 409 where it is no longer held. */
    public void resume(HttpServletRequest request, HttpServletResponse response, Run run, long afterPosition)
            throws ProblemException, IOException {
        PacedChannel log = run.log();
        CloseReason ended = run.ended(); // before the number: nothing comes after the end
        long next = log.next();
        if (afterPosition >= next) {
            throw new ProblemException(
                    ProblemType.BAD_LAST_EVENT_ID,
                    "That run has had " + (next - 1) + " events so far; position " + afterPosition + " is not one.");
        }
        if (ended != null && afterPosition == next - 1) {
            response.setStatus(HttpServletResponse.SC_NO_CONTENT); // an EventSource stays away now
            return;
        }
        if (afterPosition + 1 < log.oldest() && !isEventSource(request)) {
            throw new ProblemException(
                    ProblemType.GONE_FROM_LOG,
                    "What followed position " + afterPosition + " is no longer held; the oldest event held is "
                            + run.eventId(log.oldest()) + ".");
        }
        follow(request, response, run, afterPosition + 1); // what was dropped by then is told by a gap event
    }

    /** Goes on from the oldest event that is held; what was dropped before it is not told as a gap. */
    public void fromTheFirstHeld(HttpServletRequest request, HttpServletResponse response, Run run)
            throws ProblemException, IOException {
        follow(request, response, run, run.log().oldest());
    }

    /** Sends the events from that position on. */
    public void follow(HttpServletRequest request, HttpServletResponse response, Run run, long position)
            throws ProblemException, IOException {
        follow(request, response, run, position, Map.of());
    }

    private void follow(
            HttpServletRequest request,
            HttpServletResponse response,
            Run run,
            long position,
            Map<String, String> moreHeaders)
            throws ProblemException, IOException {
        Map<String, String> headers = new HashMap<>(moreHeaders);
        headers.put("Content-Location", location(request, run));
        if (run.owner() != null) {
            headers.put("Cache-Control", StreamEngine.PRIVATE);
        }
        if (!engine.answersHead(request, response, headers)) {
            engine.open(request, response, run.options(), headers, stream -> stream.read(run.log(), position));
        }
    }

    private static String location(HttpServletRequest request, Run run) {
        return RelativeReference.to("/streams/" + run.id(), request);
    }

    /** A browser's EventSource, or something that behaves like it: it cannot read a status. */
    private static boolean isEventSource(HttpServletRequest request) {
        String accept = request.getHeader("Accept");
        return accept != null && accept.contains("text/event-stream");
    }
}
