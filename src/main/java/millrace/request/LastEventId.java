package millrace.request;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import millrace.problem.ProblemException;
import millrace.sse.Event;
import org.jspecify.annotations.Nullable;

/**
 * Where a client says how far it has read. One rule for all streams: the header {@code Last-Event-ID}, or else a
 * parameter of the URL, in which polyfills and clients that cannot set headers send it. Whatever stands there is
 * somebody's id: what is none of ours is answered with a {@code gap}, never with an error, on which an
 * {@code EventSource} would give up for good.
 */
public final class LastEventId {

    /** How clients spell the parameter, in the order of precedence. */
    private static final List<String> PARAMETERS =
            List.of("last_event_id", "lastEventID", "lastEventId", "Last-Event-ID");

    private LastEventId() {}

    /** The client's last event id; {@code null} where it sent none. */
    public static @Nullable String of(HttpServletRequest request) throws ProblemException {
        String header = header(request);
        return header != null ? header : among(FormData.parse(request.getQueryString()));
    }

    /** The header alone. A container hands its bytes over as ISO-8859-1; the standard sends UTF-8. */
    public static @Nullable String header(HttpServletRequest request) {
        String raw = request.getHeader("Last-Event-ID");
        return raw == null ? null : new String(raw.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    /** The last event id among these parameters, by whatever name; {@code null} where there is none. */
    public static @Nullable String among(FormData parameters) {
        for (String name : PARAMETERS) {
            // where clients append one on every reconnect, the last is the fresh one
            String value = parameters.last(name);
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    /** Whether a parameter of that name tells the last event id. */
    public static boolean isParameter(String name) {
        return PARAMETERS.contains(name);
    }

    /** As much of it as an id may have, to be told in a {@code gap}: a client may send any length, and read slowly. */
    public static String beginning(String lastEventId) {
        int length = Math.min(lastEventId.length(), Event.MAX_ID_BYTES);
        boolean inTheMiddle =
                length < lastEventId.length() && Character.isHighSurrogate(lastEventId.charAt(length - 1));
        return lastEventId.substring(0, inTheMiddle ? length - 1 : length);
    }
}
