package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import millrace.log.CloseReason;
import millrace.log.Log;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.RelativeReference;
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
        begin(request, response, run, null);
    }

    /**
     * @param lost the last event id of a client that has read something else, which a {@code gap} tells it first;
     *     {@code null} where it sent none
     */
    void begin(HttpServletRequest request, HttpServletResponse response, Run run, @Nullable String lost)
            throws ProblemException, IOException {
        try {
            follow(request, response, run, 1, lost, Map.of(StreamServlet.RUN_SECRET, run.secret()));
        } catch (ProblemException | IOException | RuntimeException refused) {
            run.stop(CloseReason.CLIENT_GONE);
            throw refused;
        }
    }

    /** Answers with 202: where the run can be followed, and how to stop it. */
    public void accept(HttpServletRequest request, HttpServletResponse response, Run run) throws IOException {
        response.setStatus(HttpServletResponse.SC_ACCEPTED);
        response.setHeader("Preference-Applied", "respond-async");
        response.setHeader("Content-Location", location(request, run));
        response.setHeader(StreamServlet.RUN_SECRET, run.secret());
        response.setHeader("Cache-Control", "private, no-store");
        run.accepted();
        sendHeadAlone(response);
    }

    /** After a dispatch GlassFish forgets the status of a response without a body, unless it has gone out. */
    static void sendHeadAlone(HttpServletResponse response) throws IOException {
        response.flushBuffer();
    }

    /**
     * Goes on after an event.
     *
     * @param origin only a run of that origin is meant
     */
    void resume(
            HttpServletRequest request,
            HttpServletResponse response,
            Runs.Position after,
            @Nullable String user,
            String origin)
            throws ProblemException, IOException {
        Run run = engine.runs().find(after.run(), user);
        if (run == null || !origin.equals(run.origin())) {
            throw new ProblemException(
                    ProblemType.NOT_FOUND, "That run is not held (any more); start another without Last-Event-ID.");
        }
        resume(request, response, run, run.eventId(after.position()));
    }

    /**
     * Goes on after the event with that id; 204 where the run has ended there; {@code gap} or 409 where what follows is
     * no longer held; {@code gap} and all that is held where the run has no such event.
     */
    public void resume(HttpServletRequest request, HttpServletResponse response, Run run, String lastEventId)
            throws ProblemException, IOException {
        Log log = run.log();
        CloseReason ended = run.ended(); // before the number: nothing comes after the end
        long next = log.next();
        Runs.Position after = Runs.Position.parse(lastEventId);
        if (after == null || !after.run().equals(run.id()) || after.position() >= next) {
            follow(request, response, run, log.oldest(), lastEventId, Map.of());
            return;
        }
        long afterPosition = after.position();
        if (ended != null && afterPosition >= run.lastWithId()) {
            response.setStatus(HttpServletResponse.SC_NO_CONTENT); // an EventSource stays away now
            sendHeadAlone(response);
            return;
        }
        if (afterPosition + 1 < log.oldest() && !EventSourceClient.isLostByAStatus(request)) {
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
        follow(request, response, run, position, null, Map.of());
    }

    private void follow(
            HttpServletRequest request,
            HttpServletResponse response,
            Run run,
            long position,
            @Nullable String lost,
            Map<String, String> moreHeaders)
            throws ProblemException, IOException {
        Map<String, String> headers = new HashMap<>(moreHeaders);
        headers.put("Content-Location", location(request, run));
        if (run.owner() != null) {
            headers.put("Cache-Control", StreamEngine.PRIVATE);
        }
        if (engine.answersHead(request, response, headers)) {
            return;
        }
        engine.open(request, response, run.options(), headers, stream -> {
            if (lost != null) {
                stream.sendOwn(run.gapAfter(lost, position));
            }
            stream.read(run.channel(), position);
        });
    }

    private static String location(HttpServletRequest request, Run run) {
        return RelativeReference.to("/streams/" + run.id(), request);
    }
}
