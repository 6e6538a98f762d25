package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Locale;

/**
 * The few differences between containers that matter, in one place; measured, see the notes on each.
 *
 * @param bufferSize for {@code setBufferSize}; 0 leaves the container's own
 * @param mayBlock write and flush can block on a slow client
 */
record ContainerTraits(int bufferSize, boolean mayBlock) {

    static ContainerTraits of(String serverInfo, HttpServletRequest request) {
        String server = serverInfo.toLowerCase(Locale.ROOT);
        if (server.contains("jetty")) {
            // 32 KiB of direct memory for the life of a response otherwise; 8 KiB is also what Jetty copies at most
            return new ContainerTraits(8192, false);
        }
        if (server.contains("undertow") || server.contains("wildfly")) {
            // with a larger buffer a partial write leaves bytes behind without ever calling back
            return new ContainerTraits(1, false);
        }
        if (server.contains("liberty") || server.contains("websphere")) {
            return new ContainerTraits(0, true); // writes take the synchronous path
        }
        if (server.contains("tomcat")) {
            // over HTTP/2 a DATA frame is written with blocking I/O, up to the write timeout
            return new ContainerTraits(0, request.getProtocol().startsWith("HTTP/2"));
        }
        return new ContainerTraits(0, !server.contains("glassfish") && !server.contains("payara"));
    }
}
