package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Filter;
import java.util.logging.Logger;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import millrace.chat.CheckedAnswer.Cause;
import millrace.chat.CheckedAnswer.Part;
import millrace.harness.Wait;
import millrace.sse.EventTooLargeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The client's side of the relay, against an upstream that does all that upstreams do. */
@Timeout(30)
class HttpUpstreamTest {

    private static final String KEY = "sk-test-0123456789abcdefghij";
    private static final Duration SOON = Duration.ofSeconds(1);

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .executor(Upstreams::runHere)
            .build();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private ScriptedUpstream server;

    @BeforeEach
    void start() throws IOException {
        server = new ScriptedUpstream();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        client.shutdownNow();
        clock.shutdownNow();
    }

    @Test
    void theBodyIsForwardedAsItCameWithOurKey() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.text("x");
            exchange.finish();
            exchange.done();
            exchange.end();
        });
        byte[] body = utf8(
                "{ \"model\":\"m\" , \"stream\":true, \"x\":1.00,\"messages\":[{\"role\":\"user\",\"content\":\"\\u00e9é\"}]}");

        parts(ChatRequest.read(body));

        ScriptedUpstream.Exchange request = server.await();
        assertEquals("POST /v1/chat/completions HTTP/1.1", request.requestLine());
        assertArrayEquals(body, utf8(request.body()));
        assertEquals("Bearer " + KEY, request.headers().get("authorization"));
        assertEquals("text/event-stream", request.headers().get("accept"));
        assertEquals("application/json", request.headers().get("content-type"));
        assertEquals("identity", request.headers().get("accept-encoding"));
        assertNull(request.headers().get("upgrade"), "no h2c upgrade, which some servers answer by losing the body");
    }

    @Test
    void chunksComeAsTheyWereWritten() throws Exception {
        String odd =
                "{\"choices\": [ {\"delta\":{\"content\":\"\\u00e9é👋\"},\"finish_reason\":\"stop\"}], \"own\":1.00}";
        server.on("m", exchange -> {
            exchange.stream();
            exchange.chunk(": comment\r\n\r\nid: theirs\r\nretry: 1\r\nevent: message\r\ndata: " + odd + "\r\n\r\n");
            exchange.done();
            exchange.end();
        });

        List<Part> parts = parts(request("m"));

        assertEquals(odd, assertInstanceOf(Part.Text.class, parts.get(0)).data());
        assertInstanceOf(Part.Done.class, parts.get(1));
    }

    @Test
    void aChunkThatArrivesByteByByteIsTheSame() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            byte[] event =
                    utf8("data: " + ScriptedUpstream.Exchange.chunkJson("{\"content\":\"é👋\"}", "\"stop\"") + "\n\n");
            for (byte b : event) {
                exchange.raw("1\r\n");
                exchange.rawBytes(new byte[] {b});
                exchange.raw("\r\n");
            }
            exchange.done();
            exchange.end();
        });

        Part.Text text = assertInstanceOf(Part.Text.class, parts(request("m")).getFirst());

        assertTrue(text.data().contains("\"é👋\""), text.data());
    }

    @Test
    void aCompleteAnswerLeavesTheConnectionForTheNext() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.finish();
            exchange.done();
            Wait.let(Duration.ofMillis(50));
            exchange.end();
        });

        for (int i = 0; i < 3; i++) {
            parts(request("m"));
            Wait.let(Duration.ofMillis(
                    150)); // the upstream ends its response 50 ms after its last event; it has 250 ms for that
        }

        assertEquals(1, server.connections());
    }

    @Test
    void aConnectionThatIsHeldAfterTheEndIsClosed() throws Exception {
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        server.on("m", exchange -> {
            exchange.stream();
            exchange.finish();
            exchange.done();
            closed.complete(exchange.closedWithin(SOON));
        });

        assertInstanceOf(Part.Done.class, parts(request("m")).getLast());
        assertTrue(closed.get(5, TimeUnit.SECONDS));
    }

    @Test
    void aFinishedAnswerWithoutDoneIsComplete() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.text("x");
            exchange.finish();
            exchange.end();
        });

        assertInstanceOf(Part.Done.class, parts(request("m")).getLast());
    }

    @Test
    void aFinishedAnswerWhoseConnectionIsCutIsComplete() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.finish();
            exchange.cut();
        });

        assertInstanceOf(Part.Done.class, parts(request("m")).getLast());
    }

    @Test
    void anAnswerWithOneOfTwoChoicesFinishedIsCut() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.finish();
            exchange.end();
        });

        ChatRequest two = new ChatRequest(request("m").body(), "m", true, false, 2, "x");

        assertEquals(Cause.CUT, broken(two).cause());
    }

    @Test
    void aCleanEndWithoutFinishReasonIsNotComplete() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.text("half an answ");
            exchange.end();
        });

        assertEquals(Cause.CUT, broken(request("m")).cause());
    }

    @Test
    void aLoneDoneIsNotComplete() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.text("half an answ");
            exchange.done();
            exchange.end();
        });

        assertEquals(Cause.CUT, broken(request("m")).cause());
    }

    @ParameterizedTest
    @ValueSource(strings = {"data: {\"choices\":[{\"delta\":{\"content\":\"x", "data: {}", "data: {}\n", "da"})
    void aCutInsideAnEventIsNotComplete(String tail) throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.text("x");
            exchange.chunk(tail);
            exchange.cut();
        });

        Part.Broken broken = broken(request("m"));

        assertEquals(Cause.CUT, broken.cause());
        assertEquals(502, broken.error().status());
    }

    @Test
    void anErrorInTheStreamIsPassedOnAsItCameAndEndsIt() throws Exception {
        String error = "{ \"error\":{\"message\":\"out of memory\",\"type\":\"server_error\",\"code\":503},\"x\":1}";
        server.on("m", exchange -> {
            exchange.stream();
            exchange.text("x");
            exchange.data(error);
            exchange.done();
            exchange.end();
        });

        Part.Broken broken = broken(request("m"));

        assertEquals(Cause.UPSTREAM_ERROR, broken.cause());
        assertEquals(error, broken.error().json());
        assertEquals(503, broken.error().status());
    }

    @Test
    void anErrorEventWhoseTextIsNoJsonBecomesOne() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.chunk("event: error\ndata: it broke\n\n");
            exchange.end();
        });

        Part.Broken broken = broken(request("m"));

        assertEquals(Cause.UPSTREAM_ERROR, broken.cause());
        assertTrue(
                broken.error().json().startsWith("{\"error\":{\"message\":"),
                broken.error().json());
    }

    @Test
    void aPingIsNoPartOfTheAnswer() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.chunk("event: ping\ndata: {}\n\nevent: ping\ndata: \n\n");
            exchange.finish();
            exchange.done();
            exchange.end();
        });

        assertEquals(2, parts(request("m")).size());
    }

    @Test
    void garbageIsToldFromAStream() throws Exception {
        server.on("html", exchange -> {
            exchange.head(200, "Content-Type: text/html");
            exchange.chunk("<html><body>It works!</body></html>");
            exchange.end();
        });
        server.on("data", exchange -> {
            exchange.stream();
            exchange.data("hello");
            exchange.end();
        });

        assertEquals(Cause.CUT, broken(request("html")).cause());
        assertEquals(Cause.GARBAGE, broken(request("data")).cause());
    }

    @Test
    void anEventOfTenMegabytesIsRefusedAndTheConnectionClosed() throws Exception {
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        server.on("m", exchange -> {
            exchange.stream();
            try {
                exchange.chunk("data: ");
                for (int i = 0; i < 10; i++) {
                    exchange.chunk("x".repeat(1 << 20));
                }
            } catch (IOException hungUp) {
                closed.complete(true);
            }
            closed.complete(exchange.closedWithin(SOON));
        });

        Part.Broken broken = broken(request("m"));

        assertEquals(Cause.TOO_LARGE, broken.cause());
        assertTrue(closed.get(5, TimeUnit.SECONDS));
    }

    @Test
    void anAnswerWithoutEndIsEnded() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            while (true) {
                exchange.text("for ever and ever ".repeat(100));
            }
        });

        assertEquals(Cause.TOO_LARGE, broken(request("m")).cause());
    }

    @Test
    void anUpstreamThatFallsSilentIsGivenUp() throws Exception {
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        server.on("m", exchange -> {
            exchange.stream();
            exchange.text("x");
            closed.complete(exchange.closedWithin(Duration.ofSeconds(5)));
        });

        Part.Broken broken = broken(upstream(Duration.ofMillis(200)), request("m"));

        assertEquals(Cause.STALLED, broken.cause());
        assertEquals(504, broken.error().status());
        assertTrue(closed.get(5, TimeUnit.SECONDS));
    }

    @Test
    void headersAndThenNothingIsGivenUpToo() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.closedWithin(Duration.ofSeconds(5));
        });

        assertEquals(
                Cause.STALLED,
                broken(upstream(Duration.ofMillis(200)), request("m")).cause());
    }

    @Test
    void noHeadersAtAllIsATimeOut() throws Exception {
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        server.on("m", exchange -> closed.complete(exchange.closedWithin(Duration.ofSeconds(5))));

        assertThrows(
                HttpTimeoutException.class,
                () -> upstream(Duration.ofMillis(200)).ask(request("m")));
        assertTrue(closed.get(5, TimeUnit.SECONDS));
    }

    @Test
    void nobodyThereIsAnIoException() throws Exception {
        int port = server.baseUrl().getPort();
        server.close();
        HttpUpstream gone = new HttpUpstream(
                "gone",
                URI.create("http://127.0.0.1:" + port + "/v1"),
                null,
                List.of("m"),
                limits(SOON),
                client,
                clock);

        assertThrows(IOException.class, () -> gone.ask(request("m")));
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 404, 408, 409, 422, 429, 500, 503, 529})
    void aRefusalKeepsItsStatusItsJsonAndWhenToComeBack(int status) throws Exception {
        String json = "{\"error\": {\"message\":\"not like this\",\"type\":\"t\",\"param\":null,\"code\":\"c\"} }";
        server.on("m", exchange -> {
            exchange.head(
                    status, "Content-Type: application/json", "Retry-After: 7", "x-should-retry: false", "X-Own: 1");
            exchange.chunk(json);
            exchange.end();
        });

        ApiError error = refused(request("m"));

        assertEquals(status, error.status());
        assertEquals(json, error.json());
        assertEquals("{Retry-After=7, X-Should-Retry=false}", error.headers().toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void aWrongKeyIsOurFailureAndIsNotShown(int status) throws Exception {
        server.on("m", exchange -> {
            exchange.head(status, "Content-Type: application/json");
            exchange.chunk("{\"error\":{\"message\":\"Incorrect API key provided: " + KEY + "\"}}");
            exchange.end();
        });

        ApiError error = refused(request("m"));

        assertEquals(502, error.status());
        assertFalse(error.json().contains(KEY.substring(0, 10)), error.json());
        assertEquals("false", error.headers().get("x-should-retry"));
    }

    @Test
    void theKeyIsMaskedWhereverTheUpstreamQuotesIt() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.text("your key is " + KEY);
            exchange.data("{\"error\":{\"message\":\"bad " + KEY + "\"}}");
            exchange.end();
        });

        List<Part> parts = parts(request("m"));

        assertFalse(parts.toString().contains(KEY), parts.toString());
        assertTrue(parts.toString().contains("your key is …ghij"), parts.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "<html>Bad Gateway</html>", "{\"detail\":\"x\"}", "{\"error\":\"only text\"}"})
    void aRefusalOfAnotherShapeIsToldInOurs(String body) throws Exception {
        server.on("m", exchange -> {
            exchange.head(500, "Content-Type: text/html");
            if (!body.isEmpty()) {
                exchange.chunk(body);
            }
            exchange.end();
        });

        ApiError error = refused(request("m"));

        assertEquals(500, error.status());
        assertTrue(error.json().startsWith("{\"error\":{\"message\":\""), error.json());
    }

    @Test
    void aRefusalWithoutEndIsBounded() throws Exception {
        server.on("m", exchange -> {
            exchange.head(500, "Content-Type: text/plain");
            while (true) {
                exchange.chunk("x".repeat(10_000));
            }
        });

        assertEquals(500, refused(request("m")).status());
    }

    @Test
    void aRefusalThatDripsIsNotWaitedFor() throws Exception {
        server.on("m", exchange -> {
            exchange.head(500, "Content-Type: text/plain");
            while (true) {
                exchange.chunk("x");
                Wait.let(Duration.ofMillis(100));
            }
        });

        long start = System.nanoTime();

        assertEquals(500, refused(request("m")).status());
        assertTrue(System.nanoTime() - start < Duration.ofSeconds(10).toNanos(), "a byte now and then is no body");
    }

    @ParameterizedTest
    @ValueSource(ints = {304, 600, 999})
    void aStatusThatIsNoAnswerIsTheUpstreamsFault(int status) throws Exception {
        server.on("m", exchange -> {
            exchange.head(status);
            exchange.end();
        });

        assertEquals(502, refused(request("m")).status());
    }

    @Test
    void aHeaderOfARefusalIsPassedOnOnlyWhereItIsShortAndWithoutTheKey() throws Exception {
        server.on("m", exchange -> {
            exchange.head(429, "Retry-After: " + "7".repeat(20_000), "Retry-After-Ms: " + KEY, "X-Should-Retry: true");
            exchange.end();
        });

        assertEquals(
                "{Retry-After-Ms=…ghij, X-Should-Retry=true}",
                refused(request("m")).headers().toString());
    }

    @Test
    void whatAnUpstreamSaysInsteadOfHttpIsLoggedOnOneLineAndWithoutTheKey() throws Exception {
        server.on("m", exchange -> exchange.raw("HTTP/1.1 \u001b[2J" + KEY + "\r\n\r\n"));
        List<String> logged = new CopyOnWriteArrayList<>();
        Logger logger = Logger.getLogger("millrace.chat");
        Filter before = logger.getFilter();
        logger.setFilter(line -> {
            logged.add(line.getMessage());
            return false;
        });
        try {
            assertThrows(IOException.class, () -> upstream(SOON).ask(request("m")));
        } finally {
            logger.setFilter(before);
        }

        assertEquals(1, logged.size());
        assertFalse(logged.getFirst().contains(KEY), logged.getFirst());
        assertFalse(logged.getFirst().contains("\u001b"), logged.getFirst());
    }

    @Test
    void theFarewellOfOneAnswerDoesNotEndTheNextOnItsConnection() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.finish();
            exchange.done();
            exchange.end();
        });
        server.on("slow", exchange -> {
            exchange.stream();
            exchange.text("x");
            Wait.let(Duration.ofMillis(600));
            exchange.finish();
            exchange.done();
            exchange.end();
        });

        parts(request("m"));
        Wait.let(Duration.ofMillis(50));
        List<Part> parts = parts(request("slow"));

        assertInstanceOf(Part.Done.class, parts.getLast());
        assertEquals(1, server.connections());
    }

    @Test
    void aRedirectIsNotFollowed() throws Exception {
        server.on("m", exchange -> {
            exchange.head(307, "Location: http://127.0.0.1:9/v1/chat/completions");
            exchange.end();
        });

        assertEquals(502, refused(request("m")).status());
    }

    @Test
    void anInterruptClosesTheConnectionBeforeTheHeaders() throws Exception {
        assertAnInterruptCloses(exchange -> {});
    }

    @Test
    void anInterruptClosesTheConnectionBeforeTheFirstToken() throws Exception {
        assertAnInterruptCloses(ScriptedUpstream.Exchange::stream);
    }

    @Test
    void anInterruptClosesTheConnectionBetweenTokens() throws Exception {
        assertAnInterruptCloses(exchange -> {
            exchange.stream();
            exchange.text("x");
        });
    }

    private void assertAnInterruptCloses(ScriptedUpstream.Script beginning) throws Exception {
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        CountDownLatch begun = new CountDownLatch(1);
        server.on("m", exchange -> {
            beginning.play(exchange);
            begun.countDown();
            closed.complete(exchange.closedWithin(Duration.ofSeconds(5)));
        });
        AtomicReference<Throwable> end = new AtomicReference<>();
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                parts(request("m"));
            } catch (Throwable thrown) {
                end.set(thrown);
            }
        });
        assertTrue(begun.await(5, TimeUnit.SECONDS));
        Wait.let(Duration.ofMillis(
                100)); // lets the reader come to its wait; without it the test checks an earlier moment, no less

        long start = System.nanoTime();
        reader.interrupt();

        assertTrue(closed.get(5, TimeUnit.SECONDS));
        assertTrue(System.nanoTime() - start < SOON.toNanos(), "closed within a second");
        reader.join();
        assertInstanceOf(InterruptedException.class, end.get());
    }

    @Test
    void aReaderThatWaitsStopsTheUpstream() throws Exception {
        AtomicReference<Integer> sent = new AtomicReference<>(0);
        server.on("m", exchange -> {
            exchange.stream();
            while (true) {
                exchange.text("x".repeat(10_000));
                sent.updateAndGet(n -> n + 1);
            }
        });

        try (Answer answer = upstream(SOON).ask(request("m"))) {
            answer.next();
            int before;
            do {
                before = sent.get();
                Wait.let(Duration.ofMillis(300));
            } while (sent.get() > before);
            assertTrue(sent.get() < 1_500, sent.get() + " pieces of 10 kB were taken although nobody read");
        }
    }

    @Test
    void aWholeAnswerIsPassedOnAsItCame() throws Exception {
        String json = "\n\n{\"id\":\"x\", \"choices\":[{\"message\":{\"content\":\"é\"},\"finish_reason\":\"stop\"}]}";
        server.on("m", exchange -> {
            exchange.head(200, "Content-Type: application/json");
            exchange.chunk(json);
            exchange.end();
        });

        assertEquals(json, new String(upstream(SOON).askWhole(request("m")), StandardCharsets.UTF_8));
        assertEquals("application/json", server.await().headers().get("accept"));
    }

    private static final String TWO_CHUNKS =
            "data: " + ScriptedUpstream.Exchange.chunkJson("{\"content\":\"é👋\"}", "null") + "\n\ndata: "
                    + ScriptedUpstream.Exchange.chunkJson("{}", "\"stop\"") + "\n\ndata: [DONE]\n\n";

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "X-GZIP", "deflate", "deflate without its header", "identity"})
    void aCompressedAnswerThatNobodyAskedForIsReadAsItArrives(String encoding) throws Exception {
        CountDownLatch firstIsRead = new CountDownLatch(1);
        server.on("m", exchange -> {
            exchange.head(200, "Content-Type: text/event-stream", "Content-Encoding: " + encoding.split(" ", 2)[0]);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (OutputStream compressed = compressing(encoding, bytes)) {
                int half = TWO_CHUNKS.indexOf("\n\n") + 2;
                compressed.write(utf8(TWO_CHUNKS.substring(0, half)));
                compressed.flush();
                for (byte b : bytes.toByteArray()) {
                    exchange.chunkBytes(new byte[] {b});
                }
                bytes.reset();
                assertTrue(firstIsRead.await(10, TimeUnit.SECONDS), "what was flushed is there at once");
                compressed.write(utf8(TWO_CHUNKS.substring(half)));
            }
            exchange.chunkBytes(bytes.toByteArray());
            exchange.end();
        });

        try (Answer answer = upstream(Duration.ofSeconds(10)).ask(request("m"))) {
            var checked = new CheckedAnswer(answer, 1, 1_000_000);
            assertTrue(assertInstanceOf(Part.Text.class, checked.next()).data().contains("é👋"));
            firstIsRead.countDown();
            assertInstanceOf(Part.Text.class, checked.next());
            assertInstanceOf(Part.Done.class, checked.next());
        }
    }

    @Test
    void aCompressedAnswerThatIsCutIsCut() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream compressed = compressing("gzip", bytes)) {
            compressed.write(utf8(TWO_CHUNKS));
        }
        server.on("m", exchange -> {
            exchange.head(200, "Content-Type: text/event-stream", "Content-Encoding: gzip");
            exchange.chunkBytes(Arrays.copyOf(bytes.toByteArray(), 30));
            exchange.end();
        });

        assertEquals(Cause.CUT, broken(request("m")).cause());
    }

    @Test
    void aCompressedWholeAnswerAndACompressedRefusalAreRead() throws Exception {
        String json = "{\"error\":{\"message\":\"né\",\"type\":\"t\",\"param\":null,\"code\":null}}";
        for (int status : List.of(200, 400)) {
            server.on("m", exchange -> {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                try (OutputStream compressed = compressing("gzip", bytes)) {
                    compressed.write(utf8(json));
                }
                exchange.head(status, "Content-Type: application/json", "Content-Encoding: gzip");
                exchange.chunkBytes(bytes.toByteArray());
                exchange.end();
            });
            String read = status == 200
                    ? new String(upstream(SOON).askWhole(request("m")), StandardCharsets.UTF_8)
                    : refused(request("m")).json();
            assertEquals(json, read);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"br", "zstd", "gzip, gzip"})
    void anEncodingThatCannotBeReadIsNamed(String encoding) throws Exception {
        server.on("m", exchange -> {
            exchange.head(200, "Content-Type: text/event-stream", "Content-Encoding: " + encoding);
            exchange.chunk("whatever");
            exchange.end();
        });

        ApiError error = refused(request("m"));

        assertEquals(502, error.status());
        assertTrue(error.json().contains("\"code\":\"upstream_encoding\""), error.json());
    }

    private static OutputStream compressing(String encoding, OutputStream to) throws IOException {
        return switch (encoding) {
            case "gzip", "X-GZIP" -> new GZIPOutputStream(to, true);
            case "identity" -> to;
            case "deflate" -> new DeflaterOutputStream(to, true);
            default -> new DeflaterOutputStream(to, new Deflater(Deflater.DEFAULT_COMPRESSION, true), 512, true);
        };
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "application/json | {\"error\":{\"message\":\"no such\",\"type\":\"t\",\"code\":404}}    | 404 | no such",
                "text/event-stream | {\"error\":{\"message\":\"busy\",\"code\":\"429\"}}                   | 429 | busy",
                "application/json | {\"error\":{\"message\":\"odd\",\"code\":\"model_gone\"}}              | 502 | odd",
                "application/json | {\"error\":\"only text\"}                                              | 502 | only text",
                "application/json | {\"object\":\"error\",\"message\":\"too long\",\"code\":400}           | 400 | too long",
                "application/json | {\"id\":\"x\",\"choices\":[{\"message\":{\"content\":\"hello\"}}]}       | 502 | JSON where a stream",
                "text/plain       | [1]                                                                    | 502 | JSON where a stream",
            })
    void jsonInsteadOfAStreamIsTheErrorThatItIs(String type, String json, int status, String message) throws Exception {
        server.on("m", exchange -> {
            exchange.head(200, "Content-Type: " + type);
            exchange.chunk("\r\n \n");
            for (byte b : utf8(json)) {
                exchange.chunkBytes(new byte[] {b});
            }
            exchange.end();
        });

        ApiError error = broken(request("m")).error();

        assertEquals(status, error.status());
        assertTrue(error.json().startsWith("{\"error\":{"), error.json());
        assertTrue(error.json().contains(message), error.json());
    }

    @Test
    void whoIsToEndSoonIsNotWaitedForWhateverSignsOfLifeThereAre() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.finish();
            try {
                while (true) {
                    exchange.chunk(": still here\n\nevent: ping\ndata: {}\n\n");
                }
            } catch (IOException closed) {
                // as it should be
            }
        });
        try (Answer answer = upstream(Duration.ofSeconds(20)).ask(request("m"))) {
            answer.next();
            answer.endWithin(Duration.ofMillis(50));
            assertThrows(HttpTimeoutException.class, () -> {
                while (true) {
                    answer.next();
                }
            });
        }
    }

    @Test
    void aWholeAnswerIsBounded() throws Exception {
        server.on("m", exchange -> {
            exchange.head(200, "Content-Type: application/json");
            while (true) {
                exchange.chunk(" ".repeat(10_000));
            }
        });

        assertThrows(IOException.class, () -> upstream(SOON).askWhole(request("m")));
    }

    @Test
    void anEventThatIsTooLargeIsNamedAsSuch() throws Exception {
        server.on("m", exchange -> {
            exchange.stream();
            exchange.data("x".repeat(200_000));
            exchange.end();
        });

        try (Answer answer = upstream(SOON).ask(request("m"))) {
            assertThrows(EventTooLargeException.class, answer::next);
        }
    }

    private HttpUpstream upstream(Duration silence) {
        return new HttpUpstream(
                "test", server.baseUrl(), new Secret(KEY), List.of("m"), limits(silence), client, clock);
    }

    private static HttpUpstream.Limits limits(Duration silence) {
        return new HttpUpstream.Limits(silence, 100_000, 1_000_000);
    }

    private List<Part> parts(ChatRequest request) throws Exception {
        return parts(upstream(Duration.ofSeconds(10)), request);
    }

    private static List<Part> parts(Upstream upstream, ChatRequest request) throws Exception {
        List<Part> parts = new ArrayList<>();
        try (Answer answer = upstream.ask(request)) {
            CheckedAnswer checked = new CheckedAnswer(answer, request.choices(), 1_000_000);
            do {
                parts.add(checked.next());
            } while (parts.getLast() instanceof Part.Text);
            if (parts.getLast() instanceof Part.Done) {
                answer.finish();
            }
        }
        return parts;
    }

    private Part.Broken broken(ChatRequest request) throws Exception {
        return broken(upstream(Duration.ofSeconds(10)), request);
    }

    private static Part.Broken broken(Upstream upstream, ChatRequest request) throws Exception {
        return assertInstanceOf(Part.Broken.class, parts(upstream, request).getLast());
    }

    private ApiError refused(ChatRequest request) {
        return assertThrows(RefusedException.class, () -> upstream(SOON).ask(request))
                .error();
    }

    private static ChatRequest request(String model) {
        return ChatRequest.streamOf(model, null, "x");
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
