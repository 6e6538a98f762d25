package millrace.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A table for each scene: medians over the rounds, ratios to the bare mechanism and to the scene's reference. */
final class Report {

    /** The bare mechanism's name, but for its container. */
    static final String BARE = "the bare mechanism on ";

    private static final String RATE = "%,.0f";
    private static final String CPU = "%.2f µs";

    private final Map<Scene, Map<String, List<Result>>> results = new LinkedHashMap<>();
    private final List<String> commands;

    Report(List<Result> all, List<String> commands) {
        this.commands = commands;
        for (Scene scene : Scene.values()) {
            for (Result result : all) {
                if (result.scene() == scene) {
                    results.computeIfAbsent(scene, key -> new LinkedHashMap<>())
                            .computeIfAbsent(result.server(), key -> new ArrayList<>())
                            .add(result);
                }
            }
        }
    }

    void print(PrintStream out) {
        out.printf("Measured until %s on %s:%n%n```%n", LocalDate.now(), machine());
        commands.forEach(out::println);
        out.println("```");
        results.forEach((scene, byName) -> {
            out.printf("%n## %s: %s%n%n", scene, scene.title);
            List<List<String>> rows = new ArrayList<>();
            rows.add(List.of(
                    "server",
                    "per second (lowest–highest)",
                    "to the bare mechanism",
                    "to " + scene.reference,
                    "server CPU per event",
                    "to the bare mechanism",
                    "to " + scene.reference,
                    "p50",
                    "p99",
                    "memory per connection",
                    "lost",
                    "more"));
            byName.forEach((name, rounds) -> rows.add(cells(name, rounds, byName)));
            table(rows).forEach(out::println);
        });
    }

    /** Columns in which nobody has anything are left out. */
    private static List<String> table(List<List<String>> rows) {
        List<Integer> columns = IntStream.range(0, rows.getFirst().size())
                .filter(column ->
                        rows.stream().skip(1).anyMatch(row -> !row.get(column).isEmpty()))
                .boxed()
                .toList();
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            lines.add(columns.stream().map(row::get).collect(Collectors.joining(" | ", "| ", " |")));
        }
        lines.add(
                1,
                columns.stream()
                        .map(column -> column == 0 || column == rows.getFirst().size() - 1 ? "---" : "---:")
                        .collect(Collectors.joining(" | ", "| ", " |")));
        return lines;
    }

    private static List<String> cells(String name, List<Result> rounds, Map<String, List<Result>> scene) {
        List<Result> bare = name.startsWith(BARE) ? List.of() : scene.getOrDefault(bareOf(name), List.of());
        String referenceName = rounds.getFirst().scene().reference;
        List<Result> reference = name.equals(referenceName) ? List.of() : scene.getOrDefault(referenceName, List.of());
        double perSecond = median(rounds, Result::perSecond);
        double cpu = median(rounds, Result::cpuMicros);
        String range = perSecond < 0
                ? ""
                : String.format(
                        Locale.ROOT,
                        "%,.0f (%,.0f–%,.0f)",
                        perSecond,
                        rounds.stream()
                                .mapToDouble(Result::perSecond)
                                .filter(x -> x >= 0)
                                .min()
                                .orElse(0),
                        rounds.stream().mapToDouble(Result::perSecond).max().orElse(0));
        long lost = rounds.stream().mapToLong(Result::lost).max().orElse(0);
        boolean ran = rounds.stream().anyMatch(result -> !result.note().startsWith("could not run"));
        return List.of(
                name,
                range,
                ratio(perSecond, median(bare, Result::perSecond), RATE),
                ratio(perSecond, median(reference, Result::perSecond), RATE),
                cpu < 0 ? "" : String.format(Locale.ROOT, CPU, cpu),
                ratio(cpu, median(bare, Result::cpuMicros), CPU),
                ratio(cpu, median(reference, Result::cpuMicros), CPU),
                millis(median(rounds, Result::p50Millis)),
                millis(median(rounds, Result::p99Millis)),
                bytes(median(rounds, Result::bytesPerConnection)),
                ran && rounds.getFirst().scene() != Scene.START ? String.format(Locale.ROOT, "%,d", lost) : "",
                more(rounds));
    }

    /** The bare mechanism on the container that the server's name tells. */
    private static String bareOf(String name) {
        return BARE + (name.contains("Jetty") ? "Jetty" : name.contains("Tomcat") ? "Tomcat" : "no container");
    }

    private static String more(List<Result> rounds) {
        Set<String> said = new LinkedHashSet<>();
        rounds.forEach(result -> said.add(result.note()));
        Set<String> figures = new LinkedHashSet<>();
        rounds.forEach(result -> figures.addAll(result.more().keySet()));
        for (String figure : figures) {
            double median = median(rounds, result -> result.more().getOrDefault(figure, -1.0));
            said.add(figure.replace("#", String.format(Locale.ROOT, median < 10 ? "%.1f" : "%,.0f", median)));
        }
        said.remove("");
        return String.join("; ", said);
    }

    /** One run in one line, for those who watch. */
    static String row(Result result) {
        return result.scene() + " "
                + cells(result.server(), List.of(result), Map.of()).stream()
                        .filter(cell -> !cell.isEmpty())
                        .collect(Collectors.joining(" | "));
    }

    private static double median(List<Result> rounds, ToDoubleFunction<Result> figure) {
        double[] sorted = rounds.stream()
                .mapToDouble(figure)
                .filter(value -> value >= 0)
                .sorted()
                .toArray();
        return sorted.length == 0 ? -1 : sorted[sorted.length / 2];
    }

    /** {@code × 0.52 of 2,300,000}, so that both medians can be read; nothing for a reference itself. */
    private static String ratio(double value, double reference, String format) {
        if (value < 0 || reference <= 0) {
            return "";
        }
        double ratio = value / reference;
        return String.format(Locale.ROOT, ratio < 10 ? "× %.2f of " : "× %.0f of ", ratio)
                + String.format(Locale.ROOT, format, reference);
    }

    private static String millis(double value) {
        return value < 0 ? "" : String.format(Locale.ROOT, value < 10 ? "%.1f ms" : "%,.0f ms", value);
    }

    private static String bytes(double value) {
        return value < 0 ? "" : String.format(Locale.ROOT, "%.1f KB", value / 1000);
    }

    private static String machine() {
        String cpu = "unknown CPU";
        try {
            cpu = Files.readAllLines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8).stream()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(cpu);
        } catch (IOException noLinux) {
            // the table stands without it
        }
        return String.format(
                "%d × %s, Linux %s, Java %s",
                Runtime.getRuntime().availableProcessors(),
                cpu,
                System.getProperty("os.version"),
                System.getProperty("java.version"));
    }
}
