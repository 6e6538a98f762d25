package millrace.stream;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import millrace.config.Config;
import millrace.harness.Wait;
import millrace.metrics.Metrics;
import millrace.problem.ProblemException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The body is played piece by piece; like Tomcat, the stream calls one byte available until it is asked for some. */
class RequestBodyTest {

    private final StreamEngine engine =
            new StreamEngine(Config.load(new Properties(), Map.of(), Map.of()), new Metrics());
    private final Map<String, Object> attributes = new ConcurrentHashMap<>();
    private final CountDownLatch dispatched = new CountDownLatch(1);

    /** What happened to the request, in order. */
    private final Queue<String> steps = new ConcurrentLinkedQueue<>();

    private AsyncListener listener;
    private HttpServletResponse response;

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
        assertArrayEquals(
                new byte[0], (byte[]) attributes.get("millrace.body"), "held as long as the stream that is opened");
        assertFalse(RequestBody.isUnread(request));
    }

    @Test
    void aBodyOfUnknownLengthMayBeAsLongAsTheLimitAndNotOneByteLonger() throws Exception {
        HttpServletRequest request = request(-1, new Body(false, "0123", "4567"));
        assertNull(RequestBody.readOrComeBack(request, engine, 7));
        assertTrue(dispatched.await(5, TimeUnit.SECONDS));
        assertThrows(ProblemException.class, () -> RequestBody.readOrComeBack(request, engine, 7));
    }

    @Test
    void aSenderThatTakesTooLongIsRefusedAlthoughItSendsAByteNowAndThen() throws Exception {
        HttpServletRequest request = request(-1, new Body(false, "0".repeat(200).split("(?<=0)")));
        assertNull(RequestBody.readOrComeBack(request, engine, 1000, Duration.ofMillis(50)));
        assertTrue(dispatched.await(5, TimeUnit.SECONDS));
        assertThrows(ProblemException.class, () -> RequestBody.readOrComeBack(request, engine, 1000));
    }

    /** An empty answer with status 200 would tell a publisher that its update is safe. */
    @Test
    void aBodyThatNeverComesIsRefused() throws Exception {
        var body = new Body(false, "never");
        HttpServletRequest request = request(-1, body);
        body.holdUp = new CountDownLatch(1);
        assertNull(RequestBody.readOrComeBack(request, engine, 1000));
        AtomicInteger status = new AtomicInteger(200);
        response = proxy(HttpServletResponse.class, (name, arguments) -> switch (name) {
            case "isCommitted" -> false;
            case "setStatus" -> {
                status.set((int) arguments[0]);
                yield null;
            }
            case "getOutputStream" -> new Sent();
            default -> null;
        });
        listener.onTimeout(new AsyncEvent(context));
        assertEquals(400, status.get());
        body.holdUp.countDown();
        assertFalse(dispatched.await(200, TimeUnit.MILLISECONDS), "an ended request was dispatched");
    }

    /** The container recycles the request behind the callback: a thread of ours would read another user's. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aRequestIsNotEndedWhileAThreadIsInsideARead(boolean timeout) throws Exception {
        var body = new Body(false, "never");
        HttpServletRequest request = request(-1, body);
        body.holdUp = new CountDownLatch(1);
        body.ignoresInterrupts = true;
        assertNull(RequestBody.readOrComeBack(request, engine, 1000));
        assertTrue(body.isInside.await(20, TimeUnit.SECONDS));
        response = proxy(HttpServletResponse.class, (name, arguments) -> switch (name) {
            case "isCommitted" -> false;
            case "getOutputStream" -> {
                steps.add("answered");
                yield new Sent();
            }
            default -> null;
        });
        Thread container = new Thread(() -> {
            try {
                if (timeout) {
                    listener.onTimeout(new AsyncEvent(context));
                } else {
                    listener.onError(new AsyncEvent(context));
                }
            } catch (IOException wrong) {
                steps.add(wrong.toString());
            }
        });
        container.start();
        while (container.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        body.holdUp.countDown();
        container.join();
        assertEquals(
                timeout ? List.of("read", "answered", "complete") : List.of("read", "complete"), List.copyOf(steps));
    }

    /** The servlet is called again and answers; nobody else may. */
    @Test
    void aBodyThatCameJustBeforeTheTimeWasOverIsNotRefused() throws Exception {
        HttpServletRequest request = request(8, new Body(true, "012", "34567"));
        assertNull(RequestBody.readOrComeBack(request, engine, 8));
        assertTrue(dispatched.await(20, TimeUnit.SECONDS));
        listener.onTimeout(new AsyncEvent(context)); // there is no response to be asked for
        assertEquals(List.of("dispatch"), List.copyOf(steps));
        assertEquals("01234567", text(RequestBody.readOrComeBack(request, engine, 8)));
    }

    /** Else it would stay open until its time is over: two minutes, in which its client cannot publish. */
    @Test
    void aRequestThatComesWhileTheApplicationEndsIsToldSo() throws Exception {
        engine.close();
        HttpServletRequest request = request(-1, new Body(false, "0123"));
        assertNull(RequestBody.readOrComeBack(request, engine, 10));
        assertTrue(dispatched.await(5, TimeUnit.SECONDS));
        var refused = assertThrows(ProblemException.class, () -> RequestBody.readOrComeBack(request, engine, 10));
        assertEquals(503, refused.problem().status());
        assertEquals(Duration.ofSeconds(5), refused.retryAfter());
    }

    /** The same for one that is in the middle of it. */
    @Test
    void aRequestWhoseBodyIsOnItsWayWhenTheApplicationEndsIsToldSo() throws Exception {
        var body = new Body(false, "never");
        HttpServletRequest request = request(-1, body);
        body.holdUp = new CountDownLatch(1);
        assertNull(RequestBody.readOrComeBack(request, engine, 10));
        engine.close();
        assertTrue(dispatched.await(5, TimeUnit.SECONDS));
        var refused = assertThrows(ProblemException.class, () -> RequestBody.readOrComeBack(request, engine, 10));
        assertEquals(503, refused.problem().status());
    }

    private static String text(byte[] body) {
        return new String(body, US_ASCII);
    }

    private static final class Sent extends ServletOutputStream {
        @Override
        public void write(int b) {}

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            throw new IllegalStateException();
        }
    }

    /** The first piece is here, unless that is false; the others are read by whoever waits for them. */
    private final class Body extends ServletInputStream {
        private final String[] pieces;
        private final boolean firstIsHere;
        private int piece;
        private int at;

        /** Until this opens nothing comes. */
        private volatile CountDownLatch holdUp = new CountDownLatch(0);

        private volatile boolean ignoresInterrupts;
        private final CountDownLatch isInside = new CountDownLatch(1);

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
        public int read(byte[] to, int from, int length) throws IOException {
            isInside.countDown();
            if (ignoresInterrupts) {
                while (holdUp.getCount() > 0) {
                    Thread.onSpinWait();
                }
                steps.add("read");
                return -1;
            }
            try {
                holdUp.await();
                Wait.let(Duration.ofMillis(pieces.length > 100 ? 5 : 0));
            } catch (InterruptedException stopped) {
                throw new InterruptedIOException(); // as Tomcat and Jetty do
            }
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
        public int read() throws IOException {
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

    private final AsyncContext context = proxy(AsyncContext.class, (name, arguments) -> {
        if (name.equals("complete") || name.equals("dispatch")) {
            steps.add(name);
        }
        if (name.equals("dispatch")) {
            dispatched.countDown();
        } else if (name.equals("addListener")) {
            listener = (AsyncListener) arguments[0];
        }
        return name.equals("getResponse") ? response : null;
    });

    private HttpServletRequest request(long length, Body body) {
        return proxy(HttpServletRequest.class, (name, arguments) -> switch (name) {
            case "getContentLengthLong" -> length;
            case "getHeader" -> length < 0 && arguments[0].equals("Transfer-Encoding") ? "chunked" : null;
            case "getProtocol" -> "HTTP/1.1";
            case "getInputStream" -> body;
            case "getAttribute" -> attributes.get(arguments[0]);
            case "setAttribute" -> attributes.put((String) arguments[0], arguments[1]);
            case "startAsync" -> context;
            case "getServletContext" -> proxy(ServletContext.class, (asked, none) -> "Jetty/12");
            default -> throw new UnsupportedOperationException(name);
        });
    }

    interface Answer {
        Object to(String method, Object[] arguments);
    }

    static <T> T proxy(Class<T> type, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) -> answer.to(method.getName(), arguments)));
    }
}
