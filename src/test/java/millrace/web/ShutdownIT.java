package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.jspecify.annotations.Nullable;

/**
 * When the container is told to stop, its streams end properly, spread over the drain time, and it does end. Only where
 * a launcher drains first, as the run command's does, have the streams the whole time: a Tomcat that stops by itself
 * times out what is open within a second of the application's end, and Jetty (without a stop timeout) closes the
 * connections before it tells the application.
 */
@OnContainers
class ShutdownIT {

    private static final int STREAMS = 40;
    private static final long DRAIN_MILLIS = 6_000;

    /** How a stream ended: when, and with which last words. */
    private record End(long millis, String text, @Nullable IOException cut) {}

    @ContainerTest
    void streamsEndSpreadOverTheDrainTimeWithARetryHintAndTheProcessEnds(Container container) throws Exception {
        var settings = Map.of("millrace.drain-time", DRAIN_MILLIS + "ms");
        try (Server server = Server.start(container, settings);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var ends = new ArrayList<Future<End>>();
            var opened = new ArrayList<RawConnection>();
            for (int i = 0; i < STREAMS; i++) {
                var connection = new RawConnection(server.uri("/"));
                connection.readTimeout(Duration.ofSeconds(30));
                connection.request("GET", "/sse/v1?n=10000&interval=200");
                assertEquals(200, connection.head().status());
                opened.add(connection);
            }
            long[] begin = new long[1];
            for (RawConnection connection : opened) {
                Callable<End> reader = () -> {
                    var text = new StringBuilder();
                    byte[] some = new byte[8192];
                    IOException cut = null;
                    try {
                        for (int n = connection.read(some); n >= 0; n = connection.read(some)) {
                            text.append(new String(some, 0, n, UTF_8));
                        }
                    } catch (IOException broken) {
                        cut = broken;
                    }
                    return new End((System.nanoTime() - begin[0]) / 1_000_000, text.toString(), cut);
                };
                ends.add(threads.submit(reader));
            }
            RawConnection readsStatuses = kept(server);
            RawConnection eventSource = kept(server);
            Thread.sleep(300);
            begin[0] = System.nanoTime();
            Future<Duration> stopped = threads.submit(server::stop);
            if (container == Container.TOMCAT_11) {
                // its launcher goes on serving the connections that it has, and accepts no other
                awaitRefused(server);
                readsStatuses.request("GET", "/sse/v1");
                RawConnection.Head refused = readsStatuses.head();
                assertEquals(503, refused.status());
                assertTrue(Integer.parseInt(refused.header("Retry-After")) >= 10, refused.toString());
                eventSource.request("GET", "/sse/v1", "Accept: text/event-stream");
                assertEquals(200, eventSource.head().status());
                String told = new String(eventSource.body(), UTF_8);
                assertTrue(told.matches(": 503: [^\n]*\nretry: \\d{5}\n"), told);
            }
            readsStatuses.close();
            eventSource.close();
            var times = new ArrayList<Long>();
            for (Future<End> future : ends) {
                End end = future.get();
                times.add(end.millis());
                if (container.isTomcat()) {
                    assertEquals(null, end.cut(), end::toString);
                }
                if (container == Container.TOMCAT_11) {
                    assertTrue(end.text().matches("(?s)retry: \\d+\n.*\n\nretry: \\d+\n"), end::toString);
                }
            }
            times.sort(null);
            if (container == Container.TOMCAT_11) {
                long spread = times.getLast() - times.getFirst();
                assertTrue(spread > DRAIN_MILLIS / 2, "ended all at once: " + times);
            }
            assertTrue(times.getLast() < DRAIN_MILLIS + 3_000, times.toString());
            Duration took = stopped.get();
            assertTrue(took.toMillis() < DRAIN_MILLIS + 6_000, "the process took " + took);
            assertTrue(!server.log().contains("ignore their interrupt"), server.log());
        }
    }

    /** A connection that has had an answer and stays open for more. */
    private static RawConnection kept(Server server) throws Exception {
        var connection = new RawConnection(server.uri("/"));
        connection.request("GET", "/health/live");
        assertEquals(200, connection.head().status());
        connection.body();
        return connection;
    }

    private static void awaitRefused(Server server) throws Exception {
        while (true) {
            try {
                new RawConnection(server.uri("/")).close();
            } catch (ConnectException refused) {
                return;
            }
            Thread.sleep(20);
        }
    }
}
