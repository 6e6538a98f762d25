package millrace.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A container in a process of its own, with Millrace at {@code /} and the test WAR at {@code /testapp/}, in demo mode.
 * A test that gets one by {@link OnContainers} shares it and leaves it running; one from {@link #start} is the test's own,
 * to kill, restart or look into, and to close. Methods may be called by any thread; those that look into the process
 * ask its JVM and stop it for a moment.
 */
public final class Server implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofSeconds(180);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(60);

    /** For tests of what is held: the JDK itself remembers the class of the last record that it compared, softly. */
    public static final String SOFT_IS_NOT_HELD = "-XX:SoftRefLRUPolicyMSPerMB=0";

    private static final AtomicInteger STARTED = new AtomicInteger();
    static final Path JAVA_HOME = Path.of(System.getProperty("java.home"));

    private final Kind kind;
    private final Setup setup;
    private final Map<String, String> settings;
    private final List<String> jvmArgs;
    private final Path directory;
    private final Path log;
    private Process process;
    private ProcessHandle jvm;
    private int port;

    private Server(Kind kind, Setup setup, Map<String, String> settings, List<String> jvmArgs, int port)
            throws IOException {
        this.kind = kind;
        this.setup = setup;
        this.settings = settings;
        this.jvmArgs = jvmArgs;
        this.port = port;
        // the time keeps what an earlier run wrote apart, for whoever reads the logs afterwards
        this.directory = Files.createDirectories(Container.TARGET
                .resolve("containers")
                .resolve(kind.key() + "-" + ProcessHandle.current().pid() + "-" + STARTED.incrementAndGet()));
        this.log = directory.resolve("server.log");
        this.process = launch();
        this.jvm = jvmOf(process.toHandle());
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
        return start(container, setup, port, properties, List.of(jvmArgs));
    }

    /** Starts a server as its makers ship it. */
    public static Server start(Distribution distribution, Map<String, String> settings) {
        return start(distribution, Setup.STANDARD, Distribution.freePort(), settings, List.of());
    }

    private static Server start(
            Kind kind, Setup setup, int port, Map<String, String> properties, List<String> jvmArgs) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("millrace.demo", "true");
        all.putAll(properties);
        try {
            return new Server(kind, setup, all, jvmArgs, port);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Which of the containers this is. */
    public Container container() {
        return (Container) kind;
    }

    public int port() {
        return port;
    }

    /** Millrace's URL, and below it the path, which begins with a slash. */
    public URI uri(String path) {
        return at(kind.contextPath() + path);
    }

    /** The same below {@code /testapp}. */
    public URI testapp(String path) {
        return at("/testapp" + path);
    }

    /** {@code http://127.0.0.1:PORT} and the path, which begins with a slash. */
    public URI at(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    /** Of the JVM, which some servers' scripts start as another process. */
    public long pid() {
        return jvm.pid();
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
        jvm.destroyForcibly();
        process.destroyForcibly();
        await(STOP_LIMIT);
    }

    /** SIGTERM. Returns how long the process took to end; fails if it does not. */
    public Duration stop() {
        long begin = System.nanoTime();
        jvm.destroy();
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
            jvm = jvmOf(process.toHandle());
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
        jvm.destroy();
        process.destroy();
        if (!waitFor(STOP_LIMIT)) {
            jvm.destroyForcibly();
            process.destroyForcibly();
        }
    }

    @Override
    public String toString() {
        return kind.key() + " at " + uri("/") + " (pid " + pid() + ", log " + log + ")";
    }

    private Process launch() throws IOException {
        ProcessBuilder builder = kind.launch(directory, port, setup, settings, jvmArgs)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        long logBegin = Files.exists(log) ? Files.size(log) : 0;
        Process started = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> endForcibly(started)));
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (true) {
            boolean alive = started.isAlive();
            byte[] printed = Files.readAllBytes(log);
            String text = new String(printed, (int) logBegin, printed.length - (int) logBegin, StandardCharsets.UTF_8);
            Matcher ready = kind.started().matcher(text);
            if (ready.find()) {
                if (Container.WAR_FAILED.matcher(text).find()) {
                    endForcibly(started);
                    throw new IOException(kind.key() + ": a WAR did not start\n" + text);
                }
                port = ready.groupCount() == 0 ? port : Integer.parseInt(ready.group(1));
                return started;
            }
            if (!alive || System.nanoTime() > deadline) {
                endForcibly(started);
                throw new IOException(kind.key() + (alive ? " did not start in time\n" : " ended\n") + text);
            }
            Output.pause(Duration.ofMillis(20));
        }
    }

    /** A program to start, without settings of ours that the test's own process may have. */
    static ProcessBuilder program(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("MILLRACE_"));
        builder.environment().put("JAVA_HOME", JAVA_HOME.toString());
        return builder;
    }

    /** The process itself, or what it started: scripts start a Java, and some of these another one. */
    private static ProcessHandle jvmOf(ProcessHandle started) {
        return Stream.concat(Stream.of(started), started.descendants())
                .filter(Server::isJava)
                .filter(java -> java.children().noneMatch(Server::isJava))
                .findFirst()
                .orElse(started);
    }

    private static boolean isJava(ProcessHandle process) {
        return process.info().command().orElse("").endsWith("/java");
    }

    private static void endForcibly(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
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
            throw new AssertionError(kind.key() + " is still running\n" + threads());
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

    private static String read(@Nullable Path file) {
        try {
            return file == null || !Files.exists(file) ? "" : Files.readString(file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
