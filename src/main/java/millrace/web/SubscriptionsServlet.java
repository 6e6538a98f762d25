package millrace.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import millrace.auth.AccessException;
import millrace.auth.Dialect;
import millrace.auth.Principal;
import millrace.history.HistoryException;
import millrace.hub.Hub;
import millrace.hub.Presence;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.FormData;
import millrace.request.Origins;
import millrace.request.RelativeReference;
import millrace.topic.Topic;
import org.jspecify.annotations.Nullable;

/**
 * {@code /.well-known/mercure/subscriptions…}: who subscribes. What is asked for stands in the path, in the form of the
 * token's dialect, or in the query for containers that refuse {@code %2F} in a path:
 *
 * <pre>
 *   …/subscriptions/{topic}/{subscriber}                  …/subscriptions?topic=…&subscriber=…
 *   …/subscriptions/{match_type}/{match}/{subscriber}     …/subscriptions?match_type=…&match=…&subscriber=…
 *   …/subscriptions                                       …/subscriptions?protocol=0.x and ?protocol=1.0
 * </pre>
 */
public final class SubscriptionsServlet extends ProblemServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final List<String> METHODS = List.of("GET", "HEAD", "OPTIONS");

    @Override
    Origins origins() {
        return application().hub().access().origins();
    }

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response) throws ProblemException, IOException {
        HubAccess access = application().hub().access();
        Hub hub = application().hub().hub();
        Presence presence = hub.presence();
        if (presence == null) {
            throw new ProblemException(
                    ProblemType.NOT_FOUND, "Who subscribes is not told here (millrace.hub.presence).");
        }
        try {
            switch (request.getMethod()) {
                case "GET", "HEAD" -> tell(request, response, access, hub, presence);
                case "OPTIONS" -> tellMethods(response, METHODS);
                default -> throw methodNotAllowed(response, String.join(", ", METHODS));
            }
        } catch (AccessException refused) {
            hub.metrics().refused("presence", refused.why().name().toLowerCase(Locale.ROOT));
            throw access.refusal(request, response, refused);
        } catch (ProblemException refused) {
            hub.metrics().refused("presence", refused.problem().type().name().toLowerCase(Locale.ROOT));
            throw refused;
        } catch (HistoryException unavailable) {
            hub.metrics().refused("presence", "history");
            throw new ProblemException(
                    Problem.of(ProblemType.UNAVAILABLE, "The history cannot be read at the moment."),
                    Duration.ofSeconds(5));
        }
    }

    private static void tell(
            HttpServletRequest request, HttpServletResponse response, HubAccess access, Hub hub, Presence presence)
            throws AccessException, ProblemException, IOException {
        Principal principal = access.subscriber(request);
        FormData query = FormData.parse(request.getQueryString());
        Dialect dialect = dialect(query, principal, access.authenticator().dialects());
        Presence.Filter asked = asked(request, query, dialect);
        if (!principal.view().permits(true, List.of(Topic.of(asked.path(dialect))))) {
            throw AccessException.insufficient(
                    principal, "This needs a grant to subscribe to " + asked.path(dialect) + ".");
        }
        // the cursor first: who goes on from there misses nothing of what the document does not show yet
        String cursor = hub.newestCursor(principal.view());
        String tag = "\"" + presence.version() + "." + hub.opaqueCursor().substring(1) + "\"";
        response.setHeader("ETag", tag);
        response.setHeader("Cache-Control", "private, no-cache");
        if (dialect == Dialect.V1) {
            response.setHeader("Link", link(request, isPlain(cursor) ? cursor : hub.opaqueCursor()));
        }
        if (isKnown(request, tag)) {
            response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
            return;
        }
        String document = asked.subscriber() == null
                ? presence.collection(asked, dialect, cursor)
                : presence.document(asked, dialect);
        if (document == null) {
            throw new ProblemException(ProblemType.NOT_FOUND, "That subscription is not active.");
        }
        byte[] body = document.getBytes(StandardCharsets.UTF_8);
        response.setContentType(dialect == Dialect.V0 ? "application/ld+json" : "application/json");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    /**
     * Parameters tell by their names which dialect is meant, or by {@code protocol}; a path does not: then it is the
     * token's.
     */
    private static Dialect dialect(FormData query, Principal principal, Set<Dialect> offered) throws ProblemException {
        String protocol = query.first("protocol");
        if (protocol != null && !protocol.equals("0.x") && !protocol.equals("1.0")) {
            throw new ProblemException(ProblemType.BAD_PARAMETER, "protocol is 0.x or 1.0.");
        }
        boolean old = query.first("topic") != null || "0.x".equals(protocol);
        boolean modern = query.first("match") != null || query.first("match_type") != null || "1.0".equals(protocol);
        if (!old && !modern) {
            return principal.dialect();
        }
        Dialect meant = modern ? Dialect.V1 : Dialect.V0;
        if (old && modern || !offered.contains(meant)) {
            throw new ProblemException(
                    ProblemType.BAD_PARAMETER,
                    "Ask with topic and subscriber (0.x), or with match_type, match and subscriber (1.0), as far as this"
                            + " hub speaks both.");
        }
        return meant;
    }

    private static Presence.Filter asked(HttpServletRequest request, FormData query, Dialect dialect)
            throws ProblemException {
        // the path as it was sent: the container's own decoding would lose where a segment ends
        String path = request.getRequestURI().substring(request.getContextPath().length());
        if (!path.startsWith(Presence.ROOT)) {
            throw notFound(request); // escaped where it need not be
        }
        List<String> segments = new ArrayList<>();
        if (path.length() > Presence.ROOT.length() + 1) {
            for (String segment : path.substring(Presence.ROOT.length() + 1).split("/", -1)) {
                segments.add(decode(segment));
            }
        }
        if (segments.isEmpty()) {
            if (dialect == Dialect.V0) {
                return new Presence.Filter(null, query.first("topic"), query.first("subscriber"));
            }
            String match = query.first("match");
            String type = query.first("match_type");
            // as in the path that the grant names: without a type it is the standard one
            return new Presence.Filter(
                    type == null && match != null ? "exact" : type, match, query.first("subscriber"));
        }
        int forMatch = dialect == Dialect.V0 ? 1 : 2;
        if (segments.size() < forMatch || segments.size() > forMatch + 1) {
            throw notFound(request);
        }
        return new Presence.Filter(
                dialect == Dialect.V0 ? null : segments.getFirst(),
                segments.get(forMatch - 1),
                segments.size() > forMatch ? segments.get(forMatch) : null);
    }

    /** Of a path as it was sent. */
    static String decode(String segment) throws ProblemException {
        FormData decoded = FormData.parse("x=" + segment.replace("+", "%2B").replace("&", "%26"));
        String value = decoded.first("x");
        return value == null ? "" : value;
    }

    private static boolean isKnown(HttpServletRequest request, String tag) {
        String known = request.getHeader("If-None-Match");
        if (known != null) {
            for (String one : known.split(",", -1)) {
                String bare = one.strip();
                if (bare.equals("*") || bare.equals(tag) || bare.equals("W/" + tag)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static String link(HttpServletRequest request, String cursor) {
        return "<" + RelativeReference.to(Hub.PATH, request) + ">; rel=\"mercure\"; last-event-id=\"" + cursor
                + "\"; type=\"mercure\"; content-type=\"application/json\"";
    }

    /** May stand between quotes in a header. */
    private static boolean isPlain(@Nullable String id) {
        return id != null && id.chars().allMatch(c -> c > ' ' && c < 127 && c != '"' && c != '\\');
    }
}
