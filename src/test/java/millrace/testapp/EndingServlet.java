package millrace.testapp;

import jakarta.servlet.annotation.WebServlet;
import java.io.Serial;
import java.time.Duration;
import millrace.sse.Event;
import millrace.stream.EventSink;
import millrace.stream.StreamOptions;
import millrace.stream.StreamRequest;
import millrace.stream.StreamServlet;

/** A run that closes with an end event, after something without data. */
@WebServlet(urlPatterns = "/ending", asyncSupported = true)
public class EndingServlet extends StreamServlet {
    @Serial
    private static final long serialVersionUID = 1;

    @Override
    protected StreamOptions options(StreamOptions standard) {
        return standard.asResumable().withEndEvent();
    }

    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        events.send("0");
        events.send(new Event(null, "a type", null, Duration.ofSeconds(3)));
    }
}
