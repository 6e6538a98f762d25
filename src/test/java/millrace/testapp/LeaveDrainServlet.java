package millrace.testapp;

import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;

/** Leaves a drain for the run command that asks its own server over the network, and prints what it got. */
@WebServlet(urlPatterns = "/leave-drain", asyncSupported = true)
public final class LeaveDrainServlet extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
        URI where = URI.create(request.getRequestURL().toString()).resolve("where");
        Runnable drain = () -> {
            try {
                HttpURLConnection connection = (HttpURLConnection) where.toURL().openConnection();
                System.out.println("asked while draining: " + connection.getResponseCode());
            } catch (IOException refused) {
                System.out.println("asked while draining: " + refused);
            }
        };
        request.getServletContext().setAttribute("millrace.drain", drain);
    }
}
