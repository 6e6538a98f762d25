package millrace.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchTest {

    /** Else a server that does not start would be missing from the table in silence. */
    @Test
    void aServerThatDoesNotStartHasARowInEachSceneThatWasWanted(@TempDir Path home) throws Exception {
        System.setProperty("bench.home", home.toString());
        EnumSet<Scene> scenes = EnumSet.of(Scene.START, Scene.SATURATED, Scene.IDLE);
        Contender broken = Contender.peer("broken", List.of("false"), false, "", scenes);
        Bench bench = new Bench("--scenes", "SATURATED,PACED,IDLE");

        bench.round(broken, 1);
        bench.round(broken, 2);

        assertEquals(
                "[SATURATED, IDLE, SATURATED]",
                bench.results().stream().map(Result::scene).toList().toString());
        for (Result result : bench.results()) {
            assertTrue(result.note().startsWith("failed: did not start"), result.note());
        }
    }

    @Test
    void aLossOrADisorderOfOursEndsTheRunWithAFailure() {
        List<String> notes = List.of("", "3 disordered", "2 ended, 1 foreign", "allocated 1.0 B per event");

        assertEquals(
                "false, true, true, false",
                notes.stream()
                        .map(note -> new Result("x", Scene.PACED, 1, 1, 1, 1, 1, 0, note).isBad())
                        .map(Object::toString)
                        .collect(Collectors.joining(", ")));
        assertTrue(new Result("x", Scene.PACED, 1, 1, 1, 1, 1, 7, "").isBad());
    }
}
