package millrace.chat;

import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import java.io.IOException;
import java.io.StringReader;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import millrace.log.CloseReason;
import millrace.metrics.Metrics;
import millrace.sse.Event;
import millrace.stream.EventSink;
import millrace.stream.Run;
import millrace.stream.StreamClosedException;

/** One answer on its way from an upstream into a run. Obtained from {@link Generations}; any thread may await it. */
public final class Generation {

    /** What is known of a generation when its client is to get a status. */
    public sealed interface Beginning {
        /** The first event is there, or none has come for the time that was waited: 200, and the rest follows. */
        record Begun() implements Beginning {}

        /** Nothing was sent and nothing will be: this is the answer. */
        record Refused(ApiError error) implements Beginning {}
    }

    /** How a generation's events look. */
    public enum Form {
        /** The chunks of the upstream as they came, then {@code [DONE]}. */
        CHUNKS,
        /** The text of each delta, nothing else. */
        TEXT
    }

    private final Upstream upstream;
    private final ChatRequest request;
    private final Form form;
    private final long maxAnswerChars;
    private final Tally tally;

    /** Of the {@link Form#TEXT}. */
    private final WholeCharacters text = new WholeCharacters();

    /** Completed by whoever is first: the producer with what it learned, or the waiting request with its patience. */
    private final CompletableFuture<Beginning> beginning = new CompletableFuture<>();

    private final CompletableFuture<Run> run = new CompletableFuture<>();

    Generation(Upstream upstream, ChatRequest request, Form form, long maxAnswerChars, Metrics metrics) {
        this.upstream = upstream;
        this.request = request;
        this.form = form;
        this.maxAnswerChars = maxAnswerChars;
        this.tally = new Tally(metrics, upstream.name());
    }

    /** To be called once, right after the run was started. */
    void startedAs(Run started) {
        run.complete(started);
    }

    public Run run() {
        return run.join();
    }

    /**
     * Waits until the first event is there or the upstream has refused, but no longer than that time: what is refused
     * later is told in the stream.
     */
    public Beginning await(Duration patience) throws InterruptedException {
        try {
            return beginning.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException longEnough) {
            beginning.complete(new Beginning.Begun());
            return beginning.join(); // perhaps something was learned in between
        } catch (ExecutionException never) {
            throw new IllegalStateException(never);
        }
    }

    /** The producer of the run. */
    void produce(EventSink events) throws InterruptedException, StreamClosedException {
        String end = "failed";
        try {
            end = relay(events);
        } catch (InterruptedException | StreamClosedException stopped) {
            CloseReason why = run().ended();
            end = (why == null ? CloseReason.STOPPED : why).label();
            beginning.complete(new Beginning.Refused(ApiError.stopped()));
            throw stopped;
        } finally {
            tally.end(end);
            // without effect unless something unforeseen was thrown
            beginning.complete(new Beginning.Refused(ApiError.internal()));
        }
    }

    /** Returns what ended it, for the metrics. */
    private String relay(EventSink events) throws InterruptedException, StreamClosedException {
        try (Answer answer = upstream.ask(request)) {
            CheckedAnswer checked = new CheckedAnswer(answer, request.choices(), maxAnswerChars);
            while (true) {
                switch (checked.next()) {
                    case CheckedAnswer.Part.Text piece -> {
                        tally.add(piece.chunk());
                        send(events, piece);
                        beginning.complete(new Beginning.Begun());
                    }
                    case CheckedAnswer.Part.Done done -> {
                        if (form == Form.CHUNKS) {
                            events.send("[DONE]");
                        } else {
                            sendText(events, text.rest());
                        }
                        beginning.complete(new Beginning.Begun());
                        answer.finish();
                        return "completed";
                    }
                    case CheckedAnswer.Part.Broken broken -> {
                        fail(events, broken.error());
                        return broken.cause().name().toLowerCase(Locale.ROOT);
                    }
                }
            }
        } catch (RefusedException refused) {
            fail(events, refused.error());
            return "refused";
        } catch (StreamClosedException stopped) {
            throw stopped;
        } catch (IOException unreachable) {
            fail(events, ApiError.unreachable(unreachable));
            return "unreachable";
        }
    }

    /** As a status if the client has got none yet, else as the last event. */
    private void fail(EventSink events, ApiError error) throws InterruptedException, StreamClosedException {
        if (!beginning.complete(new Beginning.Refused(error))) {
            sendText(events, text.rest());
            events.send(
                    form == Form.CHUNKS
                            ? Event.of("error", error.json()) // LangChain4j reads no other
                            : Event.of("problem", error.toProblem().toJson()));
        }
        run().stop(CloseReason.FAILED);
    }

    private void send(EventSink events, CheckedAnswer.Part.Text piece)
            throws InterruptedException, StreamClosedException {
        if (form == Form.CHUNKS) {
            events.send(piece.data());
        } else if (piece.chunk().says()) {
            sendText(events, text.add(contentOf(piece.data())));
        }
    }

    private static void sendText(EventSink events, String text) throws InterruptedException, StreamClosedException {
        if (!text.isEmpty()) {
            events.send(text);
        }
    }

    private static String contentOf(String chunk) {
        try (JsonReader reader = ChatJson.PROVIDER.createReader(new StringReader(chunk))) {
            JsonObject choice = reader.readObject().getJsonArray("choices").getJsonObject(0);
            return choice.getJsonObject("delta").get("content") instanceof JsonString text ? text.getString() : "";
        } catch (RuntimeException otherShape) { // an event that has no text for us, whatever else it is
            return "";
        }
    }
}
