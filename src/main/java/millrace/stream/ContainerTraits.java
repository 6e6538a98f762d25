package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Locale;

/**
 * The few differences between containers that matter, in one place; measured, see the notes on each.
 *
 * @param bufferSize for {@code setBufferSize}; 0 leaves the container's own
 * @param mayBlock write and flush can block on a slow client
 * @param inheritsErrors a response can begin with the error of the one before, which its flushes would then throw
 */
record ContainerTraits(int bufferSize, boolean mayBlock, boolean inheritsErrors) {

    static ContainerTraits of(String serverInfo, HttpServletRequest request) {
        String server = serverInfo.toLowerCase(Locale.ROOT);
        if (server.contains("jetty")) {
            // 32 KiB of direct memory for the life of a response otherwise; 8 KiB is also what Jetty copies at most
            return new ContainerTraits(8192, false, false);
        }
        if (server.contains("undertow") || server.contains("wildfly")) {
            // with a larger buffer a partial write leaves bytes behind without ever calling back
            return new ContainerTraits(1, false, false);
        }
        if (server.contains("liberty") || server.contains("websphere")) {
            return new ContainerTraits(0, true, false); // writes take the synchronous path
        }
        if (server.contains("tomcat")) {
            // over HTTP/2 a DATA frame is written with blocking I/O, up to the write timeout
            // where a client resets while a container's thread is still about its request, that thread recycles the
            // response without a callback, and our thread's flush leaves its exception in it; only a reset forgets that
            return new ContainerTraits(0, request.getProtocol().startsWith("HTTP/2"), true);
        }
        return new ContainerTraits(0, !server.contains("glassfish") && !server.contains("payara"), false);
    }
}
