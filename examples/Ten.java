import jakarta.servlet.annotation.WebServlet;
import millrace.stream.EventSink;
import millrace.stream.StreamRequest;
import millrace.stream.StreamServlet;

@WebServlet(urlPatterns = "/ten", asyncSupported = true)
public class Ten extends StreamServlet {
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        for (int i = 0; i < 10; i++) { events.send("" + i); Thread.sleep(100); }
    }
}
