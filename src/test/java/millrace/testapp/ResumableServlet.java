package millrace.testapp;

import jakarta.servlet.annotation.WebServlet;
import java.io.Serial;
import millrace.stream.EventSink;
import millrace.stream.StreamOptions;
import millrace.stream.StreamRequest;
import millrace.stream.StreamServlet;

/** A resumable stream of an application of its own: its events can be read at its {@code /streams/{id}} too. */
@WebServlet(urlPatterns = "/resumable", asyncSupported = true)
public class ResumableServlet extends StreamServlet {
    @Serial
    private static final long serialVersionUID = 1;

    @Override
    protected StreamOptions options(StreamOptions standard) {
        return standard.asResumable();
    }

    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        for (int i = 0; i < 3; i++) {
            events.send(Integer.toString(i));
        }
        Thread.sleep(Long.MAX_VALUE);
    }
}
