package millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What holds for all unit tests: who sleeps is slow on a fast machine and wrong on a slow one. */
class UnitTestsTest {

    private static final Pattern SLEEP = Pattern.compile("Thread\\.sleep|(SECONDS|MINUTES)\\.sleep|Thread::sleep");

    @Test
    void noneOfThemSleeps() throws IOException {
        Path sources = Path.of("src/test/java/millrace");
        try (Stream<Path> files = Files.walk(sources)) {
            List<Path> unitTests = files.filter(path -> path.toString().endsWith(".java"))
                    .filter(path -> !path.toString().endsWith("IT.java"))
                    .filter(path -> !path.startsWith(sources.resolve("harness")))
                    .filter(path -> !path.startsWith(sources.resolve("testapp"))) // servlets, not tests
                    .filter(path -> !path.endsWith("UnitTestsTest.java"))
                    .toList();
            assertFalse(unitTests.isEmpty());
            assertEquals(
                    List.of(),
                    unitTests.stream()
                            .filter(path -> SLEEP.matcher(read(path)).find())
                            .map(path -> path + " sleeps; wait for a condition with millrace.harness.Wait")
                            .toList());
        }
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException unreadable) {
            throw new AssertionError(unreadable);
        }
    }
}
