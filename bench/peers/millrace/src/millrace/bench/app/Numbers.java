package millrace.bench.app;

import java.time.Duration;
import millrace.stream.EventSink;
import millrace.stream.StreamOptions;
import millrace.stream.StreamRequest;
import millrace.stream.StreamServlet;

/** A request stream as a user writes it: a loop on a virtual thread. */
public final class Numbers extends StreamServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected StreamOptions options(StreamOptions standard) {
        return standard.withoutEndEvent();
    }

    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        int n = Integer.parseInt(request.query().first("n"));
        long between = Integer.parseInt(request.query().first("interval")) * 1_000_000L;
        long due = System.nanoTime();
        for (int i = 0; i < n; i++) {
            events.send(i + " " + System.nanoTime());
            due += between;
            if (between > 0) {
                Thread.sleep(Duration.ofNanos(Math.max(0, due - System.nanoTime())));
            }
        }
    }
}
