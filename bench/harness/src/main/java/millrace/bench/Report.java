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

/** The table: medians over the rounds, ratios to the reference of the scene. */
final class Report {

    private final Map<Scene, Map<String, List<Result>>> results = new LinkedHashMap<>();
    private final String command;

    Report(List<Result> all, String command) {
        this.command = command;
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
        out.println();
        out.printf("`%s` on %s, %s%n%n", command, LocalDate.now(), machine());
        out.println(
                "| scene | server | per second (lowest–highest) | ratio | server CPU per event | ratio | p50 | p99 |"
                        + " memory per connection | lost | |");
        out.println("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        results.forEach((scene, byName) -> {
            List<Result> reference = byName.getOrDefault(scene.reference, List.of());
            String title = scene.title + (scene.reference.isEmpty() ? "" : " (ratio to " + scene.reference + ")");
            for (Map.Entry<String, List<Result>> entry : byName.entrySet()) {
                out.println(line(title, entry.getKey(), entry.getValue(), reference));
                title = "";
            }
        });
    }

    private static String line(String title, String name, List<Result> rounds, List<Result> reference) {
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
        Set<String> notes = new LinkedHashSet<>();
        rounds.forEach(result -> notes.add(result.note()));
        notes.remove("");
        long lost = rounds.stream().mapToLong(Result::lost).max().orElse(0);
        boolean ran = rounds.stream().anyMatch(result -> !result.note().startsWith("could not run"));
        return "| "
                + String.join(
                        " | ",
                        title,
                        name,
                        range,
                        ratio(perSecond, median(reference, Result::perSecond)),
                        cpu < 0 ? "" : String.format(Locale.ROOT, "%.2f µs", cpu),
                        ratio(cpu, median(reference, Result::cpuMicros)),
                        millis(median(rounds, Result::p50Millis)),
                        millis(median(rounds, Result::p99Millis)),
                        bytes(median(rounds, Result::bytesPerConnection)),
                        ran && rounds.getFirst().scene() != Scene.START ? String.format(Locale.ROOT, "%,d", lost) : "",
                        String.join("; ", notes))
                + " |";
    }

    /** One run in one line, for those who watch. */
    static String row(Result result) {
        return line(result.scene().name(), result.server(), List.of(result), List.of());
    }

    private static double median(List<Result> rounds, ToDoubleFunction<Result> figure) {
        double[] sorted = rounds.stream()
                .mapToDouble(figure)
                .filter(value -> value >= 0)
                .sorted()
                .toArray();
        return sorted.length == 0 ? -1 : sorted[sorted.length / 2];
    }

    private static String ratio(double value, double reference) {
        if (value < 0 || reference <= 0) {
            return "";
        }
        double ratio = value / reference;
        return String.format(Locale.ROOT, ratio < 10 ? "× %.2f" : "× %.0f", ratio);
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
