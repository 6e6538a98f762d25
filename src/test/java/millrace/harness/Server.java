package millrace.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A container in a process of its own, with Millrace at {@code /} and the test WAR at {@code /testapp/}, in demo mode.
 * A test that gets one by {@link OnContainers} shares it and leaves it running; one from {@link #start} is the test's own,
 * to kill, restart or look into, and to close. Methods may be called by any thread; those that look into the process
 * ask its JVM and stop it for a moment.
 */
public final class Server implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(30);
    private static final AtomicInteger STARTED = new AtomicInteger();
    private static final Path JAVA_HOME = Path.of(System.getProperty("java.home"));

    private final Container container;
    private final Setup setup;
    private final List<String> jvmArgs;
    private final Path directory;
    private final Path log;
    private Process process;
    private int port;

    private Server(Container container, Setup setup, List<String> jvmArgs, int port) throws IOException {
        this.container = container;
        this.setup = setup;
        this.jvmArgs = jvmArgs;
        this.port = port;
        // the time keeps what an earlier run wrote apart, for whoever reads the logs afterwards
        this.directory = Files.createDirectories(Container.TARGET
                .resolve("containers")
                .resolve(container.key() + "-" + ProcessHandle.current().pid() + "-" + STARTED.incrementAndGet()));
        this.log = directory.resolve("server.log");
        this.process = launch();
    }

    /** Starts a container of the test's own. The settings come on top of {@code millrace.demo=true}. */
    public static Server start(Container container, Map<String, String> properties, String... jvmArgs) {
        return start(container, Setup.STANDARD, 0, properties, jvmArgs);
    }

    /** The same, on a port that the test chose. */
    public static Server start(Container container, int port, Map<String, String> properties, String... jvmArgs) {
        return start(container, Setup.STANDARD, port, properties, jvmArgs);
    }

    /** The same, in a container that is set up in that way. */
    public static Server start(
            Container container, Setup setup, int port, Map<String, String> properties, String... jvmArgs) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("millrace.demo", "true");
        all.putAll(properties);
        List<String> args = new ArrayList<>(Arrays.asList(jvmArgs));
        all.forEach((key, value) -> args.add("-D" + key + "=" + value));
        try {
            return new Server(container, setup, args, port);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    public Container container() {
        return container;
    }

    public int port() {
        return port;
    }

    /** {@code http://127.0.0.1:PORT} and the path, which begins with a slash. */
    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    /** The same below {@code /testapp}. */
    public URI testapp(String path) {
        return uri("/testapp" + path);
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** A directory that is this server's alone and outlives a restart. */
    public Path directory() {
        return directory;
    }

    /** All that the process has printed, over all its restarts. */
    public String log() {
        return read(log);
    }

    /** One line for each finished request: client port, status, request line, microseconds, {@code Last-Event-ID}. */
    public String accessLog() {
        return read(directory.resolve("access.log"));
    }

    /** SIGKILL: the process has no chance to do anything. Returns when it is gone. */
    public void kill() {
        process.destroyForcibly();
        await(STOP_LIMIT);
    }

    /** SIGTERM. Returns how long the process took to end; fails if it does not. */
    public Duration stop() {
        long begin = System.nanoTime();
        process.destroy();
        await(STOP_LIMIT);
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    /** Starts again, after {@link #kill} or {@link #stop}, on the same port with the same settings. */
    public void restart() {
        if (process.isAlive()) {
            throw new IllegalStateException("still running");
        }
        try {
            process = launch();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Bytes of all live objects, after a full collection. */
    public long liveBytes() {
        return histogram().values().stream().mapToLong(count -> count[1]).sum();
    }

    /** How many objects of exactly this class are reachable, after a full collection. */
    public long liveInstances(String className) {
        long[] count = histogram().get(className);
        return count == null ? 0 : count[0];
    }

    /** Live objects of classes of this package and those below, by class name, after a full collection. */
    public Map<String, Long> liveInstancesOf(String packagePrefix) {
        return histogram().entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(packagePrefix))
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue()[0]));
    }

    /** Resident memory of the process in bytes, by {@code /proc}. */
    public long residentBytes() {
        Matcher line = Pattern.compile("VmRSS:\\s+(\\d+) kB").matcher(read(Path.of("/proc/" + pid() + "/status")));
        if (!line.find()) {
            throw new IllegalStateException("no VmRSS");
        }
        return Long.parseLong(line.group(1)) * 1024;
    }

    /** All threads with their stacks, the virtual ones too. */
    public String threads() {
        Path file = directory.resolve("threads.txt");
        jcmd("Thread.dump_to_file", "-overwrite", "-format=plain", file.toString());
        return read(file);
    }

    /** The names of all threads, the virtual ones too; unnamed ones are empty. */
    public List<String> threadNames() {
        return Pattern.compile("^#\\d+ \"(.*?)\"", Pattern.MULTILINE)
                .matcher(threads())
                .results()
                .map(match -> match.group(1))
                .toList();
    }

    /** Runs a command of the JDK's {@code jcmd} on the process and returns what it prints. */
    public String jcmd(String... command) {
        List<String> line =
                new ArrayList<>(List.of(JAVA_HOME.resolve("bin/jcmd").toString(), Long.toString(pid())));
        line.addAll(List.of(command));
        Output output = Output.of(Duration.ofSeconds(60), line);
        if (output.exit() != 0) {
            throw new IllegalStateException(output.toString());
        }
        return output.text();
    }

    /** Ends the process; may be called twice. */
    @Override
    public void close() {
        process.destroy();
        if (!waitFor(STOP_LIMIT)) {
            process.destroyForcibly();
        }
    }

    @Override
    public String toString() {
        return container.key() + " at " + uri("/") + " (pid " + pid() + ", log " + log + ")";
    }

    private Process launch() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(JAVA_HOME.resolve("bin/java").toString());
        command.add("-Xmx512m");
        command.add("-Djava.util.logging.SimpleFormatter.format=%1$tT.%1$tL %4$s %3$s: %5$s%6$s%n");
        command.addAll(jvmArgs);
        command.addAll(container.command(directory, port, setup));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().keySet().removeIf(name -> name.startsWith("MILLRACE_"));
        long logBegin = Files.exists(log) ? Files.size(log) : 0;
        Process started = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (true) {
            boolean alive = started.isAlive();
            String text = new String(Files.readAllBytes(log), StandardCharsets.UTF_8).substring((int) logBegin);
            Matcher ready = container.started().matcher(text);
            if (ready.find()) {
                if (Container.WAR_FAILED.matcher(text).find()) {
                    started.destroyForcibly();
                    throw new IOException(container + ": a WAR did not start\n" + text);
                }
                port = Integer.parseInt(ready.group(1));
                return started;
            }
            if (!alive || System.nanoTime() > deadline) {
                started.destroyForcibly();
                throw new IOException(container + (alive ? " did not start in time\n" : " ended\n") + text);
            }
            pause();
        }
    }

    private Map<String, long[]> histogram() {
        Map<String, long[]> counts = new LinkedHashMap<>();
        Pattern.compile("^\\s*\\d+:\\s+(\\d+)\\s+(\\d+)\\s+(\\S+)", Pattern.MULTILINE)
                .matcher(jcmd("GC.class_histogram"))
                .results()
                .forEach(row -> counts.merge(
                        row.group(3), new long[] {Long.parseLong(row.group(1)), Long.parseLong(row.group(2))}, (a, b) ->
                                new long[] {a[0] + b[0], a[1] + b[1]}));
        return counts;
    }

    private void await(Duration limit) {
        if (!waitFor(limit)) {
            throw new AssertionError(container + " is still running\n" + threads());
        }
    }

    private boolean waitFor(Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    private static String read(@Nullable Path file) {
        try {
            return file == null || !Files.exists(file) ? "" : Files.readString(file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
