package millrace.request;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import millrace.config.Config;
import millrace.config.ConfigException;
import millrace.config.Setting;
import millrace.config.Settings;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import org.jspecify.annotations.Nullable;

/**
 * Which pages may use a servlet: those of its own origin, and those of a list of exact origins, with cookies and logins.
 * Never {@code null} (which every sandboxed page sends), never a wildcard, never whatever the request says.
 *
 * <p>This is both halves of one rule. Pages of other origins cannot read answers, since the browser keeps those from
 * them; and they cannot change anything, since we refuse that (cross-site request forgery). Immutable; any thread.
 */
public final class Origins {

    /** What has to be named so that a page of another origin sees it. */
    private static final String EXPOSED_HEADERS = String.join(
            ", ",
            "Allow",
            "Content-Location",
            "ETag",
            "Last-Event-ID",
            "Link",
            "Mercure-Last-Event-ID",
            "Millrace-Run-Secret", // StreamServlet.RUN_SECRET
            "Preference-Applied",
            "Retry-After",
            "WWW-Authenticate");

    private static final String METHODS = "GET, HEAD, POST, QUERY, DELETE";
    private static final String USUAL_HEADERS =
            "authorization, cache-control, content-type, last-event-id, prefer, millrace-run-secret";
    private static final Pattern HEADER_NAMES = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,4000}");
    private static final String MAX_AGE_SECONDS = "7200";

    private final Set<Origin> allowed;

    private Origins(Set<Origin> allowed) {
        this.allowed = Set.copyOf(allowed);
    }

    /** The standard: those that {@code millrace.origins} names. */
    public static Origins of(Config config) {
        return new Origins(read(Settings.ORIGINS, config));
    }

    /** Those that may use the hub: {@code millrace.hub.origins} names more. */
    public static Origins ofHub(Config config) {
        Set<Origin> both = new HashSet<>(read(Settings.ORIGINS, config));
        both.addAll(read(Settings.HUB_ORIGINS, config));
        return new Origins(both);
    }

    private static Set<Origin> read(Setting<List<String>> setting, Config config) {
        try {
            return parse(config.get(setting).stream());
        } catch (IllegalArgumentException bad) {
            throw new ConfigException(setting.key() + ": " + bad.getMessage());
        }
    }

    /**
     * These and those that were allowed before.
     *
     * @param origins exact ones, like {@code https://app.example} or {@code http://localhost:8080}
     * @throws IllegalArgumentException where one is none
     */
    public Origins and(String... origins) {
        Set<Origin> all = new HashSet<>(allowed);
        all.addAll(parse(Stream.of(origins)));
        return new Origins(all);
    }

    /** No page but those of the servlet's own origin. */
    public static Origins none() {
        return new Origins(Set.of());
    }

    private static Set<Origin> parse(Stream<String> texts) {
        Set<Origin> origins = new HashSet<>();
        texts.forEach(text -> {
            Origin origin = Origin.parse(text);
            if (origin == null) {
                throw new IllegalArgumentException(
                        "write exact origins like https://app.example or http://localhost:8080, without a path and"
                                + " without *: '" + text + "'");
            }
            origins.add(origin);
        });
        return origins;
    }

    // ---- who may change something ----

    /**
     * Refuses a request that a page of a foreign origin sent. Browsers tell in {@code Origin} where a request comes from;
     * who sends none is no browser, or did not leave the site.
     *
     * @throws ProblemException a 403
     */
    public void require(HttpServletRequest request) throws ProblemException {
        if (!allows(request)) {
            throw new ProblemException(
                    ProblemType.FORBIDDEN,
                    "This request comes from a page of another origin; send it from this one, or have "
                            + Settings.ORIGINS.key() + " name that one.");
        }
    }

    private boolean allows(HttpServletRequest request) {
        if (request.getHeader("Origin") != null) {
            return isTrusted(origin(request), request);
        }
        String site = request.getHeader("Sec-Fetch-Site");
        return site == null || site.equals("same-origin") || site.equals("none");
    }

    /**
     * Whether a page that may not do so can have caused this request, for what a browser authorizes by itself (a cookie, a
     * login): then {@code Origin} has to name an allowed origin, or {@code Referer} where it is missing.
     */
    public boolean mayBeForged(HttpServletRequest request) {
        Origin from =
                request.getHeader("Origin") == null ? Origin.ofAddress(request.getHeader("Referer")) : origin(request);
        return !isTrusted(from, request);
    }

    private boolean isTrusted(@Nullable Origin origin, HttpServletRequest request) {
        return origin != null && (allowed.contains(origin) || isOwn(origin, hostOf(request)));
    }

    /**
     * Whether a page of that origin came from the host that the request was sent to. The scheme is the page's: behind a
     * proxy that ends TLS the server sees another than the browser.
     */
    static boolean isOwn(Origin origin, String host) {
        return origin.isOfTheWeb() && origin.equals(Origin.of(origin.scheme(), host));
    }

    /** The only {@code Origin} of the request; {@code null} where it is none, or one of several. */
    private static @Nullable Origin origin(HttpServletRequest request) {
        List<String> sent = Collections.list(request.getHeaders("Origin"));
        return sent.size() == 1 ? Origin.parse(sent.getFirst()) : null;
    }

    /**
     * The host that the request was sent to, with its port where that is not the usual one, in lower case; empty where it
     * names none. Over HTTP/2 some containers show {@code :authority} as the server's name and port, and no {@code Host}.
     */
    public static String hostOf(HttpServletRequest request) {
        String header = request.getHeader("Host");
        if (header == null && request.getProtocol().startsWith("HTTP/2")) {
            int port = request.getServerPort();
            header = request.getServerName() + (port == 80 || port == 443 ? "" : ":" + port);
        }
        return header == null ? "" : header.toLowerCase(Locale.ROOT);
    }

    // ---- who may read answers (the Fetch standard, "CORS protocol") ----

    /**
     * Sets the headers that let a page of an allowed origin read the answer, whatever it will be, and answers the question
     * that its browser asks before (a preflight). To be called before anything else is done with the request.
     *
     * @return true where the request was that question, and has been answered
     */
    public boolean answer(HttpServletRequest request, HttpServletResponse response) {
        boolean preflight = request.getMethod().equals("OPTIONS")
                && request.getHeader("Origin") != null
                && request.getHeader("Access-Control-Request-Method") != null;
        if (!allowed.isEmpty()) {
            vary(response, "Origin");
            Origin origin = origin(request);
            if (origin != null && allowed.contains(origin)) {
                response.setHeader("Access-Control-Allow-Origin", request.getHeader("Origin"));
                response.setHeader("Access-Control-Allow-Credentials", "true");
                if (preflight) {
                    permit(request, response);
                } else {
                    response.setHeader("Access-Control-Expose-Headers", EXPOSED_HEADERS);
                }
            }
        }
        if (preflight) {
            response.setStatus(HttpServletResponse.SC_NO_CONTENT);
        }
        return preflight;
    }

    /**
     * Any header may be sent by a page that is trusted with cookies. The methods are those of all our servlets; what one of
     * them does not take it refuses itself, in an answer that the page can read.
     */
    private static void permit(HttpServletRequest request, HttpServletResponse response) {
        String asked = String.join(", ", Collections.list(request.getHeaders("Access-Control-Request-Headers")));
        response.setHeader("Access-Control-Allow-Methods", METHODS);
        response.setHeader(
                "Access-Control-Allow-Headers", HEADER_NAMES.matcher(asked).matches() ? asked : USUAL_HEADERS);
        vary(response, "Access-Control-Request-Headers");
        if ("true".equals(request.getHeader("Access-Control-Request-Private-Network"))) {
            response.setHeader("Access-Control-Allow-Private-Network", "true");
            vary(response, "Access-Control-Request-Private-Network");
        }
        response.setHeader("Access-Control-Max-Age", MAX_AGE_SECONDS);
    }

    /** Beside what a filter has said; once, also where a request is dispatched again. */
    private static void vary(HttpServletResponse response, String header) {
        List<String> said = new ArrayList<>();
        for (String value : response.getHeaders("Vary")) {
            Stream.of(value.split(",", -1)).map(String::strip).forEach(said::add);
        }
        if (said.stream().noneMatch(name -> name.equals("*") || name.equalsIgnoreCase(header))) {
            response.addHeader("Vary", header);
        }
    }
}
