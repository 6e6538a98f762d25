package millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@code docs/operations.md} says of the log and of the metrics is all that there is. */
class OperationsTest {

    private static final Path PAGE = Path.of("docs/operations.md");

    /** A call that logs, or that makes what is logged later (and says at length what to do); and the texts in it. */
    private static final Pattern CALL = Pattern.compile(
            "(?:\\b(?:INFO|WARNING|ERROR),|\\bwarn\\(|new HistoryException\\()\\s*((?:\"(?:[^\"\\\\]|\\\\.)*\"|[^;\"])*)");

    private static final Pattern TEXT = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

    @Test
    void everyLineOfTheLogIsExplained() throws IOException {
        String page = Files.readString(PAGE).replaceAll("\\s+", " ");
        List<String> missing = new ArrayList<>();
        int lines = 0;
        for (String source : sources()) {
            for (Matcher call = CALL.matcher(source); call.find(); ) {
                List<String> texts = TEXT.matcher(call.group(1).replaceAll("\"\\s*\\+\\s*\"", ""))
                        .results()
                        .flatMap(text -> Arrays.stream(text.group(1).split("\\{\\d}")))
                        .map(String::strip)
                        .filter(text -> text.length() > 8)
                        .toList();
                boolean isForThePublisherAlone = !texts.isEmpty()
                        && call.group().startsWith("new")
                        && texts.getFirst().length() < 30;
                if (texts.isEmpty() || isForThePublisherAlone) {
                    continue;
                }
                lines++;
                if (texts.stream().noneMatch(text -> explained(page, text))) {
                    missing.add(texts.getFirst());
                }
            }
        }
        assertTrue(lines > 30, () -> "found only some of them");
        assertEquals(List.of(), missing);
    }

    /** By its beginning: the page leaves out what is told to do. */
    private static boolean explained(String page, String text) {
        String[] words = text.split(" ");
        return page.contains(String.join(" ", Arrays.copyOf(words, Math.min(words.length, 5))));
    }

    @Test
    void everyMetricIsExplained() throws IOException {
        String page = Files.readString(PAGE);
        List<String> names = new ArrayList<>();
        for (String source : sources()) {
            for (Matcher name = Pattern.compile("\"(millrace_[a-z_]*[a-z])\"").matcher(source); name.find(); ) {
                names.add(name.group(1));
            }
            Matcher ofHistory = Pattern.compile("(gauge|counter)\\(history, registry, \"(\\w+)\"")
                    .matcher(source);
            while (ofHistory.find()) {
                names.add("millrace_history_" + ofHistory.group(2)
                        + (ofHistory.group(1).equals("gauge") ? "" : "_total"));
            }
        }
        assertTrue(names.size() > 20, names::toString);
        assertEquals(
                List.of(), names.stream().filter(name -> !isNamed(page, name)).toList());
    }

    /** Who reads a metric leaves out the ending of a counter, and adds that of a part. */
    private static boolean isNamed(String page, String name) {
        String whole = name.replaceFirst("_(count|sum)$", "");
        return page.contains("`" + whole + "`") || page.contains("`" + whole + "_total`");
    }

    private static List<String> sources() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            List<String> texts = new ArrayList<>();
            for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                    .sorted(Comparator.naturalOrder())
                    .toList()) {
                texts.add(Files.readString(file));
            }
            return texts;
        }
    }
}
