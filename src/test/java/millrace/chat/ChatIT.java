package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.InternalServerException;
import com.openai.errors.RateLimitException;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.Node;
import millrace.harness.OnContainers;
import millrace.harness.Output;
import millrace.harness.Server;
import millrace.sse.EventStreamParser;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;

/** The chat as its clients meet it, on each container, with an upstream that does as it is told. */
@OnContainers
@Timeout(120)
class ChatIT {

    private static final String KEY = "sk-upstream-0123456789abcdef";
    private static final String TOKEN_SECRET = "0123456789abcdef0123456789abcdef";
    private static final String QUESTION = "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";

    private static final Map<Container, Server> SERVERS = new EnumMap<>(Container.class);
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private static ScriptedUpstream upstream;

    /** Set by each test that waits for the end of the upstream's connection. */
    private static volatile CompletableFuture<Boolean> upstreamClosed = new CompletableFuture<>();

    @BeforeAll
    static void startUpstream() throws Exception {
        upstream = new ScriptedUpstream();
        upstream.on("flowing", exchange -> {
            exchange.stream();
            try {
                for (int i = 0; ; i++) {
                    exchange.text("token " + i + " ");
                    if (exchange.closedWithin(Duration.ofMillis(50))) {
                        break;
                    }
                }
            } catch (IOException gone) {
                // that too is an end
            }
            upstreamClosed.complete(true);
        });
        upstream.on("silent", exchange -> upstreamClosed.complete(exchange.closedWithin(Duration.ofSeconds(30))));
        upstream.on("flood", exchange -> {
            exchange.stream();
            while (true) {
                exchange.text("x".repeat(1000));
                FLOODED.addAndGet(1000);
            }
        });
        upstream.on("emoji", exchange -> {
            exchange.stream();
            for (String piece : PIECES) {
                exchange.text(piece);
            }
            exchange.finish();
            exchange.done();
            exchange.end();
        });
        upstream.on("whole", exchange -> {
            exchange.head(200, "Content-Type: application/json");
            exchange.chunk(WHOLE);
            exchange.end();
        });
        upstream.on("busy", exchange -> {
            exchange.head(429, "Content-Type: application/json", "Retry-After-Ms: 10");
            exchange.chunk(
                    "{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\",\"param\":null,\"code\":null}}");
            exchange.end();
        });
        upstream.on("long", exchange -> {
            exchange.stream();
            for (String piece : LONG) {
                exchange.text(piece);
                Thread.sleep(15);
            }
            longGoesOn = false;
            exchange.finish();
            exchange.done();
            exchange.end();
        });
        for (int status : REFUSALS) {
            upstream.on("refuses-" + status, exchange -> {
                exchange.head(status, "Content-Type: application/json", "Retry-After: 7");
                exchange.chunk(refusal(status));
                exchange.end();
            });
        }
        upstream.on("locked", exchange -> {
            exchange.head(401, "Content-Type: application/json");
            exchange.chunk("{\"error\":{\"message\":\"wrong key " + KEY + "\"}}");
            exchange.end();
        });
    }

    private static final java.util.concurrent.atomic.AtomicLong FLOODED = new java.util.concurrent.atomic.AtomicLong();

    private static final int[] REFUSALS = {400, 404, 408, 409, 422, 429, 500, 503};

    private static String refusal(int status) {
        return "{ \"error\":{\"message\":\"no: " + status + "\",\"type\":\"t\",\"param\":null,\"code\":1.0}}";
    }

    private static final List<String> LONG = IntStream.range(0, 150)
            .mapToObj(i -> "Stück " + i + " \uD83D\uDC69\u200D\uD83D\uDC67 雪\n")
            .toList();

    private static volatile boolean longGoesOn;

    private static final List<String> PIECES = Stream.of(
                    "Zwölf Boxkämpfer",
                    " jagen",
                    " 👩‍👩‍👧\n",
                    "\n```\n\tcode\r\n```",
                    " \"quoted\\\" ",
                    "雪",
                    "e\u0301",
                    "\u2028",
                    " end")
            .toList();

    private static final String WHOLE =
            "{\"id\":\"x\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"whole\", \"choices\":[{"
                    + "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Grüße 👋\",\"refusal\":null},\"logprobs\":null,"
                    + "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3},\"own\":1.00}";

    @AfterAll
    static void stop() throws IOException {
        SERVERS.values().forEach(Server::close);
        SERVERS.clear();
        upstream.close();
    }

    private static Server on(Container container) {
        return SERVERS.computeIfAbsent(
                container,
                key -> Server.start(
                        key,
                        Map.of(
                                "millrace.chat.upstreams",
                                "scripted=" + upstream.baseUrl(),
                                "millrace.chat.upstream-keys",
                                "scripted=" + KEY,
                                "millrace.chat.models",
                                "scripted=flowing,scripted=silent,scripted=flood,scripted=emoji,scripted=whole,"
                                        + "scripted=busy,scripted=locked,scripted=long"
                                        + IntStream.of(REFUSALS)
                                                .mapToObj(status -> ",scripted=refuses-" + status)
                                                .collect(Collectors.joining()),
                                "millrace.run-grace",
                                "3s",
                                "millrace.run-bytes",
                                "64k",
                                "millrace.guide.pace",
                                "0")));
    }

    // ---- resume ----

    @ContainerTest
    void anAnswerThatIsCutAtAnyByteIsWholeAfterItsResume(Container container) throws Exception {
        Server server = on(container);
        String run = startDetached(server, "emoji");
        String text = read(server, run, null, Integer.MAX_VALUE).text();
        assertEquals(String.join("", PIECES), text);
        int length = read(server, run, null, Integer.MAX_VALUE).bytes();

        int step = container == Container.TOMCAT_11 ? 1 : 7; // on one container at each byte
        for (int cut = 0; cut < length; cut += step) {
            Part first = read(server, run, null, cut);
            Part rest = read(server, run, first.lastEventId(), Integer.MAX_VALUE);
            assertEquals(text, first.text() + rest.text(), "cut after " + cut + " bytes");
        }
    }

    /** As phones do it: the connection breaks somewhere in an answer that is still being written. */
    @ContainerTest
    void anAnswerThatIsCutWhileItIsWrittenIsWholeAfterItsResume(Container container) throws Exception {
        Server server = on(container);
        longGoesOn = true;
        String run = startDetached(server, "long");
        List<Future<Boolean>> readers = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < LONG.size(); i++) {
                int cut = 1 + 211 * i; // an event has some 230 bytes, so each is cut elsewhere
                readers.add(threads.submit(() -> {
                    Part first = readOver(server, run, null, cut);
                    boolean goesOn = longGoesOn;
                    Part rest = readOver(server, run, first.lastEventId(), Integer.MAX_VALUE);
                    assertEquals(String.join("", LONG), first.text() + rest.text(), "cut after " + cut + " bytes");
                    return goesOn;
                }));
            }
        }
        int duringTheAnswer = 0;
        for (Future<Boolean> reader : readers) {
            duringTheAnswer += reader.get() ? 1 : 0;
        }
        assertTrue(duringTheAnswer > LONG.size() / 2, "only " + duringTheAnswer + " came back while it was written");
    }

    @ContainerTest
    void twoReadersOfOneRunGetTheSame(Container container) throws Exception {
        Server server = on(container);
        String run = startDetached(server, "flowing");
        try (EventSocket one = EventSocket.follow(server, run, null);
                EventSocket two = EventSocket.follow(server, run, null)) {
            List<String> first = one.events(10);
            assertEquals(first, two.events(10));
            try (EventSocket late = EventSocket.follow(server, run, first.get(4).split(" ", 2)[0])) {
                assertEquals(first.subList(5, 10), late.events(5));
            }
        }
    }

    @ContainerTest
    void aRunThatNobodyReadsStopsItsUpstreamAfterTheGraceTime(Container container) throws Exception {
        Server server = on(container);
        upstreamClosed = new CompletableFuture<>();
        long start = System.nanoTime();
        startDetached(server, "flowing");

        assertTrue(upstreamClosed.get(15, TimeUnit.SECONDS));

        long millis = (System.nanoTime() - start) / 1_000_000;
        assertTrue(millis >= 2_900, "the grace time of 3 s took " + millis + " ms");
    }

    @ContainerTest
    void anUpstreamIsNotReadWhenTheLogIsFullAndNobodyReads(Container container) throws Exception {
        Server server = on(container);
        FLOODED.set(0);
        String unread = startDetached(server, "flood");
        assertTrue(floodedInTheEnd() < 20_000_000, FLOODED + " bytes were taken although nobody reads");
        assertEquals(204, delete(server, unread), "it waits for a reader");
        String run = startDetached(server, "flood");
        FLOODED.set(0);
        try (EventSocket slow = EventSocket.follow(server, run, null)) {
            slow.events(1);
            assertTrue(floodedInTheEnd() < 20_000_000, FLOODED + " bytes were taken for a reader that does not read");
        }
        delete(server, run);
    }

    private static long floodedInTheEnd() throws InterruptedException {
        long before;
        do {
            before = FLOODED.get();
            Thread.sleep(500);
        } while (FLOODED.get() > before);
        return before;
    }

    // ---- stopping ----

    @ContainerTest
    void deleteClosesTheUpstreamWithinASecond(Container container) throws Exception {
        Server server = on(container);
        for (String model : List.of("flowing", "silent")) {
            upstreamClosed = new CompletableFuture<>();
            String run = startDetached(server, model);

            assertEquals(204, delete(server, run));

            assertTrue(upstreamClosed.get(1, TimeUnit.SECONDS), model);
        }
    }

    @ContainerTest
    void aClientThatHangsUpWhileTokensFlowStopsTheUpstreamWithinASecond(Container container) throws Exception {
        Server server = on(container);
        upstreamClosed = new CompletableFuture<>();
        EventSocket client = EventSocket.post(server, "{\"model\":\"flowing\",\"stream\":true," + QUESTION);
        client.events(3);

        client.close();

        assertTrue(upstreamClosed.get(20, TimeUnit.SECONDS));
    }

    @ContainerTest
    void aClientThatHangsUpBeforeTheFirstTokenStopsTheUpstreamWithinTwoHeartbeats(Container container)
            throws Exception {
        Server server = on(container);
        upstreamClosed = new CompletableFuture<>();
        EventSocket client = EventSocket.post(server, "{\"model\":\"silent\",\"stream\":true," + QUESTION);
        client.headers();

        client.close();

        assertTrue(upstreamClosed.get(4_500, TimeUnit.MILLISECONDS), "2 s apart, and half a second for a busy machine");
    }

    @ContainerTest
    void overHttp2AClientThatHangsUpStopsTheUpstreamAtOnce(Container container) throws Exception {
        Server server = on(container);
        try (HttpClient http2 =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build()) {
            HttpResponse<String> upgraded = http2.send(
                    HttpRequest.newBuilder(server.uri("/health/live")).build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(HttpClient.Version.HTTP_2, upgraded.version());
            // a browser's request from our own page, which over HTTP/2 has no Host to compare with
            assertOpenAiError(
                    400,
                    "\"param\":\"model\"",
                    http2.send(
                            post(server, "{}")
                                    .header("Origin", "http://127.0.0.1:" + server.port())
                                    .build(),
                            HttpResponse.BodyHandlers.ofString()));
            upstreamClosed = new CompletableFuture<>();
            HttpResponse<java.io.InputStream> streaming = http2.send(
                    post(server, "{\"model\":\"silent\",\"stream\":true," + QUESTION)
                            .build(),
                    HttpResponse.BodyHandlers.ofInputStream());
            assertEquals("HTTP_2 200", streaming.version() + " " + streaming.statusCode());

            streaming.body().close();

            assertTrue(upstreamClosed.get(20, TimeUnit.SECONDS));
        }
    }

    // ---- official clients ----

    @ContainerTest
    void openAiJavaStreamsAndCancels(Container container) throws Exception {
        Server server = on(container);
        OpenAIClient client = openAiJava(server);
        StringBuilder text = new StringBuilder();
        try (StreamResponse<ChatCompletionChunk> answer =
                client.chat().completions().createStreaming(question("emoji"))) {
            answer.stream()
                    .forEach(chunk -> text.append(
                            chunk.choices().getFirst().delta().content().orElse("")));
        }
        assertEquals(String.join("", PIECES), text.toString());

        upstreamClosed = new CompletableFuture<>();
        try (StreamResponse<ChatCompletionChunk> answer =
                client.chat().completions().createStreaming(question("flowing"))) {
            assertEquals(5, answer.stream().limit(5).count());
        }
        assertTrue(upstreamClosed.get(1, TimeUnit.SECONDS), "closing the answer stops the upstream");
    }

    @ContainerTest
    void openAiJavaGetsWholeAnswersAndRealErrors(Container container) throws Exception {
        Server server = on(container);
        OpenAIClient client = openAiJava(server);

        assertEquals(
                "Grüße 👋",
                client.chat()
                        .completions()
                        .create(question("whole"))
                        .choices()
                        .getFirst()
                        .message()
                        .content()
                        .orElseThrow());

        while (upstream.poll() != null) {
            // what came before does not count
        }
        assertThrows(RateLimitException.class, () -> client.chat().completions().create(question("busy")));
        int attempts = 0;
        while (upstream.poll() != null) {
            attempts++;
        }
        assertEquals(3, attempts, "the client repeats what has a status that it may repeat");
        InternalServerException locked = assertThrows(
                InternalServerException.class, () -> client.chat().completions().createStreaming(question("locked")));
        assertEquals(502, locked.statusCode());
        assertFalse(locked.getMessage().contains("sk-"), locked.getMessage());
        assertFalse(server.log().contains(KEY), "the key is in the log");
        String metrics = send(HttpRequest.newBuilder(server.uri("/metrics"))).body();
        for (String line : List.of(
                "millrace_chat_generations_total{end=\"refused\",upstream=\"scripted\"}",
                "millrace_chat_tokens_total{kind=\"completion\",source=\"usage\",upstream=\"scripted\"}")) {
            assertTrue(metrics.contains(line), metrics);
        }
        assertTrue(server.log().contains("does not accept the key …cdef (401)"), server.log());
    }

    @ContainerTest
    void langChain4jStreamsCancelsAndGetsWholeAnswers(Container container) throws Exception {
        Server server = on(container);
        assertEquals(
                "Grüße 👋",
                OpenAiChatModel.builder()
                        .baseUrl(server.uri("/v1").toString())
                        .apiKey("key")
                        .modelName("whole")
                        .build()
                        .chat("hello"));

        upstreamClosed = new CompletableFuture<>();
        OpenAiStreamingChatModel.builder()
                .baseUrl(server.uri("/v1").toString())
                .apiKey("key")
                .modelName("flowing")
                .build()
                .chat("hello", new StreamingChatResponseHandler() {
                    private int pieces;

                    @Override
                    public void onPartialResponse(PartialResponse response, PartialResponseContext context) {
                        if (++pieces == 3) {
                            context.streamingHandle().cancel();
                        }
                    }

                    @Override
                    public void onCompleteResponse(ChatResponse response) {}

                    @Override
                    public void onError(Throwable failure) {}
                });
        assertTrue(upstreamClosed.get(5, TimeUnit.SECONDS), "cancelling stops the upstream");
    }

    @ContainerTest
    void theJavaScriptClientGetsThroughMillraceWhatAForeignUpstreamSays(Container container) throws Exception {
        Process aimock = Node.builder("aimock.mjs").redirectErrorStream(true).start();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(aimock.getInputStream(), StandardCharsets.UTF_8))) {
            String url = lines.readLine();
            try (Server server = Server.start(
                    container,
                    Map.of("millrace.chat.upstreams", "mock=" + url + "/v1", "millrace.chat.models", "mock=gpt-x"))) {
                Output output = Node.run(
                        Duration.ofSeconds(60),
                        "openai-clients.mjs",
                        server.uri("/v1").toString(),
                        "gpt-x");
                assertEquals("""
                        models gpt-x,guide
                        model gpt-x
                        streamed |Hello from somewhere else.||usage
                        reasoning Let me see.|I thought, and here it is: 👩‍👩‍👧 é.||usage
                        tool ||weather{"city":"Köln"}|usage
                        whole Hello from somewhere else.
                        error RateLimitError 429
                        streamed error RateLimitError 429
                        unknown NotFoundError 404
                        """, output.text());
            }
        } finally {
            aimock.destroy();
        }
    }

    // ---- what is passed on, and what is refused ----

    @ContainerTest
    void aWholeAnswerIsPassedOnByteForByte(Container container) throws Exception {
        HttpResponse<String> answer = send(post(on(container), "{\"model\":\"whole\"," + QUESTION));

        assertEquals(200, answer.statusCode());
        assertEquals(WHOLE, answer.body());
    }

    @ContainerTest
    void whatTheUpstreamRefusesKeepsItsStatusItsJsonAndWhenToComeBack(Container container) throws Exception {
        Server server = on(container);
        for (int status : REFUSALS) {
            for (boolean stream : new boolean[] {true, false}) {
                HttpResponse<String> answer = send(
                        post(server, "{\"model\":\"refuses-" + status + "\",\"stream\":" + stream + "," + QUESTION));
                assertEquals(
                        status + " 7 application/json " + refusal(status),
                        answer.statusCode() + " "
                                + answer.headers().firstValue("Retry-After").orElse("none") + " "
                                + answer.headers()
                                        .firstValue("Content-Type")
                                        .orElse("")
                                        .split(";")[0] + " " + answer.body());
            }
        }
    }

    /** What one Millrace relays another one may relay again: a server of our own behind us is an upstream like all others. */
    @ContainerTest
    void millraceMayBeItsOwnUpstream(Container container) throws Exception {
        Server inner = on(container);
        try (Server outer = Server.start(
                container,
                Map.of(
                        "millrace.chat.upstreams",
                        "inner=" + inner.uri("/v1"),
                        "millrace.chat.models",
                        "inner=emoji,inner=whole,inner=flowing,inner=refuses-429"))) {
            String run = startDetached(outer, "emoji");
            assertEquals(
                    String.join("", PIECES),
                    read(outer, run, null, Integer.MAX_VALUE).text());
            assertEquals(
                    WHOLE, send(post(outer, "{\"model\":\"whole\"," + QUESTION)).body());
            HttpResponse<String> refused = send(post(outer, "{\"model\":\"refuses-429\"," + QUESTION));
            assertEquals(
                    "429 7",
                    refused.statusCode() + " "
                            + refused.headers().firstValue("Retry-After").orElse("none"));
            upstreamClosed = new CompletableFuture<>();
            String flowing = startDetached(outer, "flowing");

            assertEquals(204, delete(outer, flowing));

            assertTrue(upstreamClosed.get(2, TimeUnit.SECONDS), "a stop goes through both");
        }
    }

    @ContainerTest
    void anAnswerIsKeptByNoCache(Container container) throws Exception {
        Server server = on(container);
        HttpResponse<String> begun = send(post(server, "{\"model\":\"emoji\",\"stream\":true," + QUESTION));
        HttpResponse<String> followed = send(HttpRequest.newBuilder(server.uri(startDetached(server, "emoji"))));

        for (HttpResponse<String> answer : List.of(begun, followed)) {
            assertEquals(
                    "200 private, no-store, no-transform",
                    answer.statusCode() + " "
                            + answer.headers().firstValue("Cache-Control").orElse("none"));
        }
    }

    @ContainerTest
    void badRequestsAreToldInTheShapeOfTheirPath(Container container) throws Exception {
        Server server = on(container);
        assertOpenAiError(400, "\"param\":null", send(post(server, "{\"model\":")));
        assertOpenAiError(400, "malformed_json", send(post(server, "{\"model\":\"guide\"," + QUESTION + " {}")));
        assertOpenAiError(400, "\"param\":\"messages\"", send(post(server, "{\"model\":\"guide\"}")));
        assertOpenAiError(
                400, "\"param\":\"stream\"", send(post(server, "{\"model\":\"guide\",\"stream\":1," + QUESTION)));
        assertOpenAiError(404, "model_not_found", send(post(server, "{\"model\":\"none\"," + QUESTION)));
        assertOpenAiError(413, "body_too_large", sendInVain(post(server, " ".repeat(5 << 20))));
        assertOpenAiError(404, "not_found", send(HttpRequest.newBuilder(server.uri("/v1/nothing"))));
        assertOpenAiError(405, "method_not_allowed", send(HttpRequest.newBuilder(server.uri("/v1/chat/completions"))));
        assertOpenAiError(403, "forbidden", send(post(server, "{}").header("Origin", "https://evil.example")));

        HttpResponse<String> plain = send(HttpRequest.newBuilder(server.uri("/sse/async_openai_out"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("x=1")));
        assertEquals(400, plain.statusCode());
        assertEquals(
                "application/problem+json",
                plain.headers().firstValue("Content-Type").orElse("").split(";")[0]);
        HttpResponse<String> foreign = send(HttpRequest.newBuilder(server.uri("/sse/async_openai_out"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Origin", "https://evil.example")
                .POST(HttpRequest.BodyPublishers.ofString("user_message=hello&model=emoji")));
        assertEquals(403, foreign.statusCode(), "a form may be sent from any page");
    }

    @ContainerTest
    void thePlainFormSendsTheTextAlone(Container container) throws Exception {
        Server server = on(container);
        for (String[] body : new String[][] {
            {"application/json", "{\"user_message\":\"hello\",\"system_prompt\":\"be kind\",\"model\":\"emoji\"}"},
            {"application/x-www-form-urlencoded", "user_message=hello&system_prompt=be+kind&model=emoji"}
        }) {
            HttpResponse<byte[]> answer = HTTP.send(
                    HttpRequest.newBuilder(server.uri("/sse/async_openai_out"))
                            .header("Content-Type", body[0])
                            .POST(HttpRequest.BodyPublishers.ofString(body[1]))
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            String asked = upstream.await().body();
            for (ScriptedUpstream.Exchange later; (later = upstream.poll()) != null; ) {
                asked = later.body();
            }
            assertEquals(
                    "{\"model\":\"emoji\",\"stream\":true,\"messages\":[{\"role\":\"system\",\"content\":\"be kind\"},"
                            + "{\"role\":\"user\",\"content\":\"hello\"}]}",
                    asked);
            List<String> texts = new ArrayList<>();
            new EventStreamParser((type, data, id) -> texts.add(data)).feed(answer.body());
            // line ends are what an event stream cannot carry as they are
            assertEquals(
                    PIECES.stream().map(piece -> piece.replace("\r\n", "\n")).toList(), texts);
        }
    }

    @ContainerTest
    void theGuideKnowsMillraceAndNothingElse(Container container) throws Exception {
        Server server = on(container);
        HttpResponse<String> known = send(
                post(
                        server,
                        "{\"model\":\"guide\",\"messages\":[{\"role\":\"user\",\"content\":\"Why was Lucene refused for the guide's search?\"}]}"));
        assertTrue(known.body().contains("0060"), known.body());
        HttpResponse<String> unknown = send(
                post(
                        server,
                        "{\"model\":\"guide\",\"messages\":[{\"role\":\"user\",\"content\":\"What is the capital of France?\"}]}"));
        assertTrue(unknown.body().contains("I do not know."), unknown.body());
    }

    @ContainerTest
    void outsideDemoModeNobodyMayAskWithoutAKeyOrAToken(Container container) throws Exception {
        try (Server server =
                guarded(container, Map.of("millrace.chat.api-keys", "our-key,another", "millrace.guide.pace", "0"))) {
            String body = "{\"model\":\"guide\"," + QUESTION;
            HttpResponse<String> refused = send(post(server, body));
            assertOpenAiError(401, "invalid_api_key", refused);
            assertEquals(
                    "close",
                    refused.headers().firstValue("Connection").orElse("kept"),
                    "the body was not read: who sends the next request on this connection must know");
            assertOpenAiError(401, "invalid_api_key", send(post(server, body).header("Authorization", "Bearer wrong")));
            assertOpenAiError(401, "invalid_api_key", send(HttpRequest.newBuilder(server.uri("/v1/models"))));
            assertOpenAiError(401, "invalid_api_key", send(HttpRequest.newBuilder(server.uri("/v1/models/guide"))));
            HttpRequest.Builder plain = HttpRequest.newBuilder(server.uri("/sse/async_openai_out"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"user_message\":\"hello\"}"));
            assertEquals(401, send(plain).statusCode());
            assertEquals(
                    200, send(plain.header("Authorization", "Bearer our-key")).statusCode());
            HttpRequest.Builder form = HttpRequest.newBuilder(server.uri("/sse/async_openai_out"))
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .header("Authorization", "Bearer our-key")
                    .POST(HttpRequest.BodyPublishers.ofString("user_message=hello&model="));
            assertEquals(200, send(form).statusCode(), "a field left empty is one not given");
            assertOpenAiError(
                    401,
                    "invalid_api_key",
                    send(post(server, body).header("Authorization", "Bearer " + token("urn:other"))));
            for (String shown : List.of("another", token("urn:chat"))) {
                assertEquals(
                        200,
                        send(post(server, body).header("Authorization", "Bearer " + shown))
                                .statusCode());
            }
        }
    }

    /** Whoever has many tokens has not many times as much. */
    @ContainerTest
    void generationsAreCountedForTheSubjectOfATokenAndNotForTheToken(Container container) throws Exception {
        try (Server server =
                guarded(container, Map.of("millrace.max-runs-per-user", "1", "millrace.guide.pace", "1"))) {
            String body = "{\"model\":\"guide\",\"stream\":true," + QUESTION;
            List<Integer> statuses = new ArrayList<>();
            for (String[] subjectAndId :
                    new String[][] {{"ann", "1"}, {"ann", "2"}, {"bob", "3"}, {null, "4"}, {null, "5"}}) {
                statuses.add(send(post(server, body)
                                .header("Prefer", "respond-async")
                                .header(
                                        "Authorization",
                                        "Bearer " + token("urn:chat", subjectAndId[0], subjectAndId[1])))
                        .statusCode());
            }
            assertEquals(List.of(202, 429, 202, 202, 202), statuses);
        }
    }

    @ContainerTest
    void whoIsRefusedAfterAllGetsNoSecretAndItsUpstreamIsClosed(Container container) throws Exception {
        try (Server server = Server.start(
                container,
                Map.of(
                        "millrace.chat.upstreams", "scripted=" + upstream.baseUrl(),
                        "millrace.chat.models", "scripted=silent",
                        "millrace.max-streams", "1"))) {
            upstreamClosed = new CompletableFuture<>();
            while (upstream.poll() != null) {
                // of other tests
            }
            CompletableFuture<HttpResponse<String>> answer = HTTP.sendAsync(
                    post(server, "{\"model\":\"silent\",\"stream\":true," + QUESTION)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            upstream.await(); // its status is awaited for a second; meanwhile somebody else comes
            try (EventSocket other = new EventSocket(server, "GET /sse/v1?n=2&interval=10000 HTTP/1.1", "")) {
                other.headers();
                assertOpenAiError(503, "unavailable", answer.get(10, TimeUnit.SECONDS));
                assertEquals(
                        List.of(),
                        answer.join().headers().map().keySet().stream()
                                .filter(name -> name.equalsIgnoreCase("Millrace-Run-Secret")
                                        || name.equalsIgnoreCase("Content-Location"))
                                .toList());
                assertTrue(upstreamClosed.get(20, TimeUnit.SECONDS));
            }
        }
    }

    /** An upstream that is asked is paid. */
    @ContainerTest
    void whoHasTooManyStreamsOpenIsRefusedBeforeTheUpstreamIsAsked(Container container) throws Exception {
        try (Server server = guarded(
                container,
                Map.of(
                        "millrace.chat.upstreams", "scripted=" + upstream.baseUrl(),
                        "millrace.chat.models", "scripted=emoji",
                        "millrace.max-streams-per-address", "1"))) {
            while (upstream.poll() != null) {
                // what came before does not count
            }
            String shown = "Bearer " + token("urn:chat");
            try (EventSocket other = new EventSocket(server, "GET /sse/v1?n=2&interval=10000 HTTP/1.1", "")) {
                other.headers();
                assertOpenAiError(
                        429,
                        "too_many_requests",
                        send(post(server, "{\"model\":\"emoji\",\"stream\":true," + QUESTION)
                                .header("Authorization", shown)));
                HttpResponse<String> plain = send(HttpRequest.newBuilder(server.uri("/sse/async_openai_out"))
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .header("Authorization", shown)
                        .POST(HttpRequest.BodyPublishers.ofString("user_message=x")));
                assertEquals(429, plain.statusCode(), plain.body());
                assertNull(upstream.poll());
            }
        }
    }

    /** Outside demo mode, open to tokens for {@code urn:chat}. */
    private static Server guarded(Container container, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("millrace.demo", "false");
        settings.put("millrace.chat.topic", "urn:chat");
        settings.put("millrace.hub.publisher-key", TOKEN_SECRET);
        return Server.start(container, settings);
    }

    private static String token(String topic) throws Exception {
        return token(topic, null, null);
    }

    private static String token(String topic, String subject, String id) throws Exception {
        SignedJWT jwt = new SignedJWT(
                new JWSHeader(JWSAlgorithm.HS256),
                new JWTClaimsSet.Builder()
                        .claim("mercure", Map.of("publish", List.of(topic)))
                        .subject(subject)
                        .jwtID(id)
                        .build());
        jwt.sign(new MACSigner(TOKEN_SECRET));
        return jwt.serialize();
    }

    // ---- the means ----

    private record Part(String text, String lastEventId, int bytes) {}

    /** Follows a run with a request of its own and takes at most that many bytes of its body. */
    private static Part read(Server server, String run, String lastEventId, int maxBytes) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.uri(run)).header("Accept", "text/event-stream");
        if (lastEventId != null && !lastEventId.isEmpty()) {
            request.header("Last-Event-ID", lastEventId);
        }
        HttpResponse<byte[]> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() == 204) {
            return new Part("", lastEventId, 0);
        }
        assertEquals(200, response.statusCode());
        byte[] body = response.body();
        // the time of reconnection is random; without it every reading has the same length
        int skip = new String(body, StandardCharsets.ISO_8859_1).indexOf("\n") + 1;
        StringBuilder text = new StringBuilder();
        EventStreamParser parser = new EventStreamParser((type, data, id) -> text.append(content(data)));
        int length = Math.min(maxBytes, body.length - skip);
        parser.feed(body, skip, length);
        return new Part(text.toString(), parser.lastEventId(), body.length - skip);
    }

    /** Follows a run and hangs up after that many bytes. */
    private static Part readOver(Server server, String run, String lastEventId, int maxBytes) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.uri(run)).header("Accept", "text/event-stream");
        if (lastEventId != null && !lastEventId.isEmpty()) {
            request.header("Last-Event-ID", lastEventId);
        }
        HttpResponse<InputStream> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        if (response.statusCode() == 204) {
            return new Part("", lastEventId, 0);
        }
        assertEquals(200, response.statusCode());
        try (InputStream in = response.body()) {
            byte[] body = in.readNBytes(maxBytes);
            StringBuilder text = new StringBuilder();
            EventStreamParser parser = new EventStreamParser((type, data, id) -> text.append(content(data)));
            parser.feed(body);
            return new Part(text.toString(), parser.lastEventId(), body.length);
        }
    }

    private static String content(String data) {
        if (data.equals("[DONE]")) {
            return "";
        }
        return ChatJson.PROVIDER
                .createReader(new java.io.StringReader(data))
                .readObject()
                .getJsonArray("choices")
                .getJsonObject(0)
                .getJsonObject("delta")
                .getString("content", "");
    }

    private static final Map<String, String> SECRETS = new java.util.concurrent.ConcurrentHashMap<>();

    /** Returns the path of the run. */
    private static String startDetached(Server server, String model) throws Exception {
        HttpResponse<String> accepted = send(post(server, "{\"model\":\"" + model + "\",\"stream\":true," + QUESTION)
                .header("Prefer", "wait=1, respond-async"));
        assertEquals(202, accepted.statusCode(), accepted.body());
        String run = accepted.uri()
                .resolve(accepted.headers().firstValue("Content-Location").orElseThrow())
                .getPath();
        SECRETS.put(run, accepted.headers().firstValue("Millrace-Run-Secret").orElseThrow());
        return run;
    }

    private static int delete(Server server, String run) throws Exception {
        return send(HttpRequest.newBuilder(server.uri(run))
                        .header("Millrace-Run-Secret", SECRETS.get(run))
                        .DELETE())
                .statusCode();
    }

    private static HttpRequest.Builder post(Server server, String body) {
        return HttpRequest.newBuilder(server.uri("/v1/chat/completions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** The server answers and closes while the body still comes: this client may notice the end before the answer. */
    private static HttpResponse<String> sendInVain(HttpRequest.Builder request) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                return send(request);
            } catch (IOException closed) {
                if (attempt == 10) {
                    throw closed;
                }
            }
        }
    }

    private static void assertOpenAiError(int status, String part, HttpResponse<String> response) {
        assertEquals(status, response.statusCode(), response.body());
        assertTrue(response.body().startsWith("{\"error\":{\"message\":\""), response.body());
        assertTrue(response.body().contains(part), response.body());
    }

    private static OpenAIClient openAiJava(Server server) {
        return OpenAIOkHttpClient.builder()
                .baseUrl(server.uri("/v1").toString())
                .apiKey("key")
                .build();
    }

    private static ChatCompletionCreateParams question(String model) {
        return ChatCompletionCreateParams.builder()
                .model(model)
                .addUserMessage("hello")
                .build();
    }

    /** A client on a bare socket, which hangs up by closing it. */
    private static final class EventSocket implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader in;

        private EventSocket(Server server, String head, String body) throws IOException {
            socket = new Socket("127.0.0.1", server.port());
            socket.setSoTimeout(20_000);
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            socket.getOutputStream()
                    .write((head + "\r\nHost: 127.0.0.1:" + server.port() + "\r\n\r\n" + body)
                            .getBytes(StandardCharsets.UTF_8));
        }

        static EventSocket post(Server server, String body) throws IOException {
            return new EventSocket(
                    server,
                    "POST /v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: "
                            + body.length(),
                    body);
        }

        static EventSocket follow(Server server, String run, String lastEventId) throws IOException {
            return new EventSocket(
                    server,
                    "GET " + run + " HTTP/1.1" + (lastEventId == null ? "" : "\r\nLast-Event-ID: " + lastEventId),
                    "");
        }

        void headers() throws IOException {
            assertTrue(in.readLine().startsWith("HTTP/1.1 200"));
            for (String line; !(line = in.readLine()).isEmpty(); ) {
                assertNotNull(line);
            }
        }

        /** The next events, each as its id, a space and its data. */
        List<String> events(int count) throws IOException {
            List<String> events = new ArrayList<>();
            String id = "";
            while (events.size() < count) {
                String line = in.readLine();
                assertNotNull(line, "the stream has ended after " + events);
                if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("data: ")) {
                    events.add(id + " " + line.substring(6));
                }
            }
            return events;
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
