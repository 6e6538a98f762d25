package millrace.testapp;

import jakarta.servlet.annotation.WebServlet;
import java.io.Serial;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import millrace.sse.Event;
import millrace.stream.EventSink;
import millrace.stream.StreamRequest;
import millrace.stream.StreamServlet;

/** Producers of every temper, in an application of their own that has nothing but Millrace's classes as a library. */
@WebServlet(urlPatterns = "/produce", asyncSupported = true)
public class ProducerServlet extends StreamServlet {
    @Serial
    private static final long serialVersionUID = 1;

    /** What became of the producers, by the name that their client gave them. */
    static final Map<String, String> STATES = new ConcurrentHashMap<>();

    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        String name = Objects.requireNonNull(request.query().last("name"));
        STATES.put(name, "running");
        String end = "returned";
        try {
            switch (Objects.requireNonNull(request.query().last("temper"))) {
                case "ticking" -> {
                    for (int i = 0; ; i++) {
                        events.send(name + " " + i);
                        Thread.sleep(100);
                    }
                }
                case "silent" -> Thread.sleep(Long.MAX_VALUE);
                case "flooding" -> {
                    String much = "x".repeat(4_000);
                    for (int i = 0; ; i++) {
                        events.send(new Event(null, name, much, null));
                        STATES.put(name, "running " + i);
                    }
                }
                case "brief" -> events.send(name);
                case "throwing" -> {
                    events.send(name);
                    throw new IllegalStateException("a secret of the server");
                }
                case "failing" -> {
                    events.send(name);
                    throw new AssertionError("a secret of the server");
                }
                default -> throw new IllegalArgumentException();
            }
        } catch (Throwable thrown) {
            end = thrown.getClass().getSimpleName();
            throw thrown;
        } finally {
            STATES.put(name, "ended: " + end);
        }
    }
}
