package millrace.stream;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import millrace.harness.Wait;
import millrace.log.CloseReason;
import millrace.sse.EventStreamParser;

/** One open stream on a real engine, and a client that reads as fast as the test lets it; for the tests of all rooms. */
public final class PlayedReader implements Outlet {

    /** One block with data, as a client's parser gives it. */
    public record Received(String id, String type, String data) {}

    private final List<Received> received = new ArrayList<>();
    private final AtomicReference<CloseReason> ended = new AtomicReference<>();
    private final EventStream stream;
    private final EventStreamParser parser =
            new EventStreamParser((type, data, id) -> received.add(new Received(id, type, data)));
    private boolean ready = true;

    private PlayedReader(StreamEngine engine, StreamOptions options, Consumer<EventStream> setUp) {
        stream = engine.open(this, options, setUp);
        stream.onClose(ended::set);
    }

    public static PlayedReader open(StreamEngine engine, StreamOptions options, Consumer<EventStream> setUp) {
        PlayedReader reader = new PlayedReader(engine, options, setUp);
        reader.stream.writable();
        return reader;
    }

    /** Takes nothing before {@link #goOn}. */
    public static PlayedReader openHeld(StreamEngine engine, StreamOptions options, Consumer<EventStream> setUp) {
        return new PlayedReader(engine, options, setUp);
    }

    /** Takes nothing more until {@link #goOn}. */
    public synchronized void hold() {
        ready = false;
    }

    public void goOn() {
        synchronized (this) {
            ready = true;
        }
        stream.writable();
    }

    /** As a client that lost its connection. */
    public void leave() throws InterruptedException {
        stream.lost(CloseReason.CLIENT_GONE);
        awaitEnd();
    }

    public CloseReason awaitEnd() throws InterruptedException {
        await(reader -> ended.get() != null, "the end");
        return ended.get();
    }

    /** What fired an event so far, without the hub's own. */
    public List<String> data() {
        return received().stream()
                .filter(event -> event.type().equals("message"))
                .map(Received::data)
                .collect(Collectors.toList());
    }

    public synchronized List<Received> received() {
        return List.copyOf(received);
    }

    /** What it would send as {@code Last-Event-ID}. */
    public synchronized String lastEventId() {
        return parser.lastEventId();
    }

    public void awaitData(String last) throws InterruptedException {
        await(reader -> reader.data().contains(last), last);
    }

    public void await(Predicate<PlayedReader> what, String name) throws InterruptedException {
        try {
            Wait.until(name, () -> what.test(this));
        } catch (AssertionError didNotCome) {
            throw new AssertionError(didNotCome.getMessage() + "; " + stream + " received " + received(), didNotCome);
        }
    }

    // ---- as a container; called by drainers ----

    @Override
    public synchronized boolean isReady() {
        return ready;
    }

    @Override
    public synchronized void write(byte[] bytes, int from, int length) throws IOException {
        try {
            parser.feed(bytes, from, length);
        } catch (InterruptedException impossible) {
            throw new AssertionError(impossible);
        }
    }

    @Override
    public void flush() {}

    @Override
    public void complete() {}

    @Override
    public boolean mayBlock() {
        return false;
    }
}
