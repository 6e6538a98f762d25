package millrace.web;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import millrace.harness.Distribution;

/** What {@link ServersIT} has seen, as the README's table: a row for each server, a column for each thing to see. */
final class ServersTable {

    private static final Path README = Path.of("README.md");
    private static final String BEGIN = "<!-- servers: written by mvn -Pservers verify -Dwrite -->\n";
    private static final String END = "<!-- end of servers -->\n";

    private final Map<String, Map<String, String>> cells = new TreeMap<>();
    private final Map<String, Boolean> columns = new LinkedHashMap<>();

    void put(Distribution server, String column, String cell) {
        columns.put(column, true);
        cells.computeIfAbsent(server.key(), key -> new TreeMap<>()).put(column, cell);
    }

    /** A run on all servers is what the README tells of: it writes the table, or compares it. */
    void writeIfWhole() throws IOException {
        List<Distribution> all = Distribution.all();
        String table = all.stream().map(this::row).collect(Collectors.joining("", heading(), ""));
        System.out.println(table);
        if (all.size() > Distribution.chosen().size()) {
            return;
        }
        String readme = Files.readString(README);
        int begin = readme.indexOf(BEGIN) + BEGIN.length();
        int end = readme.indexOf(END);
        if (System.getProperty("write") != null) {
            Files.writeString(README, readme.substring(0, begin) + table + readme.substring(end));
        } else if (!table.equals(readme.substring(begin, end))) {
            throw new AssertionError("the README's table of servers is another: run this with -Dwrite\n" + table);
        }
    }

    private String heading() {
        return "| server | " + String.join(" | ", columns.keySet()) + " |\n| --- |" + " --- |".repeat(columns.size())
                + "\n";
    }

    private String row(Distribution server) {
        Map<String, String> seen = cells.getOrDefault(server.key(), Map.of());
        return columns.keySet().stream()
                .map(column -> seen.getOrDefault(column, "**no**"))
                .collect(Collectors.joining(" | ", "| " + server.title() + " | ", " |\n"));
    }
}
