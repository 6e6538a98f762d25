package millrace.stream;

import static millrace.stream.RequestBodyTest.proxy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import millrace.config.Config;
import millrace.log.CloseReason;
import millrace.metrics.Metrics;
import millrace.problem.ProblemException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A stream whose opening fails at one of its steps. An address may have one stream here. */
class OpeningTest {

    private final StreamEngine engine = new StreamEngine(Config.load(settings(), Map.of(), Map.of()), new Metrics());
    private final RuntimeException failure = new IllegalStateException("on purpose");
    private final AtomicInteger completed = new AtomicInteger();
    private String failing = "";
    private String server = "Jetty/12";
    private volatile boolean ready;
    private AsyncListener listener;

    @AfterEach
    void close() {
        engine.endAll(CloseReason.STOPPED, stream -> true);
        engine.close();
    }

    /** Who has begun an asynchronous request must complete it: the container waits for that. */
    @ParameterizedTest
    @CsvSource({
        "setStatus, 0",
        "flushBuffer, 0",
        "getOutputStream, 0",
        "startAsync, 0",
        "setTimeout, 1",
        "addListener, 1",
        "setUp, 1",
        "setWriteListener, 1"
    })
    void aFailureInAnyStepOfOpeningLeavesNothingOpen(String step, int completions) throws Exception {
        failing = step;
        assertSame(failure, assertThrows(IllegalStateException.class, this::open));
        assertEquals(completions, completed.get());
        assertEquals(0, engine.openStreams());

        failing = "";
        open();
        assertEquals(1, engine.openStreams());
        assertThrows(ProblemException.class, this::open);
    }

    @Test
    void aStreamThatWasOpenedIsCompletedOnce() throws Exception {
        EventStream stream = open();
        stream.lost(CloseReason.CLIENT_GONE);
        stream.lost(CloseReason.CLIENT_GONE);
        assertEquals(1, completed.get());
        assertEquals(0, engine.openStreams());
    }

    /** Jetty recycles the response after that, and would tell its next user that something was written. */
    @Test
    void anErrorWaitsForTheContainersOwnWrite() throws Exception {
        open();
        Thread telling = tellOfAnError();
        while (telling.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        assertEquals(1, completed.get());
        ready = true;
        telling.join();
    }

    @Test
    void otherContainersNeedNoWait() throws Exception {
        server = "Undertow - 2.3";
        open();
        tellOfAnError().join();
        assertEquals(1, completed.get());
    }

    private Thread tellOfAnError() {
        AsyncEvent event = new AsyncEvent(context, request, response);
        return Thread.ofVirtual().start(() -> {
            try {
                listener.onError(event);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private EventStream open() throws Exception {
        Consumer<EventStream> setUp = stream -> failAt("setUp");
        return engine.open(request, response, StreamOptions.of(engine.config(), "test"), Map.of(), setUp);
    }

    private void failAt(String step) {
        if (step.equals(failing)) {
            throw failure;
        }
    }

    private final AsyncContext context = proxy(AsyncContext.class, (name, arguments) -> {
        failAt(name);
        if (name.equals("complete")) {
            completed.incrementAndGet();
        } else if (name.equals("addListener")) {
            listener = (AsyncListener) arguments[0];
        }
        return null;
    });

    private final HttpServletRequest request = proxy(HttpServletRequest.class, (name, arguments) -> {
        failAt(name);
        return switch (name) {
            case "isAsyncSupported" -> true;
            case "getServletContext" -> proxy(ServletContext.class, (asked, none) -> server);
            case "getRemoteAddr" -> "192.0.2.1";
            case "getHeaders" -> Collections.emptyEnumeration();
            case "getProtocol" -> "HTTP/1.1";
            case "startAsync" -> context;
            default -> throw new UnsupportedOperationException(name);
        };
    });

    private final HttpServletResponse response = proxy(HttpServletResponse.class, (name, arguments) -> {
        failAt(name);
        return switch (name) {
            case "getOutputStream" -> new Quiet();
            case "containsHeader" -> false;
            default -> null;
        };
    });

    /** Never calls back. */
    private final class Quiet extends ServletOutputStream {
        @Override
        public void write(int b) {
            throw new IllegalStateException("not asked");
        }

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            failAt("setWriteListener");
        }
    }

    private static Properties settings() {
        Properties settings = new Properties();
        settings.setProperty("millrace.max-streams-per-address", "1");
        return settings;
    }
}
