package millrace.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {

    @Test
    void ratiosAreToTheBareMechanismOnTheSameContainerAndToTheReferenceAndNameTheirMedians() {
        String page = print(
                result("the bare mechanism on Tomcat", 2_000_000, 0.5),
                result("the bare mechanism on Jetty", 1_000_000, 0.8),
                result("Millrace on Tomcat", 1_000_000, 1),
                result("Millrace on Tomcat", 3_000_000, 3),
                result("Millrace on Tomcat", 1_500_000, 2),
                result("Millrace on Jetty", 1_000_000, 1),
                result("nchan", 300_000, 4));

        assertTrue(
                page.contains("| Millrace on Tomcat | 1,500,000 (1,000,000–3,000,000) | × 0.75 of 2,000,000 |"
                        + " × 5.00 of 300,000 | 2.00 µs | × 4.00 of 0.50 µs | × 0.50 of 4.00 µs |"),
                page);
        assertTrue(
                page.contains("| Millrace on Jetty | 1,000,000 (1,000,000–1,000,000) | × 1.00 of 1,000,000 |"), page);
        assertTrue(page.contains("| nchan | 300,000 (300,000–300,000) |  |  | 4.00 µs |  |  |"), page);
        assertFalse(page.contains("memory per connection"), "a column that nobody fills");
    }

    @Test
    void figuresOfASceneAreMediansToo() {
        String page = print(caughtUp(3), caughtUp(1), caughtUp(2));

        assertTrue(page.contains("all caught up after 2.0 s"), page);
    }

    @Test
    void aKeptResultIsTheSameWhenReadAgain() {
        Map<String, Double> more = new LinkedHashMap<>();
        more.put("× # of what the saturated rate needs", 1.25);
        more.put("resident # MB at 20 s", 300.5);
        Result result = new Result("nchan", Scene.STORM, 1, 2, 3, 4, 5, 6, "7 ended", more);

        assertEquals(result, Result.ofLine(result.line()));
        assertEquals(result("a", 1, 2), Result.ofLine(result("a", 1, 2).line()));
    }

    @Test
    void aSmokeRunHasATenthOfWhatIsMany() {
        List<String> smoke = Scene.SLOW.load(true);

        assertTrue(
                smoke.containsAll(List.of("connections=90", "slow=10", "slowSeconds=2", "slowBytes=50000")),
                () -> smoke.toString());
        assertTrue(Scene.SLOW.load(false).containsAll(List.of("connections=900", "slow=100", "slowSeconds=60")));
    }

    private static Result result(String server, double perSecond, double cpu) {
        return new Result(server, Scene.SATURATED, perSecond, cpu, 1, 1, -1, 0, "");
    }

    private static Result caughtUp(double seconds) {
        return new Result("x", Scene.STORM, 1, 1, 1, 1, -1, 0, "", Map.of("all caught up after # s", seconds));
    }

    private static String print(Result... results) {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        new Report(List.of(results), List.of("bench/run")).print(new PrintStream(page, true, StandardCharsets.UTF_8));
        return page.toString(StandardCharsets.UTF_8);
    }
}
