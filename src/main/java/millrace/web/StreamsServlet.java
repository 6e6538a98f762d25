package millrace.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import millrace.config.Settings;
import millrace.log.CloseReason;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.LastEventId;
import millrace.request.Origins;
import millrace.stream.Run;
import millrace.stream.RunResponses;
import millrace.stream.Runs;
import millrace.stream.StreamEngine;
import millrace.stream.StreamServlet;

/**
 * {@code /streams/{id}}: GET follows a run, from the first event held or after the last event id; DELETE stops it; in
 * demo mode POST to {@code /streams/{id}/cut} cuts its connections, to watch clients resume.
 *
 * <p>An application of its own that has resumable {@link StreamServlet}s declares this one at {@code /streams/*} in its
 * {@code web.xml}; it needs nothing else of this room.
 */
public final class StreamsServlet extends ProblemServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final String CUT = "/cut";

    @Override
    Origins origins() {
        StreamEngine engine = StreamEngine.in(getServletContext());
        return engine == null ? Origins.none() : engine.origins();
    }

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response) throws ProblemException, IOException {
        String path = request.getPathInfo() == null ? "" : request.getPathInfo();
        boolean cut = path.endsWith(CUT);
        String whole = cut ? path.substring(0, path.length() - CUT.length()) : path;
        String id = whole.startsWith("/") ? whole.substring(1) : "";
        if (!Runs.isRunId(id)) {
            throw notFound(request);
        }
        StreamEngine engine = StreamEngine.in(getServletContext()); // where there is none yet, there is no run
        if (cut && (engine == null || !engine.config().get(Settings.DEMO) || !DemoFilter.isLocal(request))) {
            throw notFound(request);
        }
        Run run = engine == null ? null : engine.runs().find(id, request.getRemoteUser());
        if (engine == null || run == null) {
            throw new ProblemException(ProblemType.NOT_FOUND, "That run is not held (any more).");
        }
        switch (request.getMethod()) {
            case "GET", "HEAD" -> {
                if (cut) {
                    throw methodNotAllowed(response, "POST");
                }
                follow(request, response, engine, run);
            }
            case "POST" -> {
                if (!cut) {
                    throw methodNotAllowed(response, "GET, HEAD, DELETE");
                }
                engine.origins().require(request);
                run.cut();
                response.setStatus(HttpServletResponse.SC_NO_CONTENT);
            }
            case "DELETE" -> {
                engine.origins().require(request);
                stop(request, response, run);
            }
            default -> throw methodNotAllowed(response, cut ? "POST" : "GET, HEAD, DELETE");
        }
    }

    private static void follow(HttpServletRequest request, HttpServletResponse response, StreamEngine engine, Run run)
            throws ProblemException, IOException {
        RunResponses responses = new RunResponses(engine);
        response.setHeader("Cache-Control", StreamEngine.PRIVATE); // whoever holds the id is authorised
        String cursor = LastEventId.of(request);
        if (cursor == null || cursor.isEmpty()) {
            responses.fromTheFirstHeld(request, response, run);
            return;
        }
        responses.resume(request, response, run, cursor);
    }

    private static void stop(HttpServletRequest request, HttpServletResponse response, Run run)
            throws ProblemException {
        String shown = request.getHeader(StreamServlet.RUN_SECRET);
        boolean isStarter = run.owner() != null && run.owner().equals(request.getRemoteUser());
        if (!isStarter && (shown == null || !run.isSecret(shown))) {
            throw new ProblemException(
                    ProblemType.FORBIDDEN,
                    "Stopping a run needs the secret that its starter was given, in the header "
                            + StreamServlet.RUN_SECRET + ".");
        }
        run.stop(CloseReason.STOPPED);
        response.setStatus(HttpServletResponse.SC_NO_CONTENT);
    }
}
