package millrace.web;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import millrace.sse.EventStreamParser;
import org.jspecify.annotations.Nullable;

/** An event stream that a test reads with the JDK's HTTP client, event by event. */
final class Following implements AutoCloseable {

    static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    record Received(String type, String data, String id) {}

    private final HttpResponse<InputStream> response;
    private final Deque<Received> received = new ArrayDeque<>();
    private final byte[] slice = new byte[8192];
    private final EventStreamParser parser;
    private @Nullable Duration retry;
    private String last = "none";
    private boolean ended;

    private Following(HttpResponse<InputStream> response) {
        this.response = response;
        this.parser = new EventStreamParser(new EventStreamParser.Handler() {
            @Override
            public void event(String type, String data, String lastEventId) {
                received.add(new Received(type, data, lastEventId));
            }

            @Override
            public void retry(Duration reconnectionTime) {
                retry = reconnectionTime;
            }
        });
    }

    static Following get(URI uri, String... headers) throws IOException, InterruptedException {
        return send("GET", uri, headers);
    }

    static Following post(URI uri, String... headers) throws IOException, InterruptedException {
        return send("POST", uri, headers);
    }

    private static Following send(String method, URI uri, String... headers) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        var following = new Following(HTTP.send(request.build(), HttpResponse.BodyHandlers.ofInputStream()));
        if (following.response.statusCode() != 200) {
            following.close();
            throw new IOException(method + " " + uri + " was answered " + following.response.statusCode());
        }
        return following;
    }

    @Nullable
    String header(String name) {
        return response.headers().firstValue(name).orElse(null);
    }

    /** What the stream has set by now. */
    @Nullable
    Duration retry() {
        return retry;
    }

    /** The next event; {@code null} after a proper end. */
    @Nullable
    Received next() throws IOException, InterruptedException {
        while (received.isEmpty() && !ended) {
            int n = read();
            if (n >= 0) {
                parser.feed(slice, 0, n);
            } else {
                ended = true;
                if (parser.end()) {
                    throw new IOException("the stream ended inside an event");
                }
            }
        }
        Received next = received.poll();
        last = next == null ? last : next.id();
        return next;
    }

    private int read() throws IOException {
        try {
            return response.body().read(slice);
        } catch (IOException broken) { // the JDK says "closed", whatever it was
            throw new IOException(response.uri() + " broke after event " + last + ": " + broken.getCause(), broken);
        }
    }

    /** All events up to the end. */
    List<Received> rest() throws IOException, InterruptedException {
        var rest = new ArrayList<Received>();
        for (Received event = next(); event != null; event = next()) {
            rest.add(event);
        }
        return rest;
    }

    @Override
    public void close() throws IOException {
        response.body().close();
    }
}
