package millrace.stream;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import millrace.config.Config;
import millrace.metrics.Metrics;
import millrace.problem.ProblemException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The body is played piece by piece; like Tomcat, the stream calls one byte available until it is asked for some. */
class RequestBodyTest {

    private final StreamEngine engine =
            new StreamEngine(Config.load(new Properties(), Map.of(), Map.of()), new Metrics());
    private final Map<String, Object> attributes = new ConcurrentHashMap<>();
    private final CountDownLatch dispatched = new CountDownLatch(1);

    @AfterEach
    void close() {
        engine.close();
    }

    @Test
    void aBodyThatCameWithTheHeadersIsReadAtOnce() throws Exception {
        HttpServletRequest request = request(8, new Body(true, "01234567"));
        assertEquals("01234567", text(RequestBody.readOrComeBack(request, engine, 8)));
        assertEquals(1, dispatched.getCount());
    }

    @Test
    void aBodyThatIsHereInPartIsWaitedForElsewhereAndComesWhole() throws Exception {
        HttpServletRequest request = request(8, new Body(true, "012", "345", "67"));
        assertNull(RequestBody.readOrComeBack(request, engine, 8));
        assertTrue(dispatched.await(5, TimeUnit.SECONDS));
        assertEquals("01234567", text(RequestBody.readOrComeBack(request, engine, 8)));
    }

    @Test
    void aBodyOfUnknownLengthMayBeAsLongAsTheLimitAndNotOneByteLonger() throws Exception {
        HttpServletRequest request = request(-1, new Body(false, "0123", "4567"));
        assertNull(RequestBody.readOrComeBack(request, engine, 7));
        assertTrue(dispatched.await(5, TimeUnit.SECONDS));
        assertThrows(ProblemException.class, () -> RequestBody.readOrComeBack(request, engine, 7));
    }

    private static String text(byte[] body) {
        return new String(body, US_ASCII);
    }

    /** The first piece is here, unless that is false; the others are read by whoever waits for them. */
    private static final class Body extends ServletInputStream {
        private final String[] pieces;
        private final boolean firstIsHere;
        private int piece;
        private int at;

        Body(boolean firstIsHere, String... pieces) {
            this.firstIsHere = firstIsHere;
            this.pieces = pieces;
        }

        @Override
        public int available() {
            boolean here = piece == 0 && firstIsHere && at < pieces[0].length();
            return here ? at == 0 ? 1 : pieces[0].length() - at : 0;
        }

        @Override
        public int read(byte[] to, int from, int length) {
            while (piece < pieces.length && at == pieces[piece].length()) {
                piece++;
                at = 0;
            }
            if (piece == pieces.length) {
                return -1;
            }
            int count = Math.min(length, pieces[piece].length() - at);
            System.arraycopy(pieces[piece].getBytes(US_ASCII), at, to, from, count);
            at += count;
            return count;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0];
        }

        @Override
        public boolean isFinished() {
            return piece == pieces.length;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setReadListener(ReadListener listener) {
            throw new IllegalStateException();
        }
    }

    private HttpServletRequest request(long length, Body body) {
        AsyncContext context = proxy(AsyncContext.class, (name, arguments) -> {
            if (name.equals("dispatch")) {
                dispatched.countDown();
            }
            return null;
        });
        return proxy(HttpServletRequest.class, (name, arguments) -> switch (name) {
            case "getContentLengthLong" -> length;
            case "getHeader" -> length < 0 && arguments[0].equals("Transfer-Encoding") ? "chunked" : null;
            case "getProtocol" -> "HTTP/1.1";
            case "getInputStream" -> body;
            case "getAttribute" -> attributes.get(arguments[0]);
            case "setAttribute" -> attributes.put((String) arguments[0], arguments[1]);
            case "startAsync" -> context;
            default -> throw new UnsupportedOperationException(name);
        });
    }

    private interface Answer {
        Object to(String method, Object[] arguments);
    }

    private static <T> T proxy(Class<T> type, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) -> answer.to(method.getName(), arguments)));
    }
}
