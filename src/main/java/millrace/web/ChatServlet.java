package millrace.web;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.time.Duration;
import millrace.chat.ApiError;
import millrace.chat.Generation;
import millrace.chat.RefusedException;
import millrace.log.CloseReason;
import millrace.problem.ProblemException;
import millrace.request.Origins;
import millrace.stream.BrokenEnd;
import millrace.stream.ProblemResponse;
import millrace.stream.RequestEnd;
import millrace.stream.RunResponses;
import millrace.stream.StreamEngine;
import org.jspecify.annotations.Nullable;

/**
 * A servlet whose answer depends on an upstream. The request goes async, a virtual thread waits, and the request is
 * dispatched back here with what has become known: no thread of the container waits, and an upstream that refuses at
 * once gives its status to the client.
 */
abstract class ChatServlet extends HttpServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final System.Logger LOG = System.getLogger("millrace.web");
    private static final String WAIT = "millrace.chat.wait";

    /** How long the headers of a stream are held back for a status that may still be an error. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /** What a request is answered with. */
    sealed interface Outcome {
        record Follow(Generation generation) implements Outcome {}

        /** 202: the client follows the run by itself. */
        record Accept(Generation generation) implements Outcome {}

        record Whole(byte[] json) implements Outcome {}

        record Refused(ApiError error) implements Outcome {}
    }

    /**
     * Where the waiting thread leaves the outcome: it must not touch the request, which the container may have given to
     * another client by then.
     */
    private static final class Wait {
        volatile @Nullable Outcome outcome;
    }

    /** What the waiting thread does: may block, and is interrupted when the client is known to be gone. */
    interface Work {
        Outcome outcome() throws RefusedException, InterruptedException;
    }

    /** Answers or begins to; what it throws is told in this servlet's own shape. */
    abstract void answer(HttpServletRequest request, HttpServletResponse response)
            throws RefusedException, ProblemException, IOException;

    /** Tells a client that it gets no answer. */
    abstract void refuse(HttpServletResponse response, ApiError error) throws IOException;

    abstract void refuse(HttpServletResponse response, ProblemException refused) throws IOException;

    @Override
    protected final void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        BrokenEnd.rethrow(request);
        Origins origins = application().streams().origins();
        if (origins.answer(request, response)) {
            return;
        }
        try {
            if (request.getAttribute(WAIT) instanceof Wait wait) {
                Outcome outcome = wait.outcome;
                conclude(request, response, outcome == null ? new Outcome.Refused(ApiError.internal()) : outcome);
                return;
            }
            if (!request.getMethod().equals("GET") && !request.getMethod().equals("HEAD")) {
                origins.require(request);
            }
            answer(request, response);
        } catch (RefusedException refused) {
            ProblemResponse.announceClose(request, response);
            refuse(response, refused.error());
        } catch (ProblemException refused) {
            if (!ProblemResponse.comesBack(request, response, refused)) {
                refuse(response, refused);
            }
        }
    }

    final Application application() {
        return Application.in(getServletContext());
    }

    /** The answer of a generation: to be followed, here or elsewhere. */
    static Outcome begin(Generation generation, boolean detached) throws InterruptedException {
        try {
            return switch (generation.await(PATIENCE)) {
                case Generation.Beginning.Refused refused -> new Outcome.Refused(refused.error());
                case Generation.Beginning.Begun begun ->
                    detached ? new Outcome.Accept(generation) : new Outcome.Follow(generation);
            };
        } catch (InterruptedException gone) {
            generation.run().stop(CloseReason.CLIENT_GONE);
            throw gone;
        }
    }

    /** Has a virtual thread do the work; then the request comes back and is answered with the outcome. */
    final void comeBackWith(HttpServletRequest request, Work work) {
        Wait wait = new Wait();
        request.setAttribute(WAIT, wait);
        AsyncContext context = request.startAsync();
        context.setTimeout(0);
        Thread worker = application().streams().newProducer("chat-wait", () -> {
            Outcome outcome;
            try {
                outcome = work.outcome();
            } catch (RefusedException refused) {
                outcome = new Outcome.Refused(refused.error());
            } catch (InterruptedException stopped) {
                outcome = new Outcome.Refused(ApiError.stopped());
            } catch (RuntimeException bug) { // without an outcome the client would wait for ever
                LOG.log(System.Logger.Level.WARNING, "a chat request failed", bug);
                outcome = new Outcome.Refused(ApiError.internal());
            }
            try {
                wait.outcome = outcome;
                context.dispatch();
            } catch (RuntimeException over) { // the client is gone, and the container has ended it
                stop(outcome);
            }
        });
        RequestEnd.tell(context, new Gone(worker));
        worker.start();
    }

    private void conclude(HttpServletRequest request, HttpServletResponse response, Outcome outcome)
            throws RefusedException, ProblemException, IOException {
        RunResponses responses = new RunResponses(application().streams());
        switch (outcome) {
            case Outcome.Follow follow -> {
                response.setHeader("Cache-Control", StreamEngine.PRIVATE); // who asks is authorised
                responses.begin(request, response, follow.generation().run());
            }
            case Outcome.Accept accept ->
                responses.accept(request, response, accept.generation().run());
            case Outcome.Whole whole -> sendJson(response, whole.json());
            case Outcome.Refused refused -> throw new RefusedException(refused.error());
        }
    }

    static void sendJson(HttpServletResponse response, byte[] json) throws IOException {
        response.setContentType("application/json");
        response.setHeader("Cache-Control", "private, no-store");
        response.setContentLength(json.length);
        response.getOutputStream().write(json);
    }

    private static void stop(Outcome outcome) {
        Generation generation = switch (outcome) {
            case Outcome.Follow follow -> follow.generation();
            case Outcome.Accept accept -> accept.generation(); // nobody was told its id
            case Outcome.Whole whole -> null;
            case Outcome.Refused refused -> null;
        };
        if (generation != null) {
            generation.run().stop(CloseReason.CLIENT_GONE);
        }
    }

    /** Over HTTP/2 a container tells while the upstream is awaited that the client has left. */
    private record Gone(Thread worker) implements RequestEnd.Listener {
        @Override
        public void failed(AsyncEvent event) {
            worker.interrupt();
        }

        @Override
        public void timedOut(AsyncContext context) {
            worker.interrupt();
            context.complete(); // there is no timeout but the end of the context
        }

        @Override
        public void completed() {
            worker.interrupt();
        }
    }
}
