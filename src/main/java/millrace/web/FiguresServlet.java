package millrace.web;

import java.io.Serial;
import java.util.List;
import java.util.stream.Collectors;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.sse.Event;
import millrace.stream.EventSink;
import millrace.stream.StreamRequest;
import millrace.stream.StreamServlet;

/**
 * {@code /demo/figures}, in demo mode: this server's own figures. First an event {@code kept} with an array of the last
 * two minutes, then one object a second.
 */
public final class FiguresServlet extends StreamServlet {
    @Serial
    private static final long serialVersionUID = 1;

    @Override
    protected void open(StreamRequest request) throws ProblemException {
        figures();
    }

    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        Figures figures = figures();
        List<Figures.Sample> samples = figures.after(0);
        String kept = samples.stream().map(Figures.Sample::json).collect(Collectors.joining(",", "[", "]"));
        events.send(Event.of("kept", kept));
        while (true) {
            samples = figures.after(samples.getLast().number());
            for (Figures.Sample sample : samples) {
                events.send(sample.json());
            }
        }
    }

    private Figures figures() throws ProblemException {
        Figures figures = Application.in(getServletContext()).figures();
        if (figures == null) {
            throw new ProblemException(ProblemType.NOT_FOUND, "The figures are shown in demo mode.");
        }
        return figures;
    }
}
