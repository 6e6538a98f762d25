package millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Who may know whom: the arrows between the rooms, and which room knows which library. Read by {@code jdeps} from the
 * compiled classes. An arrow that should change gets a page in {@code docs/decisions}.
 */
class RoomsTest {

    private static final String SERVLET = "jakarta.servlet";
    private static final String JSON = "jakarta.json";
    private static final String JWT = "com.nimbusds";
    private static final String PROMETHEUS = "io.prometheus.metrics";
    private static final String PROMETHEUS_SERVLET = "io.prometheus.metrics.exporter";

    /** Room to the rooms and libraries it may know. The JDK and JSpecify's annotations are everybody's. */
    private static final Map<String, Set<String>> ALLOWED = Map.ofEntries(
            Map.entry("sse", Set.of()),
            Map.entry("config", Set.of()),
            Map.entry("topic", Set.of()),
            Map.entry("log", Set.of("sse")),
            Map.entry("metrics", Set.of(PROMETHEUS)),
            Map.entry("problem", Set.of(JSON)),
            Map.entry("request", Set.of("sse", "config", "problem", SERVLET, JSON)),
            Map.entry(
                    "stream",
                    Set.of("sse", "log", "request", "config", "metrics", "problem", SERVLET, JSON, PROMETHEUS)),
            Map.entry("history", Set.of("sse", "config", "metrics", PROMETHEUS)),
            Map.entry("auth", Set.of("topic", "config", "problem", JSON, JWT)),
            Map.entry(
                    "hub",
                    Set.of(
                            "sse",
                            "log",
                            "stream",
                            "request",
                            "history",
                            "auth",
                            "topic",
                            "config",
                            "metrics",
                            "problem",
                            JSON,
                            PROMETHEUS)),
            Map.entry(
                    "chat",
                    Set.of("sse", "log", "stream", "request", "config", "metrics", "problem", JSON, PROMETHEUS)));

    private static final Set<String> SHARED = Set.of("java", "javax.crypto", "javax.net", "org.jspecify");

    @Test
    void aRoomKnowsOnlyWhatItMay() throws IOException {
        List<String> wrong = new ArrayList<>();
        arrows().forEach((room, targets) -> {
            if (!room.equals("web")) { // the only room that wires, so it knows all
                for (String target : targets) {
                    if (!allowed(room, target)) {
                        wrong.add(room + " -> " + target);
                    }
                }
            }
        });
        assertEquals(List.of(), wrong);
    }

    @Test
    void nobodyKnowsTheWebRoomAndThereIsNoCircle() throws IOException {
        Map<String, Set<String>> arrows = arrows();
        for (String room : arrows.keySet()) {
            Set<String> reached = new TreeSet<>();
            List<String> next = new ArrayList<>(arrows.get(room));
            while (!next.isEmpty()) {
                String target = next.removeLast();
                if (arrows.containsKey(target) && reached.add(target)) {
                    next.addAll(arrows.get(target));
                }
            }
            assertTrue(!reached.contains(room), room + " reaches itself through " + reached);
            assertTrue(!reached.contains("web"), room + " reaches web");
        }
    }

    /** If {@code jdeps} changed its print, the tests above would pass on nothing. */
    @Test
    void allRoomsAreSeenAndSoAreTheirArrows() throws IOException {
        Map<String, Set<String>> arrows = arrows();
        try (Stream<Path> rooms = Files.list(Path.of("src/main/java/millrace"))) {
            assertEquals(
                    rooms.map(room -> room.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new)),
                    new TreeSet<>(arrows.keySet()));
        }
        assertTrue(arrows.get("stream").contains(SERVLET + ".http"), arrows.toString());
        assertTrue(arrows.get("stream").contains("sse"), arrows.toString());
    }

    private static boolean allowed(String room, String target) {
        if (isOrIsBelow(target, SHARED)) {
            return true;
        }
        return isOrIsBelow(target, ALLOWED.getOrDefault(room, Set.of())) && !target.startsWith(PROMETHEUS_SERVLET);
    }

    private static boolean isOrIsBelow(String target, Set<String> names) {
        return names.stream().anyMatch(name -> target.equals(name) || target.startsWith(name + "."));
    }

    /** Room to room or package; the rooms by their short names. */
    private static Map<String, Set<String>> arrows() {
        StringWriter printed = new StringWriter();
        PrintWriter out = new PrintWriter(printed);
        int exit = ToolProvider.findFirst("jdeps")
                .orElseThrow()
                .run(
                        out,
                        out,
                        "-verbose:package",
                        "-filter:none",
                        Path.of("target/classes").toString());
        assertEquals(0, exit, printed.toString());
        Map<String, Set<String>> arrows = new HashMap<>();
        Pattern.compile("^\\s+millrace\\.(\\w+)\\S*\\s+-> (\\S+)", Pattern.MULTILINE)
                .matcher(printed.toString())
                .results()
                .forEach(arrow -> {
                    String room = arrow.group(1);
                    String target = arrow.group(2).replaceFirst("^millrace\\.(\\w+).*", "$1");
                    Set<String> targets = arrows.computeIfAbsent(room, key -> new TreeSet<>());
                    if (!target.equals(room)) {
                        targets.add(target);
                    }
                });
        return arrows;
    }
}
