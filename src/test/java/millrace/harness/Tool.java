package millrace.harness;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Assumptions;

/**
 * A program that some tests need and that the machine may not have. Without it they are skipped, with one visible line
 * for all of them; with {@code -Drequire=all} they fail.
 */
public enum Tool {
    CHROMIUM("chromium", "browser tests", "chromium chromium-driver"),
    CHROMEDRIVER("chromedriver", "browser tests", "chromium chromium-driver"),
    FIREFOX("firefox-esr", "tests with Firefox", "firefox-esr"),
    NPM("npm", "tests with JavaScript clients", "nodejs npm"),
    CURL("curl", "tests with curl", "curl"),
    REDIS("redis-server", "tests with Redis", "redis-server"),
    NGINX("nginx", "tests behind a proxy", "nginx libnginx-mod-nchan");

    private static final Set<Tool> REPORTED = ConcurrentHashMap.newKeySet();

    private final String program;
    private final String tests;
    private final String debianPackages;

    Tool(String program, String tests, String debianPackages) {
        this.program = program;
        this.tests = tests;
        this.debianPackages = debianPackages;
    }

    /** Where it is installed. Skips the calling test, or fails it, when it is not. */
    public Path path() {
        Optional<Path> found = find();
        if (found.isEmpty()) {
            String line = program + " is not installed: " + tests + " are skipped (on Debian: apt-get install "
                    + debianPackages + ")";
            if (System.getProperty("require", "").equals("all")) {
                throw new AssertionError(line.replace("are skipped", "fail, as -Drequire=all wants it"));
            }
            if (REPORTED.add(this)) {
                System.out.println("[SKIPPED] " + line);
            }
            Assumptions.abort(line);
        }
        return found.orElseThrow();
    }

    private Optional<Path> find() {
        return Arrays.stream((System.getenv("PATH") + ":/usr/sbin").split(":"))
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
