package millrace.chat;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An HTTP/1.1 server on a raw socket that does what a script says, byte by byte: what an upstream may do, a well-behaved
 * server library would not let us do. The model that a request names chooses the script.
 */
public final class ScriptedUpstream implements AutoCloseable {

    /** Plays one response. When it returns without having cut, the connection waits for its next request. */
    @FunctionalInterface
    public interface Script {
        void play(Exchange exchange) throws Exception;
    }

    private static final Pattern MODEL = Pattern.compile("\"model\"\\s*:\\s*\"([^\"]*)\"");

    private final ServerSocket listener;
    private final Thread accepting;
    private final Map<String, Script> scripts = new ConcurrentHashMap<>();
    private final BlockingQueue<Exchange> exchanges = new LinkedBlockingQueue<>();
    private final Map<Socket, Boolean> open = new ConcurrentHashMap<>();
    private final AtomicInteger connections = new AtomicInteger();

    public ScriptedUpstream() throws IOException {
        listener = new ServerSocket(0, 1_000, InetAddress.getLoopbackAddress());
        accepting = Thread.ofVirtual().name("scripted-upstream").start(this::accept);
    }

    public URI baseUrl() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort() + "/v1");
    }

    public ScriptedUpstream on(String model, Script script) {
        scripts.put(model, script);
        return this;
    }

    /** The next request that has come, in order of arrival. */
    public Exchange await() throws InterruptedException {
        Exchange exchange = exchanges.poll(10, TimeUnit.SECONDS);
        if (exchange == null) {
            throw new AssertionError("no request has come within 10 s");
        }
        return exchange;
    }

    /** A request that has come, or {@code null}. */
    public Exchange poll() {
        return exchanges.poll();
    }

    /** How many connections were ever made. */
    public int connections() {
        return connections.get();
    }

    /** How many connections are open. */
    public int open() {
        return open.size();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        try {
            accepting.join(); // the port is open until the accept has returned
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
        for (Socket socket : open.keySet()) {
            socket.close();
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                socket.setTcpNoDelay(true);
                connections.incrementAndGet();
                open.put(socket, true);
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            for (Exchange exchange; (exchange = Exchange.read(socket, in)) != null; ) {
                exchanges.add(exchange);
                Matcher model = MODEL.matcher(exchange.body());
                Script script = scripts.get(model.find() ? model.group(1) : "");
                if (script == null) {
                    exchange.head(404, "Content-Type: application/json");
                    exchange.chunk(
                            "{\"error\":{\"message\":\"no script\",\"type\":\"x\",\"param\":null,\"code\":null}}");
                    exchange.end();
                } else {
                    script.play(exchange);
                }
                if (!exchange.ended) {
                    return;
                }
            }
        } catch (Exception ended) {
            // the other side has hung up, or the test is over; what a test wants to know it asks the exchange
        } finally {
            open.remove(socket);
        }
    }

    /** One request, and the means to answer it. Only the thread of its script writes. */
    public static final class Exchange {
        private final Socket socket;
        private final InputStream in;
        private final OutputStream out;
        private final String requestLine;
        private final Map<String, String> headers;
        private final String body;
        private volatile boolean ended;

        private Exchange(Socket socket, InputStream in, String requestLine, Map<String, String> headers, String body)
                throws IOException {
            this.socket = socket;
            this.in = in;
            this.out = socket.getOutputStream();
            this.requestLine = requestLine;
            this.headers = headers;
            this.body = body;
        }

        public String requestLine() {
            return requestLine;
        }

        /** By lower-case name. */
        public Map<String, String> headers() {
            return headers;
        }

        public String body() {
            return body;
        }

        public void head(int status, String... lines) throws IOException {
            StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Scripted\r\n");
            for (String line : lines) {
                head.append(line).append("\r\n");
            }
            raw(head.append("Transfer-Encoding: chunked\r\n\r\n").toString());
        }

        public void stream() throws IOException {
            head(200, "Content-Type: text/event-stream");
        }

        /** One piece of a chunked body. */
        public void chunk(String text) throws IOException {
            chunkBytes(text.getBytes(StandardCharsets.UTF_8));
        }

        public void chunkBytes(byte[] bytes) throws IOException {
            ByteArrayOutputStream chunk = new ByteArrayOutputStream();
            chunk.writeBytes((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
            chunk.writeBytes(bytes);
            chunk.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
            rawBytes(chunk.toByteArray());
        }

        /** An event with this data. */
        public void data(String data) throws IOException {
            chunk("data: " + data + "\n\n");
        }

        /** A chunk of an answer with this delta. */
        public void delta(String delta) throws IOException {
            data(chunkJson(delta, "null"));
        }

        public void text(String content) throws IOException {
            delta("{\"content\":" + ChatJson.quote(content) + "}");
        }

        public void finish() throws IOException {
            data(chunkJson("{}", "\"stop\""));
        }

        public void done() throws IOException {
            data("[DONE]");
        }

        /** The proper end of a chunked body. */
        public void end() throws IOException {
            raw("0\r\n\r\n");
            ended = true;
        }

        public void raw(String text) throws IOException {
            rawBytes(text.getBytes(StandardCharsets.UTF_8));
        }

        public void rawBytes(byte[] bytes) throws IOException {
            out.write(bytes);
            out.flush();
        }

        /** Ends the connection in the middle of the body. */
        public void cut() throws IOException {
            socket.close();
        }

        /** Waits for the other side to close the connection. */
        public boolean closedWithin(Duration limit) throws IOException {
            socket.setSoTimeout((int) Math.max(1, limit.toMillis()));
            try {
                return in.read() < 0;
            } catch (SocketTimeoutException stillOpen) {
                return false;
            } catch (IOException reset) {
                return true;
            } finally {
                if (!socket.isClosed()) {
                    socket.setSoTimeout(0);
                }
            }
        }

        static String chunkJson(String delta, String finishReason) {
            return "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
                    + "\"choices\":[{\"index\":0,\"delta\":" + delta + ",\"logprobs\":null,\"finish_reason\":"
                    + finishReason + "}]}";
        }

        private static Exchange read(Socket socket, InputStream in) throws IOException {
            String requestLine = line(in);
            if (requestLine == null) {
                return null;
            }
            Map<String, String> headers = new LinkedHashMap<>();
            for (String line; (line = line(in)) != null && !line.isEmpty(); ) {
                int colon = line.indexOf(':');
                headers.put(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip());
            }
            int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
            return new Exchange(
                    socket, in, requestLine, headers, new String(in.readNBytes(length), StandardCharsets.UTF_8));
        }

        private static String line(InputStream in) throws IOException {
            StringBuilder line = new StringBuilder();
            for (int c; (c = in.read()) != '\n'; ) {
                if (c < 0) {
                    return null;
                }
                if (c != '\r') {
                    line.append((char) c);
                }
            }
            return line.toString();
        }
    }
}
