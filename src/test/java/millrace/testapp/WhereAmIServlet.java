package millrace.testapp;

import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import millrace.sse.Event;

/** Says on which container it runs, and from where Millrace's classes were loaded. */
@WebServlet(urlPatterns = "/where", asyncSupported = true)
public final class WhereAmIServlet extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setContentType("text/plain;charset=utf-8");
        response.getWriter()
                .print(request.getServletContext().getServerInfo() + "\n"
                        + request.getProtocol() + "\n"
                        + Event.class.getProtectionDomain().getCodeSource().getLocation());
    }
}
