package millrace.testapp;

import jakarta.servlet.annotation.WebServlet;
import java.io.Serial;
import millrace.request.Origins;
import millrace.stream.EventSink;
import millrace.stream.StreamRequest;
import millrace.stream.StreamServlet;

/** A stream that the pages of a partner may read too, whatever the settings say. */
@WebServlet(urlPatterns = "/partner", asyncSupported = true)
public class PartnerServlet extends StreamServlet {
    @Serial
    private static final long serialVersionUID = 1;

    @Override
    protected Origins origins(Origins standard) {
        return standard.and("https://partner.example");
    }

    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        events.send("for " + request.header("Origin"));
    }
}
