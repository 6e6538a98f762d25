package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Publisher's answers between our thread and the container's, with the moments chosen. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LateAnswerTest {

    private static final Duration LONG = Duration.ofHours(1);
    private static final LateAnswer.Body ACKNOWLEDGED = to -> HubServlet.acknowledge(to, "urn:x:1");

    /** What was called on the response and the context, by name. */
    private final List<String> calls = new CopyOnWriteArrayList<>();

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    /** Called within the write. */
    private volatile Runnable duringWrite = () -> {};

    private final AsyncContext context = (AsyncContext) Proxy.newProxyInstance(
            getClass().getClassLoader(), new Class<?>[] {AsyncContext.class}, (proxy, method, arguments) -> {
                calls.add(method.getName());
                return null;
            });

    private final HttpServletResponse response = (HttpServletResponse) Proxy.newProxyInstance(
            getClass().getClassLoader(), new Class<?>[] {HttpServletResponse.class}, (proxy, method, arguments) -> {
                calls.add(method.getName());
                return switch (method.getName()) {
                    case "getOutputStream" -> new Output();
                    case "isCommitted" -> false;
                    default -> null;
                };
            });

    private final class Output extends ServletOutputStream {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            duringWrite.run();
            written.write(bytes, from, length);
        }

        @Override
        public void flush() {
            calls.add("flush");
        }

        @Override
        public void close() {
            calls.add("close");
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            throw new IllegalStateException("it is written as a whole");
        }
    }

    private interface Played {
        Object answer(String method, Object[] arguments);
    }

    private HttpServletRequest request(Played played) {
        return (HttpServletRequest) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {HttpServletRequest.class},
                (self, method, arguments) -> played.answer(method.getName(), arguments));
    }

    private LateAnswer answer(Duration writerWait) {
        return new LateAnswer(context, response, HubServlet::sendUnavailable, writerWait);
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException stopped) {
            throw new IllegalStateException(stopped);
        }
    }

    private long completions() {
        return calls.stream().filter("complete"::equals).count();
    }

    /**
     * What we call is what fills a buffer: the container's own thread sends it when we have completed, and so no thread of
     * ours can fail in the middle of Tomcat's (0090).
     */
    @Test
    void theAnswerIsLeftInTheBufferAndCompletedOnce() {
        answer(LONG).give(ACKNOWLEDGED);
        assertEquals("urn:x:1", written.toString(UTF_8));
        assertFalse(calls.contains("flush") || calls.contains("flushBuffer") || calls.contains("close"), "" + calls);
        assertEquals("complete", calls.getLast());
        assertEquals(1, completions());
    }

    /** The container's thread comes while ours is stuck in a write: it neither writes too nor waits for ever. */
    @Test
    void whoEndsTheRequestDuringAWriteWaitsForABoundedTime() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        duringWrite = () -> {
            writing.countDown();
            awaitUninterruptibly(goOn);
        };
        var answer = answer(Duration.ofMillis(50));
        Thread ours = Thread.ofVirtual().start(() -> answer.give(ACKNOWLEDGED));
        writing.await();
        answer.timedOut(context); // returns although the other one writes
        long begin = System.nanoTime();
        answer.failed(new AsyncEvent(context, null, response));
        assertTrue(System.nanoTime() - begin >= Duration.ofMillis(50).toNanos(), "it gave the writer its time");
        assertEquals(0, completions(), "nobody completes beside the writer");
        goOn.countDown();
        ours.join();
        assertEquals("urn:x:1", written.toString(UTF_8));
        assertEquals(1, completions());
    }

    @Test
    void whoEndsTheRequestWaitsUntilTheWriterHasLeftTheResponse() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        duringWrite = () -> {
            writing.countDown();
            awaitUninterruptibly(goOn);
        };
        var answer = answer(LONG);
        Thread ours = Thread.ofVirtual().start(() -> answer.give(ACKNOWLEDGED));
        writing.await();
        CountDownLatch ended = new CountDownLatch(1);
        Thread containers = Thread.ofPlatform().start(() -> {
            answer.failed(new AsyncEvent(context, null, response));
            assertEquals("urn:x:1", written.toString(UTF_8));
            ended.countDown();
        });
        while (containers.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        assertEquals(1, ended.getCount());
        goOn.countDown();
        ended.await();
        containers.join();
        ours.join();
    }

    /** Some containers call their listeners from within the call that fails. */
    @Test
    void anErrorFromWithinOurOwnWriteDoesNotWaitForItself() {
        var answer = answer(LONG);
        duringWrite = () -> answer.failed(new AsyncEvent(context, null, response));
        answer.give(ACKNOWLEDGED);
        assertEquals(1, completions());
    }

    /** A long answer may block its writer: that is the container's thread, which comes back for it. */
    @Test
    void aLongAnswerIsSentWhenTheContainerHasComeBackForIt() throws Exception {
        Map<String, Object> attributes = new HashMap<>();
        HttpServletRequest request = request((name, arguments) -> switch (name) {
            case "setAttribute" -> attributes.put((String) arguments[0], arguments[1]);
            case "getAttribute" -> attributes.get((String) arguments[0]);
            default -> throw new UnsupportedOperationException(name);
        });
        assertFalse(LateAnswer.isSent(request, response));
        LateAnswer answer = answer(LONG);
        answer.giveByContainer(request, ACKNOWLEDGED);
        assertEquals(List.of("dispatch"), calls);
        answer.timedOut(context); // it has been answered
        assertTrue(LateAnswer.isSent(request, response));
        assertEquals("urn:x:1", written.toString(UTF_8));
        assertEquals(0, completions());
    }

    @Test
    void whoHasGoneIsNotComeBackFor() {
        LateAnswer answer = answer(LONG);
        answer.failed(new AsyncEvent(context, null, response));
        calls.clear();
        answer.giveByContainer(request((name, arguments) -> null), ACKNOWLEDGED);
        assertEquals(List.of(), calls);
    }

    @Test
    void afterTheEndNobodyTouchesTheResponse() {
        var ended = answer(LONG);
        ended.failed(new AsyncEvent(context, null, response));
        assertEquals(List.of("complete"), calls);
        calls.clear();
        ended.give(ACKNOWLEDGED);
        ended.timedOut(context);
        var complete = answer(LONG);
        complete.completed();
        complete.give(ACKNOWLEDGED);
        assertEquals(List.of(), calls);
    }

    @Test
    void aPublisherThatGetsNoAnswerInTimeIsTold() {
        answer(LONG).timedOut(context);
        assertTrue(written.toString(UTF_8).contains("\"status\":503"), written.toString(UTF_8));
        assertTrue(calls.contains("setHeader"), "" + calls);
        assertEquals(1, completions());
    }
}
