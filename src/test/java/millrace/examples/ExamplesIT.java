package millrace.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.Node;
import millrace.harness.OnContainers;
import millrace.harness.Output;
import millrace.harness.Server;
import millrace.harness.Tool;
import org.junit.jupiter.api.Test;

/** The examples do what they say, on the server of the run command. */
@OnContainers(Container.TOMCAT_11)
class ExamplesIT {

    private static final Path EXAMPLES = Path.of("examples");
    private static final Path TARGET = Path.of("target").toAbsolutePath();
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String TEN_EVENTS = "(?s)(.*\n)?(id: \\S+-\\d+\ndata: \\d\n\n){10}.*";

    @ContainerTest
    void aStreamWithCurl(Server server) {
        Tool.CURL.path();
        Output output = Output.of(LIMIT, List.of("sh", "examples/stream.sh", base(server)));
        assertEquals(0, output.exit(), output.text());
        String[] parts = output.text().split("--- after \\S+-3\n");
        assertEquals(2, parts.length, output.text());
        assertTrue(parts[0].matches(TEN_EVENTS), output.text());
        assertEquals(List.of("3", "4", "5", "6", "7", "8", "9"), data(parts[1]), output.text());
    }

    @ContainerTest
    void theHubWithCurl(Server server) {
        Tool.CURL.path();
        Output output = Output.of(LIMIT, List.of("sh", "examples/hub.sh", base(server)));
        assertEquals(List.of("missed", "missed too"), data(output.text()), output.text());
    }

    @ContainerTest
    void aStreamWithTheJdkAlone(Server server) {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Output output = Output.of(
                LIMIT,
                List.of(
                        java.toString(),
                        "examples/Follow.java",
                        server.uri("/sse/v1?interval=10").toString()));
        assertEquals(0, output.exit(), output.text());
        assertTrue(output.text().matches("(?s)(\\S+-\\d+ \\d\n){10}the end\n"), output.text());
    }

    @ContainerTest
    void publishingWithTheJdkAlone(Server server) {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Output output = Output.of(
                LIMIT, List.of(java.toString(), "examples/Publish.java", base(server), "demo/orders/1", "a & b"));
        assertEquals(0, output.exit(), output.text());
        assertTrue(output.text().matches("published, and on disk: urn:uuid:\\S+\n"), output.text());
    }

    @ContainerTest
    void aStreamWithNode(Server server) throws IOException {
        Output output = node("follow.mjs", base(server));
        assertTrue(output.text().matches("(?s)(\\S+-\\d+ \\d\n){10}the end\n"), output.text());
    }

    @ContainerTest
    void theGuideThroughOpenAisOwnPackage(Server server) throws IOException {
        Output output = node("chat.mjs", base(server), "How do I run Millrace?");
        assertEquals(0, output.exit(), output.text());
        assertTrue(output.text().contains("mvn -Prun"), output.text());
    }

    @Test
    void behindNginxEventsComeOneByOne() throws Exception {
        Path nginx = Tool.NGINX.path();
        Path directory = Files.createTempDirectory(TARGET, "nginx");
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Server server =
                Server.start(Container.TOMCAT_11, Map.of("millrace.demo", "false")); // demo mode refuses proxies
        try {
            String config = Files.readString(EXAMPLES.resolve("nginx.conf"))
                    .replace("127.0.0.1:8080", "127.0.0.1:" + server.port())
                    .replace("127.0.0.1:8088", "127.0.0.1:" + port);
            Files.writeString(directory.resolve("nginx.conf"), config);
            Process proxy = new ProcessBuilder(
                            nginx.toString(), "-p", directory + "/", "-c", "nginx.conf", "-e", "stderr")
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("log").toFile())
                    .start();
            try {
                assertTrue(eventsOneByOne(port) >= 3); // one, if nginx held them back; all ten on a quiet machine
                for (String origin : List.of("http://127.0.0.1:" + port, "http://127.0.0.1")) {
                    HttpRequest fromAPage = HttpRequest.newBuilder(
                                    URI.create("http://127.0.0.1:" + port + "/sse/v1?n=1"))
                            .header("Origin", origin)
                            .POST(HttpRequest.BodyPublishers.noBody())
                            .build();
                    int status = HttpClient.newHttpClient()
                            .send(fromAPage, BodyHandlers.discarding())
                            .statusCode();
                    assertEquals(origin.endsWith("" + port) ? 200 : 403, status, origin);
                }
            } finally {
                proxy.destroy();
                proxy.waitFor();
            }
        } finally {
            server.close();
        }
    }

    /** Counts the events that came at least 20 ms after the one before: had they been held back, they came together. */
    private static int eventsOneByOne(int port) throws Exception {
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/sse/v1?interval=200"))
                .build();
        for (int attempt = 0; attempt < 50; attempt++) {
            try (Stream<String> lines =
                    client.send(request, BodyHandlers.ofLines()).body()) {
                long[] last = {0};
                return (int) lines.filter(line -> line.startsWith("data:"))
                        .filter(line -> {
                            long now = System.nanoTime();
                            boolean alone = last[0] == 0 || now - last[0] > 20_000_000;
                            last[0] = now;
                            return alone;
                        })
                        .count();
            } catch (IOException notYetThere) {
                Thread.sleep(100);
            }
        }
        throw new AssertionError("nginx does not answer");
    }

    @Test
    void theSmallestServletCompilesAndStandsInTheReadme() throws Exception {
        String code = Files.readString(EXAMPLES.resolve("Ten.java"));
        String shown = code.substring(code.indexOf("@WebServlet"));
        assertTrue(Files.readString(Path.of("README.md")).contains(shown), "the README shows another Ten");
        compile(EXAMPLES.resolve("Ten.java"));
    }

    @Test
    void theUnitTestOfTheSmallestServletPassesAndStandsInTheDocumentation() throws Exception {
        Path classes = compile(EXAMPLES.resolve("Ten.java"), EXAMPLES.resolve("TenTest.java"));
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
            Constructor<?> test = loader.loadClass("TenTest").getDeclaredConstructor();
            test.setAccessible(true);
            Method itCountsToTen = test.getDeclaringClass().getDeclaredMethod("itCountsToTen");
            itCountsToTen.setAccessible(true);
            itCountsToTen.invoke(test.newInstance());
        }
        String documented = Files.readString(Path.of("docs/java.md"));
        Files.readString(EXAMPLES.resolve("TenTest.java"))
                .lines()
                .filter(line -> line.startsWith("        "))
                .forEach(line -> assertTrue(documented.contains(line.strip()), line));
    }

    /** Returns where the classes are. */
    private static Path compile(Path... sources) throws IOException {
        Path classes = Files.createTempDirectory(TARGET, "example");
        List<String> arguments = new ArrayList<>(List.of(
                "-d",
                classes.toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))));
        for (Path source : sources) {
            arguments.add(source.toString());
        }
        int exit = ToolProvider.getSystemJavaCompiler()
                .run(null, System.out, System.err, arguments.toArray(String[]::new));
        assertEquals(0, exit);
        return classes;
    }

    @Test
    void eachFileHereIsListedAndTested() throws IOException {
        Set<String> listed = Files.readString(EXAMPLES.resolve("README.md"))
                .lines()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.substring(3, line.indexOf('`', 3)))
                .collect(Collectors.toCollection(TreeSet::new));
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            Set<String> there = files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals("README.md"))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertEquals(listed, there);
        }
    }

    private static Output node(String example, String... args) throws IOException {
        ProcessBuilder builder = Node.builder(example, args); // installs the packages, which it looks for beside itself
        Files.copy(
                EXAMPLES.resolve(example),
                builder.directory().toPath().resolve(example),
                StandardCopyOption.REPLACE_EXISTING);
        return Output.of(LIMIT, builder);
    }

    private static String base(Server server) {
        return server.uri("").toString();
    }

    private static List<String> data(String stream) {
        return stream.lines()
                .filter(line -> line.startsWith("data: "))
                .map(line -> line.substring(6))
                .toList();
    }
}
