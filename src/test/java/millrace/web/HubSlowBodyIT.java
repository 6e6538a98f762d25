package millrace.web;

import static millrace.web.HubClient.bearer;
import static millrace.web.HubClient.form;
import static millrace.web.Problems.assertProblem;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.junit.jupiter.api.Timeout;

/** Bodies of publishers and of QUERY that come slowly, stop in the middle or never come: they hold no container thread. */
@OnContainers(
        properties = {
            "millrace.demo=false",
            "millrace.history=memory",
            "millrace.body-time=3s",
            "millrace.hub.publisher-key=" + HubClient.KEY,
            "millrace.hub.anonymous=true",
        })
@Timeout(120)
class HubSlowBodyIT {

    private static final int SENDERS = 12;

    private final String topic = "https://example.com/" + UUID.randomUUID();

    @ContainerTest
    void aBodyOfAByteASecondHoldsNoThreadAndIsRefusedInTime(Server server) throws Exception {
        var senders = new ArrayList<RawConnection>();
        try {
            for (int i = 0; i < SENDERS; i++) {
                senders.add(begin(server, i % 2 == 0 ? "POST" : "QUERY", 1000));
            }
            await(() -> reading(server) == SENDERS, Duration.ofSeconds(30));
            assertNoContainerThreadIsHeld(server);
            for (int second = 0; second < 4; second++) {
                Thread.sleep(1_000);
                for (RawConnection sender : senders) {
                    sendByte(sender);
                }
                new HubClient(server).publish("topic", topic, "data", "others are served meanwhile");
            }
            for (RawConnection sender : senders) {
                RawConnection.Head head = sender.head();
                var problem = assertProblem(400, "bad-body", head, sender.body());
                assertTrue(problem.getString("detail").contains("within 3 seconds"), problem.toString());
            }
            await(() -> reading(server) == 0, Duration.ofSeconds(30));
        } finally {
            for (RawConnection sender : senders) {
                sender.close();
            }
        }
    }

    /** A client that was not told would use a connection again that Jetty closes. */
    @ContainerTest
    void whoIsRefusedBeforeItsBodyHasComeIsToldThatTheConnectionEnds(Server server) throws Exception {
        try (var sender = new RawConnection(server.uri("/"))) {
            sender.send("POST /.well-known/mercure HTTP/1.1\r\nHost: 127.0.0.1:" + server.port()
                    + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\n");
            RawConnection.Head head = sender.head();
            assertProblem(401, "unauthorized", head, sender.body());
            assertTrue(sender.isLastExchange(), head::toString);
        }
    }

    @ContainerTest
    void aBodyThatArrivesSlowlyButInTimeCounts(Server server) throws Exception {
        String body = form("topic", topic, "data", "in pieces");
        try (Following reader = Following.get(hub(server).hub("topic", topic));
                RawConnection sender = begin(server, "POST", body.length() - 1)) {
            sender.send(body.substring(1, 10));
            Thread.sleep(300);
            sender.send(body.substring(10));
            assertEquals(200, sender.head().status());
            assertEquals("in pieces", reader.next().data());
        }
    }

    @ContainerTest
    void aSenderThatHalfClosesInTheMiddlePublishesNothing(Server server) throws Exception {
        for (String method : List.of("POST", "QUERY")) {
            try (RawConnection sender = begin(server, method, 1000)) {
                await(() -> reading(server) == 1, Duration.ofSeconds(30));
                sender.halfClose();
                await(() -> reading(server) == 0, Duration.ofSeconds(30));
                try {
                    RawConnection.Head head = sender.head();
                    assertEquals(400, head.status()); // ours, or the container's
                } catch (IOException closed) {
                    // as good: a container need not answer half a request
                }
            }
        }
    }

    /** Who sends nothing more is ended by the container's own timeout, up to a minute later; here the client goes. */
    @ContainerTest
    void aSenderThatNeverFinishesHoldsNoThreadAndLeavesNothingBehind(Server server) throws Exception {
        var senders = new ArrayList<RawConnection>();
        for (int i = 0; i < SENDERS; i++) {
            senders.add(begin(server, i % 2 == 0 ? "POST" : "QUERY", 1000));
        }
        await(() -> reading(server) == SENDERS, Duration.ofSeconds(30));
        Thread.sleep(3_500);
        assertNoContainerThreadIsHeld(server);
        for (int i = 0; i < SENDERS; i++) {
            if (i % 4 < 2) {
                senders.get(i).reset();
            } else {
                senders.get(i).close();
            }
        }
        await(() -> reading(server) == 0, Duration.ofSeconds(30));
        new HubClient(server).publish("topic", topic);
    }

    /** A request with the first byte of its body, of which there are so many more to come. */
    private static RawConnection begin(Server server, String method, int more) throws IOException {
        var connection = new RawConnection(server.uri("/"));
        connection.send(method + " /.well-known/mercure HTTP/1.1\r\nHost: 127.0.0.1:" + server.port()
                + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " + (more + 1)
                + "\r\nAuthorization: " + bearer("slow", "\"*\"", "\"*\"") + "\r\n\r\nt");
        return connection;
    }

    private static void sendByte(RawConnection sender) {
        try {
            sender.send("x");
        } catch (IOException refused) {
            // it was answered, and its connection closed
        }
    }

    private static HubClient hub(Server server) {
        return new HubClient(server);
    }

    private static long reading(Server server) {
        return server.threadNames().stream()
                .filter(name -> name.startsWith("body-"))
                .count();
    }

    private static void assertNoContainerThreadIsHeld(Server server) {
        for (String stack : server.threads().split("\n\n")) {
            boolean held = stack.contains("millrace.") && !stack.contains("\"millrace-") && !stack.contains("virtual");
            assertFalse(held, () -> "a thread of the container is held:\n" + stack);
        }
    }

    private static void await(BooleanSupplier condition, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "still not so after " + limit);
            Thread.sleep(50);
        }
    }
}
