package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.prometheus.metrics.core.metrics.Histogram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import millrace.chat.Generation.Beginning;
import millrace.config.Config;
import millrace.harness.Wait;
import millrace.log.CloseReason;
import millrace.metrics.Metrics;
import millrace.stream.Run;
import millrace.stream.StreamEngine;
import millrace.stream.StreamOptions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the client of a generation gets to know, and when, with an upstream whose next word the test gives. */
class GenerationTest {

    private static final Duration LONG = Duration.ofSeconds(10);
    private static final Duration AT_ONCE = Duration.ofMillis(1);
    private static final String TEXT = "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}";
    private static final String FINISH = "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}";

    private static final String USAGE =
            "{\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":7,\"total_tokens\":19}}";

    private final Metrics metrics = new Metrics();
    private final StreamEngine engine = new StreamEngine(Config.defaults(), metrics);
    private final Puppet upstream = new Puppet();

    @AfterEach
    void close() {
        engine.close();
    }

    /** Says what it is told to; an exception in the queue is thrown, an interrupt noted. */
    private static final class Puppet implements Upstream, Answer {
        final LinkedBlockingQueue<Object> words = new LinkedBlockingQueue<>();
        final CountDownLatch closed = new CountDownLatch(1);

        @Override
        public String name() {
            return "puppet";
        }

        @Override
        public List<String> models() {
            return List.of("m");
        }

        @Override
        public Answer ask(ChatRequest request) throws RefusedException, IOException, InterruptedException {
            if (words.peek() instanceof RefusedException refused) {
                throw refused;
            }
            return this;
        }

        @Override
        public byte[] askWhole(ChatRequest request) {
            return "{}".getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public @Nullable Message next() throws IOException, InterruptedException {
            Object word = words.take();
            if (word instanceof IOException broken) {
                throw broken;
            }
            return Message.of((String) word);
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }

    private Generation start() throws Exception {
        Generation generation =
                new Generation(upstream, ChatRequest.streamOf("m", null, "x"), Face.chunks(), 1_000_000, metrics);
        Run run = engine.runs()
                .start(
                        StreamOptions.of(engine.config(), "chat").asResumable(),
                        "chat",
                        null,
                        "test",
                        generation::produce);
        generation.startedAs(run);
        return generation;
    }

    @Test
    void theFirstEventBeginsIt() throws Exception {
        Generation generation = start();
        upstream.words.add(TEXT);

        assertInstanceOf(Beginning.Begun.class, generation.await(LONG));
    }

    @Test
    void aRefusalWithinTheTimeIsTheAnswer() throws Exception {
        upstream.words.add(new RefusedException(ApiError.invalid("x", "no")));

        Beginning.Refused refused = assertInstanceOf(Beginning.Refused.class, start().await(LONG));

        assertEquals(400, refused.error().status());
        waitUntilCounted("refused");
    }

    @Test
    void aStreamThatBreaksBeforeItsFirstEventIsARefusal() throws Exception {
        Generation generation = start();
        upstream.words.add(new IOException("gone"));

        assertEquals(
                502,
                assertInstanceOf(Beginning.Refused.class, generation.await(LONG))
                        .error()
                        .status());
        assertEquals(CloseReason.FAILED, ended(generation.run()));
    }

    @Test
    void whoHasWaitedLongEnoughGetsTheStreamAndTheFailureInIt() throws Exception {
        Generation generation = start();

        assertInstanceOf(Beginning.Begun.class, generation.await(AT_ONCE));
        upstream.words.add(new IOException("gone"));

        assertEquals(CloseReason.FAILED, ended(generation.run()));
        assertTrue(engine.runs().heldBytes() > 50, "the error is an event of the run");
    }

    @Test
    void aCompleteAnswerCompletesTheRun() throws Exception {
        Generation generation = start();
        upstream.words.addAll(List.of(TEXT, FINISH, "[DONE]"));

        assertInstanceOf(Beginning.Begun.class, generation.await(LONG));
        assertEquals(CloseReason.COMPLETED, ended(generation.run()));
        waitUntilCounted("completed");
    }

    @Test
    void aCharacterThatIsSplitOverTwoDeltasIsOneInThePlainForm() throws Exception {
        upstream.words.addAll(List.of(text("a\\ud83d"), text(""), text("\\ude00b"), text("\\ud83d"), FINISH, "[DONE]"));

        assertEquals(List.of("message a", "message 😀b", "message \uFFFD"), sent(Face.text()));
    }

    @Test
    void anErrorInMidAnswerIsAnEventOfThatNameAndNothingFollows() throws Exception {
        upstream.words.addAll(List.of(TEXT, "{\"error\":{\"message\":\"it broke\"}}"));

        assertEquals(
                "error {\"error\":{\"message\":\"it broke\"}}",
                sent(Face.chunks()).getLast());
    }

    /** The events of an answer whose words are all there, in the run of another producer. */
    private List<String> sent(Face face) throws Exception {
        Generation generation =
                new Generation(upstream, ChatRequest.streamOf("m", null, "x"), face, 1_000_000, metrics);
        generation.startedAs(
                engine.runs().start(StreamOptions.of(engine.config(), "chat"), "chat", null, "test", events -> {}));
        List<String> sent = new ArrayList<>();
        generation.produce(event -> sent.add((event.type() == null ? "message" : event.type()) + " " + event.data()));
        return sent;
    }

    private static String text(String content) {
        return TEXT.replace("\"x\"", '"' + content + '"');
    }

    @Test
    void tokensAreCountedAsTheUpstreamTellsThemAndTimedAsTheyCome() throws Exception {
        Generation generation = start();
        upstream.words.addAll(List.of(TEXT, TEXT, TEXT, FINISH, USAGE, "[DONE]"));

        assertEquals(CloseReason.COMPLETED, ended(generation.run()));
        waitUntilCounted("completed");

        assertEquals(12, metrics.tokens.labelValues("puppet", "prompt", "usage").get());
        assertEquals(
                7, metrics.tokens.labelValues("puppet", "completion", "usage").get());
        assertEquals(
                0, metrics.tokens.labelValues("puppet", "completion", "counted").get());
        assertEquals(1, observations(metrics.firstToken));
        assertEquals(2, observations(metrics.betweenTokens));
    }

    private static long observations(Histogram histogram) {
        return histogram.collect().getDataPoints().getFirst().getCount();
    }

    @Test
    void stoppingTheRunClosesTheAnswerAndCountsItsDeltas() throws Exception {
        Generation generation = start();
        upstream.words.addAll(List.of(TEXT, TEXT, TEXT));
        while (!upstream.words.isEmpty()) {
            Thread.onSpinWait();
        }

        generation.run().stop(CloseReason.STOPPED);

        assertTrue(upstream.closed.await(5, TimeUnit.SECONDS));
        waitUntilCounted("stopped");
        assertEquals(
                3, metrics.tokens.labelValues("puppet", "completion", "counted").get());
    }

    @Test
    void stoppingBeforeTheFirstEventIsToldAsSuch() throws Exception {
        Generation generation = start();

        generation.run().stop(CloseReason.SHUTTING_DOWN);

        Beginning.Refused refused = assertInstanceOf(Beginning.Refused.class, generation.await(LONG));
        assertEquals(503, refused.error().status());
    }

    @Test
    void aFaultOfOurOwnIsAnError500() throws Exception {
        Generation generation = start();
        upstream.words.add(42); // no such word

        assertEquals(
                500,
                assertInstanceOf(Beginning.Refused.class, generation.await(LONG))
                        .error()
                        .status());
        assertEquals(CloseReason.FAILED, ended(generation.run()));
    }

    private double counted(String end) {
        return metrics.generations.labelValues("puppet", end).get();
    }

    private void waitUntilCounted(String end) throws InterruptedException {
        Wait.until(end + " is counted", () -> counted(end) > 0);
        assertEquals(1, counted(end));
    }

    private static CloseReason ended(Run run) throws InterruptedException {
        Wait.until("the run has ended", () -> run.ended() != null);
        return run.ended();
    }
}
