package millrace.chat;

import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import millrace.log.CloseReason;
import millrace.metrics.Metrics;
import millrace.stream.EventSink;
import millrace.stream.Run;
import millrace.stream.StreamClosedException;
import org.jspecify.annotations.Nullable;

/** One answer on its way from an upstream into a run. Obtained from {@link Generations}; any thread may await it. */
public final class Generation {

    /** What is known of a generation when its client is to get a status. */
    public sealed interface Beginning {
        /** The first event is there, or none has come for the time that was waited: 200, and the rest follows. */
        record Begun() implements Beginning {}

        /** Nothing was sent and nothing will be: this is the answer. */
        record Refused(ApiError error) implements Beginning {}
    }

    /** How long somebody who cancels waits for the last word. */
    private static final Duration FAREWELL = Duration.ofSeconds(1);

    private final Upstream upstream;
    private final ChatRequest request;
    private final Face face;
    private final long maxAnswerChars;
    private final Tally tally;

    /** Completed by whoever is first: the producer with what it learned, or the waiting request with its patience. */
    private final CompletableFuture<Beginning> beginning = new CompletableFuture<>();

    private final CompletableFuture<Run> run = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    /** Of the upstream, once it has accepted the request. */
    private volatile @Nullable Answer answer;

    private volatile boolean cancelled;

    Generation(Upstream upstream, ChatRequest request, Face face, long maxAnswerChars, Metrics metrics) {
        this.upstream = upstream;
        this.request = request;
        this.face = face;
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

    /** Waits until it has ended, for whatever reason. */
    void awaitEnd() throws InterruptedException {
        try {
            ended.get();
        } catch (ExecutionException never) {
            throw new IllegalStateException(never);
        }
    }

    /** Whether the client gets nothing but this error; waits for it no longer. */
    @Nullable
    ApiError refusal() {
        beginning.complete(new Beginning.Begun());
        return beginning.join() instanceof Beginning.Refused refused ? refused.error() : null;
    }

    /**
     * Ends it by somebody's will: closes the upstream, so that its face can still say how it ended. Blocks for a moment.
     */
    void cancel() throws InterruptedException {
        cancelled = true;
        Answer current = answer;
        if (current != null) {
            current.close();
            try {
                ended.get(FAREWELL.toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException readerIsSlow) {
                // then it is stopped without a word
            } catch (ExecutionException never) {
                throw new IllegalStateException(never);
            }
        }
        run().stop(CloseReason.STOPPED);
        awaitEnd();
    }

    /** The producer of the run. */
    void produce(EventSink events) throws InterruptedException, StreamClosedException {
        String end = "failed";
        try {
            face.runs(run().id());
            end = relay(events);
        } catch (InterruptedException | StreamClosedException stopped) {
            CloseReason why = run().ended();
            CloseReason reason = why == null ? CloseReason.STOPPED : why;
            end = reason.label();
            face.stopped(reason);
            beginning.complete(new Beginning.Refused(ApiError.stopped()));
            throw stopped;
        } finally {
            tally.end(end);
            if (end.equals("failed")) { // something unforeseen was thrown
                face.stopped(CloseReason.FAILED);
            }
            beginning.complete(new Beginning.Refused(ApiError.internal())); // without effect else
            ended.complete(null);
        }
    }

    /** Returns what ended it, for the metrics. */
    private String relay(EventSink events) throws InterruptedException, StreamClosedException {
        if (face.begin(events)) {
            beginning.complete(new Beginning.Begun());
        }
        try (Answer current = upstream.ask(request)) {
            answer = current;
            CheckedAnswer checked = new CheckedAnswer(current, request.choices(), maxAnswerChars);
            while (!cancelled) {
                switch (checked.next()) {
                    case CheckedAnswer.Part.Text piece -> {
                        tally.add(piece.chunk());
                        face.say(piece.data(), piece.chunk().says(), events);
                        beginning.complete(new Beginning.Begun());
                    }
                    case CheckedAnswer.Part.Done done -> {
                        face.complete(events);
                        beginning.complete(new Beginning.Begun());
                        current.finish();
                        return "completed";
                    }
                    case CheckedAnswer.Part.Broken broken -> {
                        if (!cancelled) {
                            fail(events, broken.error());
                            return broken.cause().name().toLowerCase(Locale.ROOT);
                        }
                    }
                }
            }
            face.cancel(events);
            beginning.complete(new Beginning.Refused(ApiError.stopped()));
            run().stop(CloseReason.STOPPED);
            return CloseReason.STOPPED.label();
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
        if (beginning.complete(new Beginning.Refused(error))) {
            face.stopped(CloseReason.FAILED);
        } else {
            face.fail(error, events);
        }
        run().stop(CloseReason.FAILED);
    }
}
