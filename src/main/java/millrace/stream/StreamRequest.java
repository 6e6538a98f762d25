package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import millrace.problem.ProblemException;
import millrace.request.FormData;
import millrace.request.LastEventId;
import org.jspecify.annotations.Nullable;

/**
 * What a producer may know of its request: a copy, because containers recycle the request itself while a producer on
 * its virtual thread still runs. Immutable.
 *
 * @param query the parameters of the query string
 * @param body what was sent, empty where nothing was
 * @param headers by lower-case name
 * @param lastEventId of the header or of the URL, see {@link LastEventId}; {@code null} where there is none
 * @param remoteAddress the client's, for limits per address
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
                LastEventId.of(request),
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
}
