package millrace.web;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.util.List;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.Origins;
import millrace.stream.BrokenEnd;
import millrace.stream.ProblemResponse;
import org.jspecify.annotations.Nullable;

/** The base of our own servlets: what is refused is answered as a problem, in one place. */
abstract class ProblemServlet extends HttpServlet {
    @Serial
    private static final long serialVersionUID = 1;

    /** Answers the request, whatever its method. */
    abstract void answer(HttpServletRequest request, HttpServletResponse response)
            throws ProblemException, IOException, ServletException;

    /** Whose pages may use this servlet; {@code null} where none of another origin may. */
    @Nullable
    Origins origins() {
        return null;
    }

    @Override
    protected final void service(HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        BrokenEnd.rethrow(request);
        Origins origins = origins();
        if (origins != null && origins.answer(request, response)) {
            return;
        }
        try {
            answer(request, response);
        } catch (ProblemException refused) {
            ProblemResponse.refuse(request, response, refused);
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

    /** Answers OPTIONS. */
    static void tellMethods(HttpServletResponse response, List<String> methods) {
        response.setHeader("Allow", String.join(", ", methods));
        response.setStatus(HttpServletResponse.SC_NO_CONTENT);
    }

    static ProblemException notFound(HttpServletRequest request) {
        return new ProblemException(ProblemType.NOT_FOUND, "There is nothing at " + request.getRequestURI() + ".");
    }
}
