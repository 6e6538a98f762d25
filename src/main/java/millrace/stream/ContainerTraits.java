package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Locale;

/**
 * The few differences between containers that matter, in one place; measured, see the notes on each.
 *
 * @param bufferSize for {@code setBufferSize}; 0 leaves the container's own
 * @param mayBlock write and flush can block on a slow client
 * @param lingers its own thread must have left a request before one of ours touches the response; and it ends a response
 *     whose write has failed by itself, and wants nobody else to
 * @param errsEarly tells of an error while one of its own threads is still about a write of the same response
 * @param writesByItsThread a response is written on the container's thread of its connection, which calls
 *     {@code onWritePossible} and takes tasks
 */
record ContainerTraits(
        int bufferSize, boolean mayBlock, boolean lingers, boolean errsEarly, boolean writesByItsThread) {

    static ContainerTraits of(String serverInfo, HttpServletRequest request) {
        String server = serverInfo.toLowerCase(Locale.ROOT);
        if (server.contains("jetty")) {
            // 32 KiB of direct memory for the life of a response otherwise; 8 KiB is also what Jetty copies at most
            return new ContainerTraits(8192, false, false, true, false);
        }
        if (server.contains("undertow") || server.contains("wildfly")) {
            // with a larger buffer a partial write leaves bytes behind without ever calling back
            // a write that fails on any other thread puts an error with a stack trace into the log (0133)
            return new ContainerTraits(1, false, false, false, true);
        }
        if (server.contains("liberty") || server.contains("websphere")) {
            return new ContainerTraits(0, true, false, false, false); // writes take the synchronous path
        }
        if (server.contains("tomcat")) {
            // over HTTP/2 a DATA frame is written with blocking I/O, up to the write timeout
            // a write that fails on our thread while one of Tomcat's is on its way out of service() or
            // onWritePossible()
            // is handled by both: the one recycles the response that the other is still about
            return new ContainerTraits(0, request.getProtocol().startsWith("HTTP/2"), true, false, false);
        }
        return new ContainerTraits(0, !server.contains("glassfish") && !server.contains("payara"), false, false, false);
    }
}
