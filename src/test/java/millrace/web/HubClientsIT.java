package millrace.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.launchdarkly.eventsource.ConnectStrategy;
import com.launchdarkly.eventsource.ErrorStrategy;
import com.launchdarkly.eventsource.EventSource;
import com.launchdarkly.eventsource.MessageEvent;
import java.io.BufferedReader;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.Node;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.junit.jupiter.api.Timeout;

/**
 * Clients that others wrote follow the hub: the server cuts them, updates are published meanwhile, and they come back
 * by themselves, each with the cursor as it spells it, and have all of them once.
 */
@OnContainers(
        value = {Container.TOMCAT_11, Container.JETTY_12_1},
        properties = {"millrace.history=memory", "millrace.retry=1s"})
@Timeout(120)
class HubClientsIT {

    private static final List<String> DATA = List.of("1", "2", "3", "4", "5", "6");

    private final String topic = "https://example.com/" + UUID.randomUUID();

    @ContainerTest
    void eventsourceAndEventSourcePolyfillFromNpmMissNothing(Server server) throws Exception {
        var hub = new HubClient(server);
        Process clients = Node.builder("hub-clients.mjs", hub.hub().toString(), topic, "6")
                .redirectErrorStream(true)
                .start();
        try (BufferedReader output = clients.inputReader(StandardCharsets.UTF_8)) {
            assertTrue(output.readLine().endsWith("is open"));
            assertTrue(output.readLine().endsWith("is open"));
            publishOverACut(server, hub);
            List<String> lines = output.lines().toList();
            assertEquals(
                    List.of(
                            "eventsource reconnected [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]",
                            "event-source-polyfill reconnected [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]"),
                    lines);
            assertTrue(clients.waitFor(10, TimeUnit.SECONDS));
        } finally {
            clients.destroyForcibly();
        }
    }

    @ContainerTest
    void okhttpEventsourceFromMavenMissesNothing(Server server) throws Exception {
        var hub = new HubClient(server);
        try (EventSource source = new EventSource.Builder(ConnectStrategy.http(hub.hub("topic", topic)))
                .errorStrategy(ErrorStrategy.alwaysContinue())
                .build()) {
            source.start();
            publishOverACut(server, hub);
            List<String> received = new ArrayList<>();
            while (received.size() < DATA.size()) {
                MessageEvent event = source.readMessage();
                if (!event.getEventName().equals("checkpoint")) { // it hands over events of every type
                    received.add(event.getData());
                }
            }
            assertEquals(DATA, received);
        }
    }

    /** Two that arrive, two while nobody is connected, two when they are back or about to be. */
    private void publishOverACut(Server server, HubClient hub) throws Exception {
        publish(hub, DATA.subList(0, 2));
        Thread.sleep(500);
        HttpResponse<byte[]> cut = hub.send("POST", server.uri("/demo/cut"), "", "text/plain");
        assertEquals(204, cut.statusCode());
        publish(hub, DATA.subList(2, 4));
        Thread.sleep(Duration.ofSeconds(2).toMillis());
        publish(hub, DATA.subList(4, 6));
    }

    private void publish(HubClient hub, List<String> data) throws Exception {
        for (String text : data) {
            assertEquals(
                    200, hub.post(HubClient.form("topic", topic, "data", text)).statusCode());
        }
    }
}
