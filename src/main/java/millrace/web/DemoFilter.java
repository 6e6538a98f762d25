package millrace.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.util.List;
import java.util.Locale;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.stream.ProblemResponse;
import org.jspecify.annotations.Nullable;

/**
 * Keeps demo mode, which opens everything, on this machine: only requests that came from a loopback address to one, that
 * name a local host, and that no proxy forwarded. The name is checked because of DNS rebinding: a page of another site
 * can have its own name point here, but it cannot change the name that the browser sends.
 */
public final class DemoFilter extends HttpFilter {
    @Serial
    private static final long serialVersionUID = 1;

    private static final List<String> FORWARDING =
            List.of("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via");

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        response.setHeader("X-Content-Type-Options", "nosniff");
        if (Application.in(getServletContext()).isDemo() && !isLocal(request)) {
            ProblemResponse.send(
                    response,
                    new ProblemException(
                            ProblemType.FORBIDDEN,
                            "Demo mode serves this machine only; for others turn it off (millrace.demo=false) and give"
                                    + " keys and tokens."));
            return;
        }
        chain.doFilter(request, response);
    }

    static boolean isLocal(HttpServletRequest request) {
        return isLoopback(request.getRemoteAddr())
                && isLoopback(request.getLocalAddr())
                && isLocalHost(host(request))
                && !request.getProtocol()
                        .equals("HTTP/1.0") // what a proxy speaks that was told nothing, and no browser
                && FORWARDING.stream().allMatch(name -> request.getHeader(name) == null);
    }

    /** HTTP/2 has {@code :authority} instead of the header; Tomcat tells it as the server's name only. */
    private static @Nullable String host(HttpServletRequest request) {
        String host = request.getHeader("Host");
        return host == null && request.getProtocol().startsWith("HTTP/2") ? request.getServerName() : host;
    }

    static boolean isLoopback(@Nullable String address) {
        return address != null
                && (address.startsWith("127.")
                        || address.equals("::1")
                        || address.equals("[::1]")
                        || address.equals("0:0:0:0:0:0:0:1")
                        || address.equals("[0:0:0:0:0:0:0:1]")
                        || address.startsWith("::ffff:127."));
    }

    private static boolean isLocalHost(@Nullable String host) {
        if (host == null) {
            return false;
        }
        String name = host.toLowerCase(Locale.ROOT).replaceFirst(":\\d{1,5}$", "");
        return name.equals("localhost") || name.equals("[::1]") || name.matches("127(\\.\\d{1,3}){3}");
    }
}
