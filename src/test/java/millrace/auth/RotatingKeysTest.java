package millrace.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JWSHeader;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import millrace.harness.Wait;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RotatingKeysTest {

    private static final Duration LONG = Duration.ofHours(1);
    private static final Set<String> HS256 = Set.of("HS256");
    private static final String BAD = "bad";
    private static final String UNEXPECTED = "unexpected";

    /** What the next fetches bring; an empty queue makes the fetch wait. */
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

    private final AtomicInteger fetches = new AtomicInteger();

    @Test
    void beforeTheFirstKeysTheAnswerIsToTryAgain() throws Exception {
        try (RotatingKeys keys = keys(LONG, LONG)) {
            AccessException refusal = assertThrows(AccessException.class, () -> keys.candidates(header("a")));
            assertEquals(503, refusal.problem().status());
            answers.add(key("a"));
            assertEquals(1, awaitCandidates(keys, "a"));
        }
    }

    @Test
    void anUnknownKeyIdCausesOneEarlyFetchAndThenNoneUntilThePauseIsOver() throws Exception {
        answers.add(key("a"));
        try (RotatingKeys keys = keys(LONG, Duration.ofMillis(1))) {
            assertEquals(1, awaitCandidates(keys, "a"));
            answers.add(key("b"));
            assertEquals(1, awaitCandidates(keys, "b"));
            assertEquals(1, keys.candidates(header("b")).size());
        }
        fetches.set(0);
        answers.clear();
        answers.add(key("a"));
        try (RotatingKeys keys = keys(LONG, LONG)) {
            assertEquals(1, awaitCandidates(keys, "a"));
            awaitPause(keys);
            for (int i = 0; i < 1_000; i++) {
                assertEquals(0, keys.candidates(header("invented" + i)).size());
            }
            assertEquals(1, fetches.get());
        }
    }

    @Test
    void keysAreFetchedAgainAtIntervalsAndOldOnesGo() throws Exception {
        answers.add(key("a"));
        answers.add(key("b"));
        try (RotatingKeys keys = keys(Duration.ofMillis(2), Duration.ofMillis(1))) {
            assertEquals(1, awaitCandidates(keys, "b"));
            assertFalse(holds(keys, "a"));
        }
    }

    @Test
    void anOutageKeepsTheLastGoodKeys() throws Exception {
        answers.add(key("a"));
        try (RotatingKeys keys = keys(Duration.ofMillis(2), Duration.ofMillis(1))) {
            assertEquals(1, awaitCandidates(keys, "a"));
            for (int i = 0; i < 5; i++) {
                answers.add(BAD);
                answers.add("this is no JWK set");
                answers.add("{\"keys\":[]}");
            }
            Wait.until("16 fetches", () -> fetches.get() >= 16);
            assertTrue(holds(keys, "a"));
            answers.add(key("b"));
            assertEquals(1, awaitCandidates(keys, "b"));
        }
    }

    @Test
    void aFetchThatFailsInAnUnexpectedWayIsNotTheLast() throws Exception {
        answers.add(key("a"));
        try (RotatingKeys keys = keys(LONG, Duration.ofMillis(1))) {
            assertEquals(1, awaitCandidates(keys, "a"));
            answers.add(UNEXPECTED);
            answers.add(key("b"));
            assertEquals(1, awaitCandidates(keys, "b"));
        }
    }

    @Test
    void afterTheCloseNothingIsFetched() throws Exception {
        answers.add(key("a"));
        RotatingKeys keys = keys(LONG, Duration.ofMillis(1));
        assertEquals(1, awaitCandidates(keys, "a"));
        keys.close();
        keys.close();
        answers.add(key("b"));
        holds(keys, "b");
        assertEquals(1, fetches.get());
        assertTrue(holds(keys, "a"));
    }

    @Test
    void aTokenOfAKeyThatHasGoneIsInvalidThoughItWasVerifiedBefore() throws Exception {
        Signer gone = Signer.secret("HS256", "g".repeat(32));
        Signer stays = Signer.secret("HS256", "s".repeat(32));
        List<VerificationKey> given = new ArrayList<>(KeyReader.given(gone.jwk(""), HS256, true));
        given.addAll(KeyReader.given(stays.jwk(""), HS256, true));
        TokenReader reader = new TokenReader(
                new TokenReader.Keys(
                        header -> given, header -> given, Map.of(), EnumSet.allOf(Dialect.class), null, null, null),
                TestHub.CLOCK);
        String token = gone.sign("{}");
        reader.read(token, Purpose.PUBLISH);
        reader.read(token, Purpose.PUBLISH);
        given.removeFirst();
        assertThrows(AccessException.class, () -> reader.read(token, Purpose.PUBLISH));
        reader.read(stays.sign("{}"), Purpose.PUBLISH);
    }

    @Test
    void aTokenThatWasVerifiedBeforeStillExpires() throws Exception {
        AtomicReference<Instant> now = new AtomicReference<>(TestHub.NOW);
        try (Authenticator hub =
                Authenticator.open(TestHub.config("millrace.hub.publisher-key", TestHub.SECRET), now::get, null)) {
            AccessRequest request = TestHub.bearer(TestHub.HS256.sign("{\"exp\":" + TestHub.LATER + "}"));
            hub.authenticate(request, Purpose.PUBLISH);
            now.set(Instant.ofEpochSecond(TestHub.LATER));
            assertThrows(AccessException.class, () -> hub.authenticate(request, Purpose.PUBLISH));
        }
    }

    @Test
    void secretsInAPublishedSetAreIgnored() {
        assertThrows(IllegalArgumentException.class, () -> KeyReader.published(key("a"), HS256));
        assertEquals(1, KeyReader.given(key("a"), HS256, true).size());
    }

    @Test
    void unusableKeysInASetAreSkipped() throws Exception {
        String set = "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"},{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAA\"},"
                + Signer.pair("ES256").jwk(",\"use\":\"enc\"") + ","
                + Signer.pair("ES256").jwk(",\"kid\":\"good\"") + "]}";
        assertEquals(1, KeyReader.published(set, Set.of("ES256", "HS256")).size());
    }

    @Test
    void aUrlIsReadWithinBoundsAndWithoutRedirects() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/good", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write("the keys".getBytes(StandardCharsets.UTF_8));
            exchange.close();
        });
        server.createContext("/moved", exchange -> {
            exchange.getResponseHeaders().add("Location", "/good");
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        });
        server.createContext("/endless", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] block = new byte[8192];
            try {
                while (true) {
                    exchange.getResponseBody().write(block);
                }
            } catch (IOException gone) {
                exchange.close();
            }
        });
        server.start();
        try {
            URI base = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
            assertEquals("the keys", KeyFetch.url(base.resolve("/good")).get());
            assertThrows(
                    IOException.class,
                    () -> KeyFetch.url(base.resolve("/moved")).get());
            assertThrows(
                    IOException.class,
                    () -> KeyFetch.url(base.resolve("/endless")).get());
            assertThrows(
                    IOException.class, () -> KeyFetch.url(base.resolve("/none")).get());
        } finally {
            server.stop(0);
        }
    }

    private RotatingKeys keys(Duration interval, Duration pause) {
        return new RotatingKeys(
                "a test",
                () -> {
                    String answer = answers.take();
                    fetches.incrementAndGet();
                    if (answer.equals(BAD)) {
                        throw new IOException("an outage");
                    }
                    if (answer.equals(UNEXPECTED)) {
                        // as HttpClient does where the process may open no more files
                        throw new UncheckedIOException(new IOException("too many open files"));
                    }
                    return answer;
                },
                text -> KeyReader.given(text, HS256, true),
                interval,
                pause);
    }

    /** A token that names the key asks for a fetch each time, as requests do. */
    private static int awaitCandidates(RotatingKeys keys, String id) throws Exception {
        Wait.until("the key " + id, () -> holds(keys, id));
        return 1;
    }

    /** Until an unknown id is answered at once. */
    private static void awaitPause(RotatingKeys keys) throws Exception {
        Wait.until("an answer at once", () -> {
            try {
                keys.candidates(header("unknown"));
                return true;
            } catch (AccessException tryAgain) {
                return false;
            }
        });
    }

    private static boolean holds(RotatingKeys keys, String id) {
        try {
            return !keys.candidates(header(id)).isEmpty();
        } catch (AccessException tryAgain) {
            return false;
        }
    }

    private static JWSHeader header(String id) {
        try {
            return JWSHeader.parse("{\"alg\":\"HS256\",\"kid\":\"" + id + "\"}");
        } catch (ParseException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static String key(String id) {
        return "{\"keys\":[" + Signer.secret("HS256", "s".repeat(32)).jwk(",\"kid\":\"" + id + "\"") + "]}";
    }
}
