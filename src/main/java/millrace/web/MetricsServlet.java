package millrace.web;

import io.prometheus.metrics.exporter.servlet.jakarta.PrometheusMetricsServlet;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import millrace.config.Settings;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import org.jspecify.annotations.Nullable;

/** {@code /metrics}, in the Prometheus formats: for this machine, for the token of the settings, or for a role. */
public final class MetricsServlet extends ProblemServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private transient @Nullable PrometheusMetricsServlet exporter;

    @Override
    public void init() {
        exporter = new PrometheusMetricsServlet(application().metrics().registry());
    }

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response)
            throws ProblemException, IOException, ServletException {
        if (!request.getMethod().equals("GET") && !request.getMethod().equals("HEAD")) {
            throw methodNotAllowed(response, "GET, HEAD");
        }
        if (!DemoFilter.isLocal(request) && !showsToken(request) && !hasRole(request)) {
            response.setHeader("WWW-Authenticate", "Bearer");
            throw new ProblemException(
                    ProblemType.UNAUTHORIZED,
                    "Metrics are for this machine, for the bearer token millrace.metrics-token, or for the role"
                            + " millrace.metrics-role.");
        }
        PrometheusMetricsServlet to = exporter;
        if (to != null) {
            to.service(request, response);
        }
    }

    private boolean showsToken(HttpServletRequest request) {
        String token = application().config().get(Settings.METRICS_TOKEN);
        String shown = request.getHeader("Authorization");
        return !token.isEmpty()
                && shown != null
                && MessageDigest.isEqual(
                        ("Bearer " + token).getBytes(StandardCharsets.UTF_8), shown.getBytes(StandardCharsets.UTF_8));
    }

    private boolean hasRole(HttpServletRequest request) {
        String role = application().config().get(Settings.METRICS_ROLE);
        return !role.isEmpty() && request.isUserInRole(role);
    }
}
