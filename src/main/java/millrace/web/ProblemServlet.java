package millrace.web;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.stream.BrokenEnd;
import millrace.stream.ProblemResponse;

/** The base of our own servlets: what is refused is answered as a problem, in one place. */
abstract class ProblemServlet extends HttpServlet {
    @Serial
    private static final long serialVersionUID = 1;

    /** Answers the request, whatever its method. */
    abstract void answer(HttpServletRequest request, HttpServletResponse response)
            throws ProblemException, IOException, ServletException;

    @Override
    protected final void service(HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        BrokenEnd.rethrow(request);
        try {
            answer(request, response);
        } catch (ProblemException refused) {
            ProblemResponse.announceClose(request, response);
            ProblemResponse.send(response, refused);
        }
    }

    final Application application() {
        return Application.in(getServletContext());
    }

    /** A 405, with the methods that are offered. */
    static ProblemException methodNotAllowed(HttpServletResponse response, String allowed) {
        response.setHeader("Allow", allowed);
        return new ProblemException(ProblemType.METHOD_NOT_ALLOWED, "Use one of " + allowed + ".");
    }

    static ProblemException notFound(HttpServletRequest request) {
        return new ProblemException(ProblemType.NOT_FOUND, "There is nothing at " + request.getRequestURI() + ".");
    }
}
