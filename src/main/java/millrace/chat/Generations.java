package millrace.chat;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.log.CloseReason;
import millrace.metrics.Metrics;
import millrace.problem.ProblemException;
import millrace.stream.Producer;
import millrace.stream.Run;
import millrace.stream.Runs;
import millrace.stream.StreamOptions;
import org.jspecify.annotations.Nullable;

/** Starts generations: runs whose producer relays an upstream's answer. Any thread may start them. */
public final class Generations {

    private static final System.Logger LOG = System.getLogger("millrace.chat");

    /** How often a client hears from us while a token is awaited; this also finds clients that hung up. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(2);

    private static final Duration FOR_EVER = Duration.ofSeconds(-1);

    private final Upstreams upstreams;
    private final Runs runs;
    private final Metrics metrics;
    private final StreamOptions options;
    private final long maxAnswer;

    public Generations(Config config, Upstreams upstreams, Runs runs, Metrics metrics) {
        this.upstreams = upstreams;
        this.runs = runs;
        this.metrics = metrics;
        StreamOptions standard = StreamOptions.of(config, "chat").asResumable();
        this.options = standard.heartbeat().compareTo(HEARTBEAT) > 0 ? standard.withHeartbeat(HEARTBEAT) : standard;
        this.maxAnswer = config.get(Settings.CHAT_MAX_ANSWER);
    }

    /** How long a generation goes on without a reader. */
    public enum Life {
        /** It is cancelled, and the upstream's connection closed, at the moment when its reader leaves. */
        WHILE_READ,
        /** For the grace time of the settings. */
        A_WHILE,
        /** Until it ends by itself or is stopped. */
        TO_ITS_END
    }

    /**
     * Starts a generation; does not wait for the upstream.
     *
     * @throws RefusedException when there is no such model, or too many are going on
     */
    public Generation start(ChatRequest request, Caller caller, Face face, Life life) throws RefusedException {
        Upstream upstream = upstreams.forModel(request.model());
        Generation generation = new Generation(upstream, request, face, maxAnswer, metrics);
        StreamOptions how = face.cutsOnFailure() ? options.withCutOnFailure() : options;
        StreamOptions lived = switch (life) {
            case WHILE_READ -> how.withGrace(Duration.ZERO);
            case A_WHILE -> how;
            case TO_ITS_END -> how.withGrace(FOR_EVER);
        };
        generation.startedAs(start(caller, lived, generation::produce));
        return generation;
    }

    /**
     * The whole answer as one JSON document. Blocks; an interrupt closes the upstream's connection.
     *
     * @throws RefusedException when the upstream refuses, fails or cannot be reached
     */
    public byte[] whole(ChatRequest request, Caller caller) throws RefusedException, InterruptedException {
        Upstream upstream = upstreams.forModel(request.model());
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        CompletableFuture<Run> started = new CompletableFuture<>();
        // a run without events: counted, limited and stopped like all others
        Run run = start(caller, options.withGrace(FOR_EVER), events -> ask(upstream, request, answer, started));
        started.complete(run);
        try {
            return answer.get();
        } catch (ExecutionException failed) {
            throw new RefusedException(asError(failed.getCause()));
        } finally {
            run.stop(CloseReason.CLIENT_GONE); // without effect once it has its answer
        }
    }

    private void ask(
            Upstream upstream, ChatRequest request, CompletableFuture<byte[]> answer, CompletableFuture<Run> run) {
        Tally tally = new Tally(metrics, upstream.name());
        String end = "failed";
        try {
            byte[] json = upstream.askWhole(request);
            String text = new String(json, StandardCharsets.UTF_8);
            Chunk chunk = Chunk.scan(text);
            if (chunk == null || chunk.saysNothing()) {
                end = "garbage";
                answer.completeExceptionally(new RefusedException(
                        ApiError.upstream(502, "upstream_garbage", "the upstream server sent no JSON object")));
            } else if (chunk.error()) {
                end = "upstream_error";
                answer.completeExceptionally(new RefusedException(ApiError.under200(text)));
            } else {
                tally.addUsage(chunk);
                end = "completed";
                answer.complete(json);
            }
        } catch (RefusedException refused) {
            end = "refused";
            answer.completeExceptionally(refused);
        } catch (IOException unreachable) {
            end = "unreachable";
            answer.completeExceptionally(unreachable);
        } catch (InterruptedException stopped) {
            CloseReason why = run.join().ended();
            end = (why == null ? CloseReason.STOPPED : why).label();
            answer.completeExceptionally(stopped);
        } catch (RuntimeException bug) {
            answer.completeExceptionally(bug);
        } finally {
            tally.end(end);
            // without effect unless an Error was thrown: then somebody would wait for ever
            answer.completeExceptionally(new IllegalStateException("the generation died"));
        }
    }

    private static ApiError asError(@Nullable Throwable failure) {
        if (failure instanceof RefusedException refused) {
            return refused.error();
        }
        if (failure instanceof IOException unreachable) {
            return ApiError.unreachable(unreachable);
        }
        if (failure instanceof InterruptedException) {
            return ApiError.stopped();
        }
        LOG.log(Level.WARNING, "a generation failed", failure);
        return ApiError.internal();
    }

    private Run start(Caller caller, StreamOptions how, Producer producer) throws RefusedException {
        try {
            return runs.start(how, "chat", caller.user(), caller.countedAs(), producer);
        } catch (ProblemException full) {
            throw new RefusedException(ApiError.of(full));
        }
    }
}
