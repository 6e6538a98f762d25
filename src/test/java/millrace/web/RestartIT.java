package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import millrace.harness.Browser;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.Firefox;
import millrace.harness.Node;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.WindowType;

/**
 * A restart under publishing loses no {@code EventSource}: each comes back by itself, whoever wrote it, and has each
 * number once.
 */
@OnContainers
class RestartIT {

    private static final String TOPIC = "https://example.com/numbers";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** A browser keeps six connections to a host open; a stream takes one. */
    private static final int PER_HOST = 6;

    /** In a browser: opens sources, and tells of them. */
    private static final String PAGE = """
            window.sources ??= [];
            window.openSources = (url, count) => {
              for (let i = 0; i < count; i++) {
                const events = new EventSource(url);
                const source = { events, numbers: [], gaps: 0, empty: 0 };
                events.onmessage = (event) => event.data === "" ? source.empty++ : source.numbers.push(Number(event.data));
                events.addEventListener("gap", () => source.gaps++);
                window.sources.push(source);
              }
            };
            window.least = () => JSON.stringify({
              least: Math.min(...window.sources.map((source) => source.numbers.at(-1) ?? -1)),
              dead: window.sources.filter((source) => source.events.readyState === 2).length,
            });
            window.all = () => JSON.stringify(window.sources.map(({ numbers, gaps, empty }) => ({ numbers, gaps, empty })));
            """;

    /** Sources of one kind. */
    private interface Sources extends AutoCloseable {
        /** The number that all of them have reached (-1 before the first), and how many have given up. */
        List<JsonObject> least() throws Exception;

        /** What each of them has got. */
        List<JsonObject> all() throws Exception;
    }

    @Test
    void fiveRestartsOfOurOwnLauncherLoseNobody() throws Exception {
        if (!isChosen(Container.TOMCAT_11)) {
            return;
        }
        int count = 50;
        int port = freePort();
        try (Server server = Server.start(Container.TOMCAT_11, port, settings("own", "1s", "1s"));
                var publisher = new Publisher(server)) {
            Map<String, Sources> kinds = new LinkedHashMap<>();
            try {
                kinds.put("Chromium", chromium(port, count));
                kinds.put("Firefox", firefox(server, count));
                for (String library : List.of(
                        "eventsource", "event-source-polyfill", "reconnecting-eventsource", "fetch-event-source")) {
                    kinds.put(library, node(library, server, count));
                }
                awaitAll(kinds, publisher.last());
                for (int i = 0; i < 5; i++) {
                    server.stop();
                    server.restart();
                    awaitAll(kinds, publisher.awaitNext());
                }
                assertNothingMissing(kinds, count, publisher);
            } finally {
                for (Sources sources : kinds.values()) {
                    sources.close();
                }
            }
            assertEquals(6, count(server.log(), "millrace: http"), "it was started once, and five times again");
        }
    }

    @ContainerTest
    void aContainerThatIsStoppedAndStartedLosesNobody(Container container) throws Exception {
        try (Server server = Server.start(container, freePort(), settings(container.key(), "1s", "2s"));
                var publisher = new Publisher(server)) {
            Map<String, Sources> kinds = new LinkedHashMap<>();
            try {
                kinds.put("eventsource", node("eventsource", server, 8));
                kinds.put("fetch-event-source", node("fetch-event-source", server, 8));
                awaitAll(kinds, publisher.last());
                for (int i = 0; i < 2; i++) {
                    server.stop();
                    server.restart();
                    awaitAll(kinds, publisher.awaitNext());
                }
                assertNothingMissing(kinds, 8, publisher);
            } finally {
                for (Sources sources : kinds.values()) {
                    sources.close();
                }
            }
        }
    }

    /** In between the container answers 404 itself: the hint must be longer than that. */
    @Test
    void aWarThatIsUndeployedAndDeployedAgainLosesNobodyWhoWasTold() throws Exception {
        if (!isChosen(Container.TOMCAT_10_1)) {
            return;
        }
        try (Server server = Server.start(Container.TOMCAT_10_1, freePort(), settings("war", "1s", "20s"));
                var publisher = new Publisher(server)) {
            Map<String, Sources> kinds = new LinkedHashMap<>();
            try {
                kinds.put("eventsource", node("eventsource", server, 8));
                awaitAll(kinds, publisher.last());
                Path war = server.directory().resolve("webapps/ROOT.war");
                Path kept = Files.copy(war, server.directory().resolve("ROOT.war"));
                Files.delete(war);
                await(() -> publisher.status() == 404, () -> "it is still deployed: " + publisher.status());
                Files.copy(kept, war);
                await(() -> publisher.status() == 200, () -> "not deployed again: " + publisher.status());
                awaitAll(kinds, publisher.awaitNext());
                assertNothingMissing(kinds, 8, publisher);
            } finally {
                for (Sources sources : kinds.values()) {
                    sources.close();
                }
            }
        }
    }

    private static Map<String, String> settings(String name, String drainTime, String restartTime) throws IOException {
        Path history = Files.createTempDirectory(Files.createDirectories(Path.of("target/restart")), name);
        return Map.of(
                "millrace.history",
                "file:" + history.toAbsolutePath(),
                "millrace.drain-time",
                drainTime,
                "millrace.restart-time",
                restartTime,
                "millrace.retry",
                "600ms",
                "millrace.demo",
                "false",
                "millrace.hub.anonymous",
                "true",
                "millrace.hub.publisher-key",
                HubClient.KEY);
    }

    private static boolean isChosen(Container container) {
        return List.of(System.getProperty("containers", container.key()).split(","))
                .contains(container.key());
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    // ---- what is to be seen ----

    private interface Condition {
        boolean isMet() throws Exception;
    }

    private interface Text {
        String get() throws Exception;
    }

    private static void await(Condition condition, Text otherwise) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.isMet()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(otherwise.get());
            }
            Thread.sleep(100);
        }
    }

    private static void awaitAll(Map<String, Sources> kinds, int number) throws Exception {
        for (Map.Entry<String, Sources> kind : kinds.entrySet()) {
            Sources sources = kind.getValue();
            await(
                    () -> {
                        boolean reached = true;
                        for (JsonObject some : sources.least()) {
                            assertEquals(0, some.getInt("dead"), () -> "of " + kind.getKey() + " are dead");
                            reached &= some.getInt("least") >= number;
                        }
                        return reached;
                    },
                    () -> kind.getKey() + " has " + sources.least() + " instead of " + number);
        }
    }

    private static void assertNothingMissing(Map<String, Sources> kinds, int count, Publisher publisher)
            throws Exception {
        publisher.stop();
        awaitAll(kinds, publisher.lastAcknowledged());
        for (Map.Entry<String, Sources> kind : kinds.entrySet()) {
            List<JsonObject> all = kind.getValue().all();
            assertEquals(count, all.size(), kind.getKey());
            for (JsonObject source : all) {
                String who = kind.getKey();
                assertEquals(0, source.getInt("gaps"), who + " was told of a gap");
                assertEquals(0, source.getInt("empty"), who + " got an event without data");
                List<Integer> numbers = source.getJsonArray("numbers").stream()
                        .map(number -> Integer.valueOf(number.toString()))
                        .toList();
                int first = numbers.getFirst();
                TreeSet<Integer> expected = new TreeSet<>(publisher.acknowledged.tailSet(first));
                assertEquals(numbers.size(), new TreeSet<>(numbers).size(), () -> who + " got some twice: " + numbers);
                List<Integer> inOrder = numbers.stream()
                        .filter(publisher.acknowledged::contains)
                        .toList();
                assertEquals(new ArrayList<>(new TreeSet<>(inOrder)), inOrder, () -> who + " got them out of order");
                expected.removeAll(numbers);
                assertTrue(expected.isEmpty(), () -> who + " lacks " + expected + " of " + numbers);
                assertTrue(
                        numbers.stream().allMatch(number -> number <= publisher.last()), () -> who + " got " + numbers);
            }
        }
    }

    private static long count(String text, String part) {
        return text.lines().filter(line -> line.startsWith(part)).count();
    }

    /**
     * Publishes 1, 2, 3 …, also while the server is away: what is not acknowledged then may have arrived or not, and later
     * than the next, where it waited in the backlog of a server that was just starting.
     */
    private static final class Publisher implements AutoCloseable {
        final ConcurrentSkipListSet<Integer> acknowledged = new ConcurrentSkipListSet<>();
        private final Server server;
        private final Thread thread;
        private volatile int last;
        private volatile boolean over;

        Publisher(Server server) throws Exception {
            this.server = server;
            this.thread = Thread.ofVirtual().start(this::publish);
            awaitNext();
        }

        private void publish() {
            String token = HubClient.bearer("numbers", "\"*\"", "");
            while (!over) {
                int number = last + 1;
                last = number;
                var request = HttpRequest.newBuilder(server.uri("/.well-known/mercure"))
                        .header("Authorization", token)
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .timeout(Duration.ofSeconds(5))
                        .POST(BodyPublishers.ofString(HubClient.form("topic", TOPIC, "data", "" + number)));
                try {
                    if (Following.HTTP
                                    .send(request.build(), BodyHandlers.discarding())
                                    .statusCode()
                            == 200) {
                        acknowledged.add(number);
                    }
                } catch (IOException away) {
                    // the next number
                } catch (InterruptedException testEnds) {
                    return;
                }
                try {
                    Thread.sleep(100);
                } catch (InterruptedException testEnds) {
                    return;
                }
            }
        }

        int last() {
            return last;
        }

        int lastAcknowledged() {
            return acknowledged.last();
        }

        /** A number that the server has taken after this was called. */
        int awaitNext() throws Exception {
            int before = last;
            await(
                    () -> !acknowledged.isEmpty() && acknowledged.last() > before,
                    () -> "nothing is published; the last was " + last);
            return acknowledged.last();
        }

        /** What the hub answers at the moment to who asks for its head. */
        int status() throws Exception {
            var request = HttpRequest.newBuilder(
                            server.uri("/.well-known/mercure?" + HubClient.form("topic", "elsewhere")))
                    .HEAD();
            return Following.HTTP
                    .send(request.build(), BodyHandlers.discarding())
                    .statusCode();
        }

        void stop() throws InterruptedException {
            over = true;
            thread.join();
        }

        @Override
        public void close() {
            over = true;
            thread.interrupt();
        }
    }

    // ---- the kinds of sources ----

    private static String numbers(URI server) {
        return server.resolve("/.well-known/mercure?" + HubClient.form("topic", TOPIC))
                .toString();
    }

    /** One tab for each host, since there are six connections to each. */
    private static Sources chromium(int port, int count) {
        Browser browser = Browser.start();
        List<String> tabs = new ArrayList<>();
        for (int left = count; left > 0; left -= PER_HOST) {
            URI host = URI.create("http://h" + tabs.size() + ".localhost:" + port + "/testapp/where");
            if (!tabs.isEmpty()) {
                browser.driver().switchTo().newWindow(WindowType.TAB);
            }
            browser.open(host);
            tabs.add(browser.driver().getWindowHandle());
            browser.js(
                    PAGE + "window.openSources(arguments[0], arguments[1])", numbers(host), Math.min(left, PER_HOST));
        }
        return new Sources() {
            private List<JsonObject> ask(String script, boolean isList) {
                List<JsonObject> told = new ArrayList<>();
                for (String tab : tabs) {
                    browser.driver().switchTo().window(tab);
                    String text = (String) browser.js("return " + script);
                    if (isList) {
                        told.addAll(array(text));
                    } else {
                        told.add(object(text));
                    }
                }
                return told;
            }

            @Override
            public List<JsonObject> least() {
                return ask("window.least()", false);
            }

            @Override
            public List<JsonObject> all() {
                return ask("window.all()", true);
            }

            @Override
            public void close() {
                browser.close();
            }
        };
    }

    private static Sources firefox(Server server, int count) throws Exception {
        Firefox browser = Firefox.start(count + PER_HOST);
        browser.open(server.testapp("/where"));
        browser.js(PAGE + "window.openSources('" + numbers(server.uri("/")) + "', " + count + "); ''");
        return new Sources() {
            @Override
            public List<JsonObject> least() throws Exception {
                return List.of(object(browser.js("window.least()")));
            }

            @Override
            public List<JsonObject> all() throws Exception {
                return array(browser.js("window.all()"));
            }

            @Override
            public void close() throws Exception {
                browser.close();
            }
        };
    }

    private static Sources node(String library, Server server, int count) throws IOException {
        Path log = server.directory().resolve(library + ".log");
        Process process = Node.builder("restart.mjs", library, numbers(server.uri("/")), Integer.toString(count))
                .redirectError(log.toFile())
                .start();
        BufferedReader answers = process.inputReader(UTF_8);
        return new Sources() {
            private String ask(String what) throws IOException {
                process.outputWriter(UTF_8).write(what + "\n");
                process.outputWriter(UTF_8).flush();
                String answer = answers.readLine();
                if (answer == null) {
                    throw new AssertionError(library + " ended: " + Files.readString(log));
                }
                return answer;
            }

            @Override
            public List<JsonObject> least() throws IOException {
                return List.of(object(ask("least")));
            }

            @Override
            public List<JsonObject> all() throws IOException {
                return array(ask("all"));
            }

            @Override
            public void close() {
                process.destroy();
            }
        };
    }

    private static JsonObject object(String text) {
        try (JsonReader reader = Json.createReader(new StringReader(text))) {
            return reader.readObject();
        }
    }

    private static List<JsonObject> array(String text) {
        try (JsonReader reader = Json.createReader(new StringReader(text))) {
            JsonArray array = reader.readArray();
            return array.getValuesAs(JsonObject.class);
        }
    }
}
