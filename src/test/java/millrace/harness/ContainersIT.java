package millrace.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The harness keeps its promises, and both WARs run on every container. */
@OnContainers
class ContainersIT {

    private static final Map<Container, String> SERVER_INFO = Map.of(
            Container.TOMCAT_11, "Apache Tomcat/11.0.",
            Container.TOMCAT_10_1, "Apache Tomcat/10.1.",
            Container.JETTY_12_1, "jetty/12.1.",
            Container.JETTY_12_0, "jetty/12.0.");

    private final HttpClient http = HttpClient.newHttpClient();

    @ContainerTest
    void anotherWarWithTheAttachedJarRunsBesideMillrace(Server server) throws Exception {
        List<String> answer = get(server.testapp("/where"), HttpClient.Version.HTTP_1_1)
                .body()
                .lines()
                .toList();
        assertTrue(answer.get(0).startsWith(SERVER_INFO.get(server.container())), answer.toString());
        assertTrue(answer.get(2).contains("millrace-classes.jar"), answer.toString());
    }

    @ContainerTest
    void theRootIsMillrace(Server server) throws Exception {
        HttpResponse<String> answer = get(server.uri("/WEB-INF/web.xml"), HttpClient.Version.HTTP_1_1);
        assertEquals(404, answer.statusCode());
        assertFalse(answer.body().contains("testapp"));
        assertTrue(get(server.uri("/"), HttpClient.Version.HTTP_1_1).statusCode() < 500);
    }

    @ContainerTest
    void cleartextHttp2IsSpoken(Server server) throws Exception {
        HttpResponse<String> answer = get(server.testapp("/where"), HttpClient.Version.HTTP_2);
        assertEquals(HttpClient.Version.HTTP_2, answer.version());
        assertEquals("HTTP/2.0", answer.body().lines().toList().get(1));
    }

    @ContainerTest
    void finishedRequestsAreInTheAccessLogWithTheirLastEventId(Server server) throws Exception {
        http.send(
                HttpRequest.newBuilder(server.testapp("/where?logged"))
                        .header("Last-Event-ID", "some-id")
                        .version(HttpClient.Version.HTTP_1_1)
                        .build(),
                BodyHandlers.discarding());
        for (int i = 0; i < 200 && !server.accessLog().contains("some-id"); i++) {
            Thread.sleep(10);
        }
        assertTrue(
                server.accessLog()
                        .matches("(?s).*\\d+ 200 \"GET /testapp/where\\?logged HTTP/1.1\" \\d+ \"some-id\".*"),
                server.accessLog());
    }

    @ContainerTest
    void aPrivateServerCanBeLookedIntoKilledAndRestarted(Container container) throws Exception {
        try (Server server = Server.start(container, Map.of("millrace.heartbeat", "1s"), "-Xmx256m")) {
            URI where = server.testapp("/where");
            assertEquals(200, get(where, HttpClient.Version.HTTP_1_1).statusCode());
            assertEquals(1, server.liveInstances("millrace.testapp.WhereAmIServlet"));
            assertTrue(server.liveBytes() > 1_000_000);
            assertTrue(server.residentBytes() > server.liveBytes());
            assertTrue(server.threadNames().contains("Signal Dispatcher"), server.threads());

            long pid = server.pid();
            server.kill();
            assertThrows(ConnectException.class, () -> get(where, HttpClient.Version.HTTP_1_1));
            server.restart();
            assertFalse(pid == server.pid());
            assertEquals(200, get(where, HttpClient.Version.HTTP_1_1).statusCode());
            Duration took = server.stop();
            assertTrue(took.toSeconds() < 10, () -> "took " + took + "\n" + server.log());
        }
    }

    private HttpResponse<String> get(URI uri, HttpClient.Version version) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(uri)
                        .version(version)
                        .timeout(Duration.ofSeconds(20))
                        .build(),
                BodyHandlers.ofString());
    }
}
