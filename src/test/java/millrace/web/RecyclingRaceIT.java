package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.sse.EventStreamParser;
import millrace.web.RawConnection.Head;

/**
 * Containers recycle a response and its buffers as soon as it has ended: a write that comes too late reaches another
 * user. Streams are ended here in every way, in the middle of their events and thousands of times, on connections that
 * are used again at once. The id of every event names its run, and so does the response's head: no response may hold a
 * byte of another.
 */
@OnContainers(
        properties = {
            "millrace.max-runs=100000",
            "millrace.max-runs-per-user=100000",
            "millrace.run-grace=1s",
            "millrace.run-kept=2s"
        })
class RecyclingRaceIT {

    private static final int CLIENTS = 24;
    private static final long NANOS = TimeUnit.SECONDS.toNanos(Long.getLong("race.seconds", 8));

    private enum Way {
        READ_TO_THE_END,
        CUT_BY_THE_SERVER,
        STOPPED,
        RESET_BY_THE_CLIENT,
        CLOSED_BY_THE_CLIENT,
        PLAIN_ANSWER,
        PROBLEM
    }

    @ContainerTest
    void noResponseHoldsAByteOfAnother(Server server) throws Exception {
        var counts = new EnumMap<Way, LongAdder>(Way.class);
        for (Way way : Way.values()) {
            counts.put(way, new LongAdder());
        }
        long deadline = System.nanoTime() + NANOS;
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var clients = new ArrayList<Future<Void>>();
            for (int i = 0; i < CLIENTS; i++) {
                Callable<Void> client = () -> {
                    try (var race = new Client(server)) {
                        while (System.nanoTime() < deadline) {
                            counts.get(race.step()).increment();
                        }
                    }
                    return null;
                };
                clients.add(threads.submit(client));
            }
            for (Future<Void> client : clients) {
                client.get();
            }
        }
        System.out.println("recycling race on " + server.container() + ": " + counts);
        for (Map.Entry<Way, LongAdder> count : counts.entrySet()) {
            assertTrue(count.getValue().sum() >= 100, counts.toString());
        }
    }

    /** Tomcat can leave the exception of a client that was lost in the response of the next. */
    @ContainerTest
    void whoResetsDoesNotBreakTheNextStream(Server server) throws Exception {
        byte[] slice = new byte[100];
        for (int i = 0; i < 1500; i++) {
            try (var connection = new RawConnection(server.uri("/"))) {
                connection.request("GET", "/sse/v1?n=1000&interval=1"); // its producer writes to the quiet stream
                assertEquals(200, connection.head().status());
                assertTrue(connection.read(slice) > 0);
                connection.reset();
            }
        }
    }

    /** One connection for streams, used again as often as it goes, and one to interfere with them. */
    private static final class Client implements AutoCloseable {

        private final Server server;
        private final byte[] slice = new byte[8192];
        private RawConnection connection;
        private RawConnection control;

        Client(Server server) throws IOException {
            this.server = server;
            connection = new RawConnection(server.uri("/"));
            control = new RawConnection(server.uri("/"));
        }

        Way step() throws Exception {
            if (connection.isLastExchange()) {
                connection.close();
                connection = new RawConnection(server.uri("/"));
            }
            if (control.isLastExchange()) {
                control.close();
                control = new RawConnection(server.uri("/"));
            }
            var random = ThreadLocalRandom.current();
            Way way = Way.values()[random.nextInt(Way.values().length)];
            switch (way) {
                case PLAIN_ANSWER -> {
                    connection.request("POST", "/sse/no_sse");
                    assertEquals(200, connection.head().status());
                    assertEquals("{\"message\":\"Hello World\"}", new String(connection.body(), UTF_8));
                }
                case PROBLEM -> {
                    connection.request("GET", "/sse/v1?n=-1");
                    Problems.assertProblem(400, "bad-parameter", connection.head(), connection.body());
                }
                case READ_TO_THE_END -> {
                    int n = random.nextInt(1, 30);
                    connection.request("GET", "/sse/v1?n=" + n + "&interval=0");
                    var stream = new Checked(connection.head());
                    stream.readToTheEnd();
                    assertEquals(n, stream.events);
                }
                default -> {
                    connection.request("GET", "/sse/v1?n=300&interval=1");
                    var stream = new Checked(connection.head());
                    int most = random.nextInt(8);
                    while (stream.events < most && stream.read()) {
                        // a few events, or what came by chance in one slice
                    }
                    switch (way) {
                        case RESET_BY_THE_CLIENT -> {
                            connection.reset();
                            connection = new RawConnection(server.uri("/"));
                        }
                        case CLOSED_BY_THE_CLIENT -> {
                            connection.close();
                            connection = new RawConnection(server.uri("/"));
                        }
                        case CUT_BY_THE_SERVER -> {
                            control.request("POST", stream.location + "/cut");
                            assertEquals(204, control.head().status());
                            stream.readToTheEnd();
                        }
                        default -> {
                            control.request("DELETE", stream.location, "Millrace-Run-Secret: " + stream.secret);
                            assertEquals(204, control.head().status());
                            stream.readToTheEnd();
                        }
                    }
                }
            }
            return way;
        }

        @Override
        public void close() throws IOException {
            connection.close();
            control.close();
        }

        /** A stream all of whose bytes are looked at. */
        private final class Checked {

            final String location;
            final String secret;
            int events;
            private final List<String> comments = new ArrayList<>();
            private final EventStreamParser parser;

            Checked(Head head) {
                assertEquals(200, head.status());
                String named = head.header("Content-Location");
                secret = head.header("Millrace-Run-Secret");
                assertNotNull(named);
                location = named.substring("..".length());
                String run = location.substring("/streams/".length());
                parser = new EventStreamParser(new EventStreamParser.Handler() {
                    @Override
                    public void event(String type, String data, String lastEventId) {
                        events++;
                        assertEquals(run + "-" + events, lastEventId);
                        assertEquals(Integer.toString(events - 1), data);
                        assertEquals("message", type);
                    }

                    @Override
                    public void comment(String text) {
                        comments.add(text);
                    }
                });
            }

            boolean read() throws IOException, InterruptedException {
                int n = connection.read(slice);
                if (n < 0) {
                    return false;
                }
                parser.feed(slice, 0, n);
                return true;
            }

            void readToTheEnd() throws IOException, InterruptedException {
                while (read()) {
                    // the parser looks at it
                }
                assertTrue(!parser.end(), "cut inside an event");
                assertEquals(List.of(), comments, "nothing but events comes so soon");
            }
        }
    }
}
