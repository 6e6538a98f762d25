package millrace.testapp;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebFilter;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** As if the user that the parameter names had logged in. */
@WebFilter(urlPatterns = "/produce", asyncSupported = true)
public final class KnownUserFilter extends HttpFilter {
    @Serial
    private static final long serialVersionUID = 1;

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        String query = request.getQueryString(); // getParameter would read the body
        int user = query == null ? -1 : query.indexOf("&user=");
        chain.doFilter(user < 0 ? request : new Known(request, query.substring(user + 6)), response);
    }

    private static final class Known extends HttpServletRequestWrapper {
        private final String user;

        Known(HttpServletRequest request, String user) {
            super(request);
            this.user = user;
        }

        @Override
        public @Nullable String getRemoteUser() {
            return user;
        }
    }
}
