package millrace.stream;

import static millrace.stream.RequestBodyTest.proxy;
import static org.junit.jupiter.api.Assertions.assertSame;

import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Servlets in an application that has no engine of its own. */
class StreamServletTest {

    private final Map<String, Object> attributes = new ConcurrentHashMap<>();

    /** Opens when both have looked for an engine; who looks alone waits a moment for the other. */
    private final CountDownLatch bothLooked = new CountDownLatch(2);

    private final ServletContext context = proxy(ServletContext.class, (name, arguments) -> switch (name) {
        case "getInitParameterNames" -> Collections.emptyEnumeration();
        case "setAttribute" -> attributes.put((String) arguments[0], arguments[1]);
        case "getAttribute" -> {
            Object found = attributes.get((String) arguments[0]);
            bothLooked.countDown();
            try {
                bothLooked.await(300, TimeUnit.MILLISECONDS);
            } catch (InterruptedException unexpected) {
                throw new AssertionError(unexpected);
            }
            yield found;
        }
        default -> throw new UnsupportedOperationException(name);
    });

    @Test
    void servletsThatStartTogetherShareOneEngine() throws Exception {
        Quiet one = new Quiet();
        Quiet other = new Quiet();
        Thread first = Thread.ofVirtual().start(() -> init(one));
        init(other);
        first.join();
        try {
            assertSame(one.engine(), other.engine());
        } finally {
            one.destroy();
            other.destroy();
        }
    }

    private void init(Quiet servlet) {
        try {
            servlet.init(
                    proxy(ServletConfig.class, (name, arguments) -> name.equals("getServletContext") ? context : null));
        } catch (ServletException unexpected) {
            throw new AssertionError(unexpected);
        }
    }

    private static final class Quiet extends StreamServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void stream(StreamRequest request, EventSink events) {}
    }
}
