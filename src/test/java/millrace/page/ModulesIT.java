package millrace.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import millrace.harness.Node;
import millrace.harness.Output;
import org.junit.jupiter.api.Test;

/** The page's pure modules, by Node's own test runner. */
class ModulesIT {

    @Test
    void theTestsOfThePagesModulesPass() {
        String tests = Path.of("src/test/page").toAbsolutePath() + "/*.test.mjs";

        Output output = Node.run(Duration.ofMinutes(5), "--test", "--test-reporter=tap", tests);

        assertEquals(0, output.exit(), output.text());
        assertTrue(output.text().matches("(?s).*\\n# tests \\d{2,}\\n.*"), output.text());
    }
}
