package millrace.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What a program printed (both streams, as they came) and its exit code.
 *
 * @param exit the exit code; -1 if it was killed because its time was over
 */
public record Output(int exit, String text) {

    /** Runs a program to its end, at most so long, and reads what it prints. Blocks. */
    public static Output of(Duration limit, List<String> command) {
        return of(limit, new ProcessBuilder(command));
    }

    /** The same, with a directory and environment of the caller's choice. */
    public static Output of(Duration limit, ProcessBuilder builder) {
        try {
            Path file = Files.createTempFile(Container.TARGET, "output", ".txt");
            try {
                Process process = builder.redirectErrorStream(true)
                        .redirectOutput(file.toFile())
                        .start();
                process.getOutputStream().close();
                boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
                if (!ended) {
                    process.destroyForcibly().waitFor();
                }
                return new Output(
                        ended ? process.exitValue() : -1, new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
            } finally {
                Files.delete(file);
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    /** Waits before a condition is looked at again. */
    public static void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }
}
