package millrace.bench.app;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import millrace.log.Archive;
import millrace.log.EncodedEvent;
import millrace.problem.ProblemException;
import millrace.sse.Event;
import millrace.stream.Channel;
import millrace.stream.StreamEngine;
import millrace.stream.StreamOptions;

/** One channel and its readers, without the hub: shows what the hub adds. */
public final class FanOut extends HttpServlet {
    private static final long serialVersionUID = 1;

    private transient StreamEngine engine;
    private transient Channel channel;

    @Override
    public void init() {
        engine = StreamEngine.in(getServletContext());
        // without a history a reader that falls behind is ended
        channel = engine.newBroadcast(100_000, 16 << 20, 0, (position, whenKnown) -> new Archive.Unreadable());
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        try {
            engine.open(
                    request,
                    response,
                    StreamOptions.of(engine.config(), "bench"),
                    Map.of(),
                    stream -> stream.read(channel, channel.log().next()));
        } catch (ProblemException refused) {
            response.sendError(503);
        }
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String data = new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        channel.append(EncodedEvent.of(Event.of(data)));
    }
}
