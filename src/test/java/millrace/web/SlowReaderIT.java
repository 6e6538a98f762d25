package millrace.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.sse.EventStreamParser;
import millrace.web.Following.Received;
import org.junit.jupiter.api.Timeout;

/**
 * A client that reads nothing while far more is published than its channel holds in memory: it is not ended, and goes on
 * from the history on the same connection.
 */
@OnContainers(
        properties = {
            "millrace.demo=false",
            "millrace.history=memory",
            "millrace.history-events=100",
            "millrace.hub.channel-events=16",
            "millrace.hub.backlog-bytes=1m",
            "millrace.hub.checkpoint=off",
            "millrace.hub.publisher-key=" + HubClient.KEY,
            "millrace.hub.anonymous=true",
        })
@Timeout(180)
class SlowReaderIT {

    /** With so many of them no buffer of a kernel has room for all. */
    private static final String PADDING = "x".repeat(100_000);

    private final String topic = "https://example.com/" + UUID.randomUUID();

    @ContainerTest
    void aSlowReaderGetsEverythingOnItsConnection(Server server) throws Exception {
        var hub = new HubClient(server);
        try (var slow = new RawConnection(server.uri("/"), 4096);
                Following quick = Following.get(hub.hub("topic", topic))) {
            subscribe(slow);
            for (int i = 0; i < 95; i++) {
                hub.publish("topic", topic, "data", i + " " + PADDING);
                assertEquals(i, number(quick.next()));
            }
            assertEquals(IntStream.range(0, 95).boxed().toList(), numbers(readTo(94, slow)));
        }
    }

    @ContainerTest
    void aReaderThatIsFartherBehindThanTheHistoryGetsAGapAndGoesOn(Server server) throws Exception {
        var hub = new HubClient(server);
        try (var slow = new RawConnection(server.uri("/"), 4096)) {
            subscribe(slow);
            for (int i = 0; i < 300; i++) {
                hub.publish("topic", topic, "data", i + " " + PADDING);
            }
            List<Received> received = readTo(299, slow);
            int gap = IntStream.range(0, received.size())
                    .filter(i -> received.get(i).type().equals("gap"))
                    .findFirst()
                    .orElseThrow();
            assertEquals(
                    IntStream.range(0, gap).boxed().toList(),
                    numbers(received.subList(0, gap)),
                    "until it stood still");
            List<Integer> after = numbers(received.subList(gap + 1, received.size()));
            assertEquals(IntStream.range(200, 300).boxed().toList(), after, "everything that was held");
        }
    }

    private void subscribe(RawConnection slow) throws IOException {
        slow.request("GET", "/.well-known/mercure?" + HubClient.form("topic", topic));
        assertEquals(200, slow.head().status());
        slow.readTimeout(Duration.ofSeconds(60));
    }

    private static List<Received> readTo(int last, RawConnection slow) throws Exception {
        List<Received> received = new ArrayList<>();
        var parser = new EventStreamParser((type, data, id) -> received.add(new Received(type, data, id)));
        byte[] some = new byte[8192];
        while (received.isEmpty() || !received.getLast().data().startsWith(last + " ")) {
            int n = slow.read(some);
            assertTrue(n > 0, "ended");
            parser.feed(some, 0, n);
        }
        return received;
    }

    private static List<Integer> numbers(List<Received> received) {
        return received.stream().map(SlowReaderIT::number).toList();
    }

    private static int number(Received event) {
        return Integer.parseInt(event.data().substring(0, event.data().indexOf(' ')));
    }
}
