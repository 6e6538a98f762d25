package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.sse.Event;
import org.jspecify.annotations.Nullable;

/**
 * What a producer may know of its request: a copy, because containers recycle the request itself while a producer on
 * its virtual thread still runs. Immutable.
 *
 * @param query the parameters of the query string
 * @param body what was sent, empty where nothing was
 * @param headers by lower-case name
 * @param lastEventId of the header, decoded as UTF-8; {@code null} where there is none
 * @param remoteAddress whom it counts for where limits are per address
 * @param user who logged in at the container; {@code null} where nobody did
 */
public record StreamRequest(
        String method,
        String path,
        FormData query,
        Map<String, List<String>> headers,
        byte[] body,
        @Nullable String lastEventId,
        @Nullable String user,
        String remoteAddress) {

    static StreamRequest copy(HttpServletRequest request, byte[] body, String remoteAddress) throws ProblemException {
        Map<String, List<String>> headers = new TreeMap<>();
        for (String name : Collections.list(request.getHeaderNames())) {
            headers.put(name.toLowerCase(Locale.ROOT), List.copyOf(Collections.list(request.getHeaders(name))));
        }
        return new StreamRequest(
                request.getMethod(),
                request.getRequestURI(),
                FormData.parse(request.getQueryString()),
                Collections.unmodifiableMap(headers),
                body,
                lastEventId(request),
                request.getRemoteUser(),
                remoteAddress);
    }

    /** The first header of that name. */
    public @Nullable String header(String name) {
        List<String> values = headers.get(name.toLowerCase(Locale.ROOT));
        return values == null || values.isEmpty() ? null : values.getFirst();
    }

    /** The media type of the body in lower case, without parameters; empty where none is given. */
    public String mediaType() {
        String type = header("content-type");
        return type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }

    /**
     * The {@code Last-Event-ID} header. A container hands its bytes over as ISO-8859-1; the standard sends UTF-8.
     *
     * @throws ProblemException where it is longer than any id of ours
     */
    public static @Nullable String lastEventId(HttpServletRequest request) throws ProblemException {
        String raw = request.getHeader("Last-Event-ID");
        if (raw == null) {
            return null;
        }
        byte[] bytes = raw.getBytes(StandardCharsets.ISO_8859_1);
        if (bytes.length > Event.MAX_ID_BYTES) {
            throw new ProblemException(
                    ProblemType.BAD_LAST_EVENT_ID,
                    "Last-Event-ID has " + bytes.length + " bytes; ids here have at most " + Event.MAX_ID_BYTES + ".");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
