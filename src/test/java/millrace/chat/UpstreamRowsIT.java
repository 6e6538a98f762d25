package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.Node;
import millrace.harness.OnContainers;
import millrace.harness.Output;
import millrace.harness.Server;
import org.jspecify.annotations.Nullable;

/**
 * What official clients report of each thing that an upstream does, without Millrace and with it in between: the table of
 * {@code docs/chat-clients.md}. With {@code -Dupdate.docs=true} the table is written instead of compared.
 */
@OnContainers({Container.TOMCAT_11, Container.JETTY_12_1})
class UpstreamRowsIT {

    private static final Path PAGE = Path.of("docs/chat-clients.md");
    private static final String BEGIN = "<!-- table: written by UpstreamRowsIT -->\n";
    private static final String END = "<!-- end of table -->\n";
    private static final List<String> COLUMNS = List.of("openai (npm)", "openai-java", "LangChain4j", "on the wire");

    /** For each row the cells of {@link #COLUMNS}. */
    private record Table(Map<UpstreamRow, List<String>> cells) {}

    /** The same for every container. */
    private static @Nullable Table without;

    @ContainerTest
    void theTableOfTheDocumentationIsTrue(Container container) throws Exception {
        try (ScriptedUpstream upstream = UpstreamRow.upstream();
                Server server = Server.start(
                        container,
                        Map.of(
                                "millrace.chat.upstreams",
                                "scripted=" + upstream.baseUrl(),
                                "millrace.chat.models",
                                UpstreamRow.modelsOf("scripted")))) {
            if (without == null) {
                without = ask(upstream.baseUrl());
            }
            Table with = ask(server.uri("/v1"));
            String table = render(without, with);
            String page = Files.readString(PAGE);
            String written = page.substring(page.indexOf(BEGIN) + BEGIN.length(), page.indexOf(END));
            if (Boolean.getBoolean("update.docs")) {
                Files.writeString(
                        PAGE,
                        page.substring(0, page.indexOf(BEGIN) + BEGIN.length())
                                + table
                                + page.substring(page.indexOf(END)));
            } else {
                assertEquals(written, table);
            }
            assertFalse(server.log().contains("\tat "), "no stack trace in the log: " + server.log());
        }
    }

    private static Table ask(URI base) throws Exception {
        List<UpstreamRow> rows = Arrays.asList(UpstreamRow.values());
        Map<UpstreamRow, List<Future<String>>> asked = new LinkedHashMap<>();
        Map<String, String> node = node(base, rows);
        try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
            for (UpstreamRow row : rows) {
                List<Callable<String>> cells = List.of(
                        () -> seen(row, "node", node.getOrDefault(row.model(), "nothing")),
                        () -> seen(row, "java", Clients.openAiJava(base, row)),
                        () -> seen(row, "langchain4j", timed(row, () -> Clients.langChain4j(base, row))),
                        () -> seen(row, "wire", Clients.wire(base, row)));
                List<Future<String>> pending = new ArrayList<>();
                for (Callable<String> cell : cells) {
                    pending.add(executor.submit(cell));
                }
                asked.put(row, pending);
            }
        }
        Map<UpstreamRow, List<String>> cells = new LinkedHashMap<>();
        for (var entry : asked.entrySet()) {
            List<String> line = new ArrayList<>();
            for (Future<String> cell : entry.getValue()) {
                line.add(cell.get());
            }
            cells.put(entry.getKey(), line);
        }
        return new Table(cells);
    }

    /** What the client reports, and where the upstream looked what it saw of it. */
    private static String seen(UpstreamRow row, String client, String report) throws InterruptedException {
        String seen = row.seen(client);
        return seen.isEmpty() ? report : report + "; " + seen;
    }

    /** A client that waits for the end of the connection shows it here. */
    private static String timed(UpstreamRow row, Callable<String> client) throws Exception {
        long start = System.nanoTime();
        String report = client.call();
        boolean waited = row == UpstreamRow.HELD
                && Duration.ofNanos(System.nanoTime() - start).toMillis() > 2_500;
        return waited ? report + ", after 3 s" : report;
    }

    private static Map<String, String> node(URI base, List<UpstreamRow> rows) {
        List<String> args = new ArrayList<>(List.of(base.toString()));
        rows.forEach(row -> args.add(row.model()));
        Output output = Node.run(Duration.ofSeconds(60), "chat-rows.mjs", args.toArray(String[]::new));
        assertEquals(0, output.exit(), output.text());
        Map<String, String> reports = new HashMap<>();
        output.text().lines().forEach(line -> reports.put(line.split("\t")[0], line.split("\t", 2)[1]));
        return reports;
    }

    private static String render(Table without, Table with) {
        StringBuilder table = new StringBuilder("| the upstream does | | " + String.join(" | ", COLUMNS) + " |\n");
        table.append("| --- | --- |").append(" --- |".repeat(COLUMNS.size())).append('\n');
        for (UpstreamRow row : UpstreamRow.values()) {
            table.append("| ").append(row.description()).append(" | without | ");
            table.append(String.join(" | ", without.cells().get(row))).append(" |\n");
            table.append("| | with | ")
                    .append(String.join(" | ", with.cells().get(row)))
                    .append(" |\n");
        }
        return table.toString();
    }
}
