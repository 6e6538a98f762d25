package millrace.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 connection without any kindness: every byte that is sent and received is the test's own. It may be used
 * for several exchanges one after the other, half-closed, reset, or left unread. Reads fail after ten seconds of silence.
 */
final class RawConnection implements AutoCloseable {

    /** The head of a response, and how far its body goes. */
    record Head(int status, Map<String, String> headers) {

        @Nullable
        String header(String name) {
            return headers.get(name.toLowerCase(Locale.ROOT));
        }
    }

    private final Socket socket = new Socket();
    private final InputStream in;
    private final String host;

    // the body of the current response
    private boolean chunked;
    private boolean afterChunk;
    private boolean lastExchange;
    private long left;

    RawConnection(URI server) throws IOException {
        this(server, 0);
    }

    /** @param receiveBuffer bytes that the kernel takes before the server has to wait; 0 for the usual */
    RawConnection(URI server, int receiveBuffer) throws IOException {
        host = server.getAuthority();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(10_000);
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.connect(new InetSocketAddress(server.getHost(), server.getPort()), 10_000);
        in = new BufferedInputStream(socket.getInputStream());
    }

    /** The port at the client's end. */
    int localPort() {
        return socket.getLocalPort();
    }

    /** Sends that text as it is, one byte for each character. */
    void send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(ISO_8859_1));
    }

    /** Sends a request without a body; each header is a whole line. */
    void request(String method, String path, String... headers) throws IOException {
        var lines = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n");
        for (String header : headers) {
            lines.append(header).append("\r\n");
        }
        if (method.equals("POST")) {
            lines.append("Content-Length: 0\r\n");
        }
        send(lines.append("\r\n").toString());
    }

    Head head() throws IOException {
        String statusLine = line();
        if (!statusLine.startsWith("HTTP/1.1 ")) {
            throw new IOException("no status line: '" + statusLine + "'");
        }
        var headers = new TreeMap<String, String>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.merge(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip(),
                    (one, other) -> one + ", " + other);
        }
        lastExchange = "close".equalsIgnoreCase(headers.get("connection"));
        int status = Integer.parseInt(statusLine.substring(9, 12));
        afterChunk = false;
        chunked = "chunked".equalsIgnoreCase(headers.get("transfer-encoding"));
        String length = headers.get("content-length");
        if (chunked || status == 204 || status == 304) {
            left = 0;
        } else {
            left = length == null ? Long.MAX_VALUE : Long.parseLong(length);
        }
        return new Head(status, headers);
    }

    /** The server has said that it closes the connection after this exchange; Tomcat does, after a hundred. */
    boolean isLastExchange() {
        return lastExchange;
    }

    /** What there is of the body, as it comes; -1 at its proper end. A body that is cut throws. */
    int read(byte[] into) throws IOException {
        if (chunked && left == 0) {
            if (afterChunk) {
                line(); // only now: Jetty sends the end of a chunk together with the next
            }
            afterChunk = true;
            left = Long.parseLong(line().split(";", 2)[0], 16);
            if (left == 0) {
                line();
                chunked = false;
                return -1;
            }
        }
        if (left == 0) {
            return -1;
        }
        int n = in.read(into, 0, (int) Math.min(into.length, left));
        if (n < 0) {
            if (left == Long.MAX_VALUE) {
                left = 0;
                return -1;
            }
            throw new EOFException("the body was cut");
        }
        if (left != Long.MAX_VALUE) {
            left -= n;
        }
        return n;
    }

    /** The rest of the body. */
    byte[] body() throws IOException {
        var body = new ByteArrayOutputStream();
        byte[] some = new byte[8192];
        for (int n = read(some); n >= 0; n = read(some)) {
            body.write(some, 0, n);
        }
        return body.toByteArray();
    }

    /** One byte of whatever comes; -1 at the end of the connection. */
    int readRaw() throws IOException {
        return socket.getInputStream().read();
    }

    /** Sends FIN and goes on reading. */
    void halfClose() throws IOException {
        socket.shutdownOutput();
    }

    /** Sends RST: what the server writes from now on is refused. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    void readTimeout(Duration time) throws IOException {
        socket.setSoTimeout((int) time.toMillis());
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private String line() throws IOException {
        var line = new StringBuilder();
        while (true) {
            int c = in.read();
            if (c < 0) {
                throw new EOFException("the connection was closed inside '" + line + "'");
            }
            if (c == '\n') {
                return line.toString();
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
    }
}
