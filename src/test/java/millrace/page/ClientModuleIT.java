package millrace.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.Node;
import millrace.harness.OnContainers;
import millrace.harness.Output;
import millrace.harness.Server;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code millrace.js} as others get it: from the WAR, from npm, small, with types, and under the AI SDK. */
class ClientModuleIT {

    private static final Path CLIENT = Path.of("src/main/webapp/client").toAbsolutePath();
    private static final Duration LIMIT = Duration.ofMinutes(2);

    @Test
    void theSmallFormIsOfTheModuleAndHasLessThanSixKilobytesCompressed(@TempDir Path directory) throws IOException {
        Path made = directory.resolve("millrace.min.js");

        succeeds(Node.run(LIMIT, "minify.mjs", CLIENT.resolve("millrace.js").toString(), made.toString()));

        Path kept = CLIENT.resolve("millrace.min.js");
        assertEquals(Files.readString(made), Files.readString(kept), "make it anew: see docs/client.md");
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            Files.copy(kept, gzip);
        }
        assertTrue(compressed.size() <= 6 * 1024, compressed.size() + " bytes");
    }

    @Test
    void npmPacksItWithItsTypesAndACompilerTakesThem(@TempDir Path directory) throws IOException {
        Path modules = Node.packages();
        succeeds(Output.of(
                LIMIT,
                new ProcessBuilder("npm", "pack", "--pack-destination", directory.toString())
                        .directory(CLIENT.toFile())));
        Path project = Files.createDirectories(modules.resolve("../client-types"));
        Path installed = Files.createDirectories(project.resolve("node_modules/millrace"));
        Path tarball = directory.resolve("millrace-0.1.0.tgz");
        succeeds(Output.of(
                LIMIT, List.of("tar", "-xzf", tarball.toString(), "-C", installed.toString(), "--strip-components=1")));
        for (String file : List.of("millrace.js", "millrace.min.js", "millrace.d.ts", "package.json", "README.md")) {
            assertEquals(-1, Files.mismatch(CLIENT.resolve(file), installed.resolve(file)), file);
        }
        Files.copy(
                modules.resolve("../client-types.ts"),
                project.resolve("client-types.ts"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        succeeds(Output.of(
                LIMIT,
                new ProcessBuilder(
                                modules.resolve(".bin/tsc").toString(),
                                "--noEmit",
                                "--strict",
                                "--exactOptionalPropertyTypes",
                                "--skipLibCheck",
                                "--target",
                                "es2022",
                                "--module",
                                "nodenext",
                                "--lib",
                                "es2022,dom,dom.iterable",
                                "client-types.ts")
                        .directory(project.toFile())));
    }

    private static void succeeds(Output output) {
        assertEquals(0, output.exit(), output.text());
    }

    /** What needs a server. */
    @OnContainers
    static class ServedIT {

        @ContainerTest
        void theWarServesItToPagesOfAllOrigins(Server server) throws Exception {
            for (String file : List.of("millrace.js", "millrace.min.js", "millrace.d.ts")) {
                HttpResponse<String> answer = get(server, "/client/" + file);
                assertEquals(200, answer.statusCode(), file);
                assertEquals(Files.readString(CLIENT.resolve(file)), answer.body());
                assertEquals(
                        "*",
                        answer.headers()
                                .firstValue("Access-Control-Allow-Origin")
                                .orElse(null));
                if (file.endsWith(".js")) {
                    String type = answer.headers().firstValue("Content-Type").orElse("");
                    assertTrue(type.matches("(text|application)/javascript.*"), type);
                }
            }
            assertEquals(404, get(server, "/client/package.json").statusCode());
        }

        private static HttpResponse<String> get(Server server, String path) throws IOException, InterruptedException {
            return HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(server.uri(path)).build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    /** {@code useChat} of the AI SDK, with the built-in model. */
    @OnContainers({Container.TOMCAT_11, Container.JETTY_12_1})
    static class UseChatIT {

        @ContainerTest
        void anAnswerOutlivesAReloadAndStopStopsTheModel(Server server) {
            succeeds(Node.run(
                    LIMIT,
                    "use-chat.mjs",
                    CLIENT.resolve("millrace.js").toString(),
                    server.uri("/v1/chat/completions").toString()));
        }
    }
}
