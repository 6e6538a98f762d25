package millrace.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import millrace.harness.Container;
import millrace.harness.Server;
import millrace.sse.EventStreamParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Publishers and subscribers go on while the server is killed under them. That the history also forces what it
 * acknowledges cannot be seen here, since the operating system outlives the process: see {@code FileHistoryCrashTest}.
 */
class HubCrashIT {

    private static final int KILLS = 10;
    private static final int PUBLISHERS = 4;
    private static final int SUBSCRIBERS = 8;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String TOPICS = "https://example.com/crash/";
    private static final String LAST = "urn:crash:last";
    private static final String KEY = "a secret of at least thirty-two bytes";
    private static final String TOKEN = "Bearer " + token();

    // The client repeats no POST by itself, not even one whose connection broke before the answer.
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    private final AtomicInteger acknowledged = new AtomicInteger();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private volatile boolean publishing = true;
    private volatile boolean over;

    @Test
    @Timeout(value = 300, unit = TimeUnit.SECONDS)
    void whatWasAcknowledgedComesToEverySubscriberOnceAndInOrderThoughTheServerIsKilled() throws Exception {
        Path history = Files.createTempDirectory(
                Files.createDirectories(Path.of("target").toAbsolutePath()), "hub-crash-");
        Map<String, String> settings = Map.of(
                "millrace.demo",
                "false",
                "millrace.hub.publisher-key",
                KEY,
                "millrace.history",
                "file:" + history,
                "millrace.heartbeat",
                "1s");
        List<Publisher> publishers = new ArrayList<>();
        List<Subscriber> subscribers = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        try (Server server = Server.start(Container.TOMCAT_11, port(), settings)) {
            try {
                URI hub = server.uri("/.well-known/mercure");
                for (int i = 0; i < SUBSCRIBERS; i++) {
                    // two audiences: those of everything and those of a template do not share a channel
                    subscribers.add(new Subscriber(hub, i % 2 == 0 ? "*" : TOPICS + "{publisher}"));
                    threads.add(Thread.ofVirtual().name("subscriber-" + i).start(subscribers.get(i)));
                }
                for (int i = 0; i < PUBLISHERS; i++) {
                    publishers.add(new Publisher(hub, i));
                    threads.add(Thread.ofVirtual().name("publisher-" + i).start(publishers.get(i)));
                }
                for (int kill = 0; kill < KILLS; kill++) {
                    if (kill % 2 == 0) {
                        // the other kills come as they may, in the middle of reconnecting and replaying too
                        awaitLife(subscribers);
                    }
                    Thread.sleep(ThreadLocalRandom.current().nextInt(500));
                    server.kill();
                    server.restart();
                }
                awaitLife(subscribers);
                publishing = false;
                for (Thread publisher : threads.subList(SUBSCRIBERS, threads.size())) {
                    assertTrue(publisher.join(PATIENCE), publisher.getName() + " still waits for an answer");
                }
                var last = new Publisher(hub, PUBLISHERS);
                publishers.add(last);
                last.publish(LAST);
                var late = new Subscriber(hub, "*");
                subscribers.add(late);
                threads.add(Thread.ofVirtual().name("late-subscriber").start(late));
                await(() -> subscribers.stream().allMatch(subscriber -> subscriber.caughtUp));
            } finally {
                publishing = false;
                over = true; // before the server stops, which would send everyone away with a 503
                http.shutdownNow();
                for (Thread thread : threads) {
                    thread.interrupt();
                    thread.join();
                }
            }
        }
        Map<String, Sent> sent = new LinkedHashMap<>();
        publishers.forEach(publisher -> publisher.sent.forEach(one -> sent.put(one.id, one)));
        String counts = counts(sent, subscribers);
        System.out.println("HubCrashIT: " + counts);
        assertTrue(faults.isEmpty(), () -> some(List.copyOf(faults)) + ": " + counts);
        for (int i = 0; i < subscribers.size(); i++) {
            String who = "subscriber " + i + "; " + counts;
            List<String> received = List.copyOf(subscribers.get(i).received);
            checkOnceAndInOrder(received, sent, who);
            assertTrue(received.equals(subscribers.get(0).received), () -> "another order than subscriber 0: " + who);
            assertTrue(
                    i >= SUBSCRIBERS || subscribers.get(i).connections > KILLS / 2,
                    () -> "too few connections: " + who);
        }
    }

    private static void checkOnceAndInOrder(List<String> received, Map<String, Sent> sent, String who) {
        List<String> missing = new ArrayList<>();
        List<String> wrong = new ArrayList<>();
        Set<String> distinct = new HashSet<>();
        long latestBegin = Long.MIN_VALUE;
        for (String id : received) {
            Sent one = sent.get(id);
            if (one == null) {
                wrong.add("never sent: " + id);
            } else if (!distinct.add(id)) {
                wrong.add("again: " + id);
            } else if (one.ended < latestBegin) {
                // whether answered or cut by the kill, it was over before one that stands before it had begun
                wrong.add("too late: " + id);
            } else {
                latestBegin = Math.max(latestBegin, one.begun);
            }
        }
        for (Sent one : sent.values()) {
            if (one.acknowledged && !distinct.contains(one.id)) {
                missing.add(one.id);
            }
        }
        assertTrue(wrong.isEmpty(), () -> wrong.size() + " wrong, e.g. " + some(wrong) + ": " + who);
        assertTrue(missing.isEmpty(), () -> missing.size() + " missing, e.g. " + some(missing) + ": " + who);
        assertEquals(LAST, received.getLast(), who);
    }

    private static List<String> some(List<String> all) {
        return all.subList(0, Math.min(10, all.size()));
    }

    private static String counts(Map<String, Sent> sent, List<Subscriber> subscribers) {
        long acknowledged = sent.values().stream().filter(Sent::acknowledged).count();
        Set<String> anywhere = new HashSet<>();
        subscribers.forEach(subscriber -> anywhere.addAll(subscriber.received));
        long stored = sent.values().stream()
                .filter(one -> !one.acknowledged && anywhere.contains(one.id))
                .count();
        return "%d kills; %d acknowledged, %d answers lost, %d of those stored; received: %s; connections: %s"
                .formatted(
                        KILLS,
                        acknowledged,
                        sent.size() - acknowledged,
                        stored,
                        subscribers.stream().map(one -> one.received.size()).toList(),
                        subscribers.stream().map(one -> one.connections).toList());
    }

    /** Until publishes are acknowledged and every subscriber gets something again. */
    private void awaitLife(List<Subscriber> subscribers) throws InterruptedException {
        int enough = acknowledged.get() + 20;
        List<Integer> before =
                subscribers.stream().map(subscriber -> subscriber.arrived).toList();
        await(() -> {
            boolean all = acknowledged.get() >= enough;
            for (int i = 0; i < before.size(); i++) {
                all &= subscribers.get(i).arrived > before.get(i);
            }
            return all;
        });
    }

    private void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (!faults.isEmpty()) {
                return; // all that follows would be told as well as the first
            }
            if (System.nanoTime() - deadline > 0) {
                faults.add("waited in vain for " + PATIENCE);
                return; // the counts tell more
            }
            Thread.sleep(10);
        }
    }

    /**
     * One publish.
     *
     * @param begun before the request was sent, by {@link System#nanoTime()}
     * @param ended when it was answered, or when the connection broke because the process was gone
     */
    private record Sent(String id, long begun, long ended, boolean acknowledged) {}

    private final class Publisher implements Runnable {
        final List<Sent> sent = new ArrayList<>();
        private final URI hub;
        private final int number;

        Publisher(URI hub, int number) {
            this.hub = hub;
            this.number = number;
        }

        @Override
        public void run() {
            try {
                for (int i = 0; publishing; i++) {
                    publish("urn:crash:" + number + ":" + i);
                    // mostly one right after the other, so that a kill finds some under way
                    Thread.sleep(ThreadLocalRandom.current().nextInt(4) == 0 ? 30 : 0);
                }
            } catch (InterruptedException testEnds) {
                // over is set
            }
        }

        void publish(String id) throws InterruptedException {
            var request = HttpRequest.newBuilder(hub)
                    .header("Authorization", TOKEN)
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(HttpRequest.BodyPublishers.ofString(form(
                            "topic",
                            TOPICS + number,
                            "id",
                            id,
                            "data",
                            data(id),
                            "private",
                            number % 2 == 0 ? "on" : null)))
                    .build();
            long begun = System.nanoTime();
            try {
                HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() != 200 || !answer.body().equals(id)) {
                    faults.add(id + " was answered " + answer.statusCode() + " " + answer.body());
                    return;
                }
                sent.add(new Sent(id, begun, System.nanoTime(), true));
                acknowledged.incrementAndGet();
            } catch (ConnectException down) {
                Thread.sleep(30); // nothing was sent
            } catch (IOException answerLost) {
                sent.add(new Sent(id, begun, System.nanoTime(), false));
            }
        }
    }

    private final class Subscriber implements Runnable {
        final List<String> received = new ArrayList<>();
        volatile int arrived;
        volatile int connections;
        volatile boolean caughtUp;
        private final HttpRequest.Builder request;
        private final EventStreamParser parser = new EventStreamParser(this::event);

        Subscriber(URI hub, String topic) {
            this.request = HttpRequest.newBuilder(URI.create(hub + "?" + form("topic", topic)))
                    .header("Authorization", TOKEN);
        }

        @Override
        public void run() {
            byte[] slice = new byte[8192];
            while (!over) {
                String lastId = parser.lastEventId().isEmpty() ? "earliest" : parser.lastEventId();
                try {
                    HttpResponse<InputStream> response = http.send(
                            request.setHeader("Last-Event-ID", lastId).build(),
                            HttpResponse.BodyHandlers.ofInputStream());
                    if (response.statusCode() != 200) {
                        faults.add("a subscriber was answered " + response);
                    }
                    connections++;
                    try (InputStream body = response.body()) {
                        for (int n = body.read(slice); n >= 0; n = body.read(slice)) {
                            parser.feed(slice, 0, n);
                        }
                    }
                } catch (IOException cut) {
                    // comes back
                } catch (InterruptedException testEnds) {
                    return;
                }
                parser.end();
                pause();
            }
        }

        private void event(String type, String data, String id) {
            if (data.contains("\"type\":\"Subscription\"")) {
                return; // who comes and goes; it has a cursor of the hub's, with which we go on like with any
            }
            if (!type.equals("message") || !data.equals(data(id))) {
                faults.add("received " + type + " with the id " + id + ": " + data);
            }
            received.add(id);
            arrived = received.size();
            caughtUp |= id.equals(LAST);
        }

        private void pause() {
            try {
                Thread.sleep(ThreadLocalRandom.current().nextInt(20, 60));
            } catch (InterruptedException testEnds) {
                // over is set
            }
        }
    }

    /** Tells for each id whether all of it came; of many lengths, so that kills leave torn ends of many kinds. */
    private static String data(String id) {
        return id + " " + "x".repeat(Math.floorMod(id.hashCode() * 31, 3000));
    }

    /** Names and values in turn; a name without a value is left out. */
    private static String form(String... namesAndValues) {
        var form = new StringBuilder();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            if (namesAndValues[i + 1] != null) {
                form.append(form.isEmpty() ? "" : "&")
                        .append(namesAndValues[i])
                        .append('=')
                        .append(URLEncoder.encode(namesAndValues[i + 1], StandardCharsets.UTF_8));
            }
        }
        return form.toString();
    }

    private static String token() {
        try {
            var token = new SignedJWT(
                    new JWSHeader(JWSAlgorithm.HS256),
                    JWTClaimsSet.parse("{\"mercure\":{\"publish\":[\"*\"],\"subscribe\":[\"*\"]}}"));
            token.sign(new MACSigner(KEY));
            return token.serialize();
        } catch (Exception broken) {
            throw new AssertionError(broken);
        }
    }

    /**
     * A free port below those that systems give to clients. In that range a client that calls while the server is down
     * might be given the very port it calls, be connected with itself, and keep the server from coming back.
     */
    private static int port() throws IOException {
        for (int i = 0; i < 100; i++) {
            int port = ThreadLocalRandom.current().nextInt(20_000, 30_000);
            try (var free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return free.getLocalPort();
            } catch (IOException taken) {
                // another one
            }
        }
        return fail("no port is free");
    }
}
