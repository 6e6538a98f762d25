package millrace.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What {@code mvn -Prun} starts: it says clearly why it cannot start, and refuses connections while it drains. */
class LauncherIT {

    @Test
    void aTakenPortGivesOneClearLineAndAnExitCode() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Output output = launch("--port", Integer.toString(taken.getLocalPort()));
            assertEquals(1, output.exit());
            assertEquals(
                    "millrace: cannot listen on 127.0.0.1 port " + taken.getLocalPort()
                            + " (Address already in use); choose another with -Dport=…\n",
                    output.text());
        }
    }

    @Test
    void aWrongOptionIsNamed() {
        assertEquals(
                new Output(1, "millrace: 'eighty' is no port: choose 0 to 65535 with -Dport=…\n"),
                launch("--port", "eighty"));
        Output unknown = launch("--prot", "80");
        assertEquals(1, unknown.exit());
        assertTrue(unknown.text().startsWith("millrace: unknown option '--prot'\nusage: "), unknown.text());
    }

    @Test
    void aWarThatDoesNotStartEndsTheLauncher() {
        Output output = launch(List.of("-Dmillrace.no-such-setting=1"), "--port", "0");
        assertEquals(1, output.exit(), output.text());
        assertTrue(output.text().contains("millrace.no-such-setting"), output.text());
        assertTrue(output.text().endsWith("millrace: the WAR at '/' did not start; the lines above say why\n"));
    }

    @Test
    void theApplicationsDrainRunsWhenNobodyIsAcceptedAnyMore() throws Exception {
        try (Server server = Server.start(Container.TOMCAT_11, Map.of())) {
            URI leave = server.testapp("/leave-drain");
            assertEquals(
                    200,
                    HttpClient.newHttpClient()
                            .send(HttpRequest.newBuilder(leave).build(), BodyHandlers.discarding())
                            .statusCode());
            Duration took = server.stop();
            assertTrue(
                    server.log().contains("asked while draining: java.net.ConnectException: Connection refused"),
                    server.log());
            assertTrue(server.log().endsWith("millrace: ended\n"), server.log());
            assertTrue(took.toSeconds() < 10, () -> "took " + took);
            assertFalse(server.log().contains("SEVERE"), server.log());
        }
    }

    private static Output launch(String... options) {
        return launch(List.of(), options);
    }

    private static Output launch(List<String> jvmArgs, String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        command.addAll(jvmArgs);
        command.addAll(List.of("-cp", "target/run/*:target/run-classes", "millrace.run.Main"));
        command.addAll(List.of("--war", "target/millrace.war"));
        command.addAll(List.of(options));
        return Output.of(Duration.ofSeconds(60), command);
    }
}
