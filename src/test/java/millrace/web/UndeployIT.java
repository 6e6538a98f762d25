package millrace.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import millrace.harness.Container;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.junit.jupiter.api.Test;

/** A server that goes on without the application keeps nothing of it: no thread, no object, no class loader. */
@OnContainers(Container.TOMCAT_10_1)
class UndeployIT {

    private static final String LOADER = "org.apache.catalina.loader.ParallelWebappClassLoader";

    /** What Tomcat's own scripts open for its look at threads and thread-locals; it warns of a "memory leak". */
    private static final String[] LEAK_DETECTION = {
        Server.SOFT_IS_NOT_HELD,
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "--add-opens=java.base/java.util=ALL-UNNAMED",
        "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
        "--add-opens=java.rmi/sun.rmi.transport=ALL-UNNAMED"
    };

    @Test
    void nothingOfAnUndeployedApplicationIsLeft() throws Exception {
        var settings = Map.of("millrace.drain-time", "500ms", "millrace.history", "memory");
        try (Server server = Server.start(Container.TOMCAT_10_1, settings, LEAK_DETECTION)) {
            assertEquals(2, server.liveInstances(LOADER));
            assertEquals(200, status(server, "GET", "/metrics"));
            assertEquals(200, status(server, "POST", "/demo/token"));
            assertEquals(200, status(server, "GET", "/v1/models"));
            try (var stream = new RawConnection(server.uri("/"));
                    var answer = new RawConnection(server.uri("/"))) {
                stream.request("GET", "/sse/v1?n=10000&interval=50");
                assertEquals(200, stream.head().status());
                answer.request("GET", "/sse/v1?n=2&interval=3600000"); // its producer sleeps
                assertEquals(200, answer.head().status());

                Files.delete(server.directory().resolve("webapps").resolve("ROOT.war"));
                await(() -> ours(server.threadNames()).isEmpty(), () -> "threads: " + ours(server.threadNames()));
            }
            await(() -> server.liveInstances("millrace.web.Application") == 0, () -> "the application is held");
            // a connection's processor remembers its last request until the next one comes
            for (int i = 0; i < 20; i++) {
                status(server, "GET", "/testapp/where");
            }
            await(() -> server.liveInstances(LOADER) == 1, () -> "the class loader is held; " + server.log());
            assertFalse(server.log().contains("memory leak"), server.log());
        }
    }

    private static List<String> ours(List<String> threads) {
        return threads.stream()
                .filter(name -> Stream.of("millrace", "stream-", "chat", "auth-", "prometheus")
                        .anyMatch(name::startsWith))
                .toList();
    }

    private static int status(Server server, String method, String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(server.uri(path))
                .method(method, BodyPublishers.noBody())
                .build();
        HttpResponse<String> response = Following.HTTP.send(request, BodyHandlers.ofString());
        return response.statusCode();
    }

    private static void await(BooleanSupplier condition, Supplier<String> otherwise) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(otherwise.get());
            }
            Thread.sleep(500);
        }
    }
}
