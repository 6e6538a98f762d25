package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import millrace.config.Config;
import millrace.harness.Wait;
import millrace.metrics.Metrics;
import millrace.stream.StreamEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Answers in one piece: what their client is told, and what is counted. */
@Timeout(30)
class GenerationsTest {

    private static final Caller CALLER = new Caller(null, "test");

    private final Metrics metrics = new Metrics();
    private ScriptedUpstream server;
    private Upstreams upstreams;
    private StreamEngine engine;
    private Generations generations;

    @BeforeEach
    void start() throws Exception {
        server = new ScriptedUpstream();
        Properties properties = new Properties();
        properties.put("millrace.chat.upstreams", "scripted=" + server.baseUrl());
        properties.put("millrace.chat.models", "scripted=m");
        Config config = Config.load(properties, Map.of(), Map.of());
        upstreams = new Upstreams(config, Map.of(), Clock.systemUTC());
        engine = new StreamEngine(config, metrics);
        generations = new Generations(config, upstreams, engine.runs(), metrics);
    }

    @AfterEach
    void stop() throws Exception {
        engine.close();
        upstreams.close();
        server.close();
    }

    @Test
    void anErrorUnderStatus200IsTheErrorThatItIs() throws Exception {
        String json = "{\"error\":{\"message\":\"no provider\",\"code\":429}}";
        server.on("m", exchange -> {
            exchange.head(200, "Content-Type: application/json");
            exchange.chunk(json);
            exchange.end();
        });

        ApiError error = assertThrows(RefusedException.class, () -> generations.whole(request(), CALLER))
                .error();

        assertEquals(429, error.status());
        assertEquals(json, error.json());
        waitUntilCounted("upstream_error");
    }

    @Test
    void whoLeavesBeforeTheAnswerIsCountedAsGoneAndTheUpstreamIsClosed() throws Exception {
        CompletableFuture<Boolean> closed = silentUpstream();
        Thread client = ask();
        server.await();

        client.interrupt();

        assertEquals(true, closed.get(5, TimeUnit.SECONDS));
        waitUntilCounted("client_gone");
    }

    @Test
    void anApplicationThatStopsIsWhatEndsItsAnswers() throws Exception {
        CompletableFuture<Boolean> closed = silentUpstream();
        ask();
        server.await();

        engine.close();

        assertEquals(true, closed.get(5, TimeUnit.SECONDS));
        waitUntilCounted("shutting_down");
    }

    private CompletableFuture<Boolean> silentUpstream() {
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        server.on("m", exchange -> closed.complete(exchange.closedWithin(Duration.ofSeconds(5))));
        return closed;
    }

    private Thread ask() {
        return Thread.ofVirtual().start(() -> {
            try {
                generations.whole(request(), CALLER);
            } catch (RefusedException | InterruptedException ended) {
                // what the tests look at is elsewhere
            }
        });
    }

    private static ChatRequest request() {
        return ChatRequest.streamOf("m", null, "x");
    }

    private void waitUntilCounted(String end) throws InterruptedException {
        var count = metrics.generations.labelValues("scripted", end);
        Wait.until(end + " is counted", () -> count.get() > 0);
        assertEquals(1, count.get(), end);
    }
}
