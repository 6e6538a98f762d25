package millrace.web;

import jakarta.json.JsonObjectBuilder;
import jakarta.json.spi.JsonProvider;
import java.io.Serial;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.FormData;
import millrace.sse.Event;
import millrace.stream.EventSink;
import millrace.stream.StreamRequest;
import millrace.stream.StreamServlet;

/**
 * {@code /demo/ticker}, in demo mode: made-up prices that change a thousand times a second, conflated. Between two events
 * only the newest price of each share is kept, so a client has the newest however slow it is, and never what is
 * out of date by then. {@code every} says how many milliseconds lie between events.
 *
 * <p>An event: {@code changes}, how many there were since the last one, and {@code prices}, those that changed.
 */
public final class TickerServlet extends StreamServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final JsonProvider JSON = JsonProvider.provider();
    private static final List<String> SHARES =
            List.of("MILL", "RACE", "WEIR", "SLUICE", "BROOK", "DELTA", "SPRING", "TIDE");
    private static final int CHANGES_A_SECOND = 1000;
    private static final int LEAST_EVERY = 20;
    private static final int MOST_EVERY = 5000;

    @Override
    protected void open(StreamRequest request) throws ProblemException {
        if (!Application.in(getServletContext()).isDemo()) {
            throw new ProblemException(ProblemType.NOT_FOUND, "The ticker runs in demo mode.");
        }
        every(request);
    }

    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        int every = every(request);
        double[] prices = new double[SHARES.size()];
        for (int i = 0; i < prices.length; i++) {
            prices[i] = ThreadLocalRandom.current().nextDouble(20, 200);
        }
        long changesDone = 0;
        long changesToldOf = 0;
        long began = System.nanoTime();
        while (true) {
            boolean[] changed = new boolean[prices.length];
            // all that the market did meanwhile: also while send was waiting for a slow client
            long due = (System.nanoTime() - began) * CHANGES_A_SECOND / 1_000_000_000L;
            for (; changesDone <= due; changesDone++) {
                int share = ThreadLocalRandom.current().nextInt(prices.length);
                prices[share] = Math.max(
                        1, prices[share] * (1 + ThreadLocalRandom.current().nextGaussian() * 0.0006));
                changed[share] = true;
            }
            JsonObjectBuilder newest = JSON.createObjectBuilder();
            for (int i = 0; i < prices.length; i++) {
                if (changed[i]) {
                    newest.add(SHARES.get(i), Math.round(prices[i] * 100) / 100.0);
                }
            }
            events.send(Event.of(JSON.createObjectBuilder()
                    .add("changes", changesDone - changesToldOf)
                    .add("prices", newest)
                    .build()
                    .toString()));
            changesToldOf = changesDone;
            Thread.sleep(every);
        }
    }

    private static int every(StreamRequest request) throws ProblemException {
        int every = 250;
        for (FormData.Entry entry : request.query().entries()) {
            if (entry.name().equals("every")) {
                every = entry.value().matches("[0-9]{1,6}") ? Integer.parseInt(entry.value()) : -1;
            }
        }
        if (every < LEAST_EVERY || every > MOST_EVERY) {
            throw new ProblemException(
                    ProblemType.BAD_PARAMETER,
                    "every is a whole number of milliseconds from " + LEAST_EVERY + " to " + MOST_EVERY + ".");
        }
        return every;
    }
}
