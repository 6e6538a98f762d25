package millrace.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Starts the contenders one after the other, runs the scenes against each, and prints one Markdown table. All of it is
 * repeated in rounds, every second one in reverse order, and the median is the figure.
 *
 * <pre>
 * --smoke            one very short round with a tenth of the connections: does everything work?
 * --rounds 5         how often
 * --seconds 4        how long a scene is measured
 * --warmup 3         how long a scene runs before that; a fresh server gets twice as much, unmeasured, first
 * --add              adds to the results that target/results.tsv holds; with --rounds 0 only prints their table
 * --only a,b         contenders whose names contain one of these
 * --scenes A,B       scenes by their name
 * --hold 20          how many seconds the idle subscribers are held
 * --java "options"   more options for every JVM that is a server
 * --results          writes the tables to RESULTS.md as well
 * --allocation       tells of JVMs how many bytes they allocate for each event, which costs them a little
 * </pre>
 */
public final class Bench {

    /** How often the memory of idle subscribers is looked at while they are held. */
    private static final int LOOKS = 4;

    private static final String DRAINERS_REPLACED = "millrace_drainers_replaced_total";

    private boolean smoke;
    private boolean adds;
    private boolean writes;
    private boolean allocation;
    private int rounds = 5;
    private double seconds = 4;
    private double warmup = 3;
    private int hold = 20;
    private String only = "";
    private final Set<Scene> scenes = EnumSet.allOf(Scene.class);
    private final Path logs;
    private final Path kept;
    private final List<Result> results = new ArrayList<>();
    private final PrintStream progress = System.err;

    Bench(String... args) throws IOException {
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--smoke" -> {
                    smoke = true;
                    rounds = 1;
                    seconds = 0.3;
                    warmup = 0.1;
                    hold = 2;
                }
                case "--rounds" -> rounds = Integer.parseInt(args[++i]);
                case "--seconds" -> seconds = Double.parseDouble(args[++i]);
                case "--warmup" -> warmup = Double.parseDouble(args[++i]);
                case "--hold" -> hold = Integer.parseInt(args[++i]);
                case "--only" -> only = args[++i];
                case "--scenes" -> {
                    scenes.clear();
                    for (String name : args[++i].split(",")) {
                        scenes.add(Scene.valueOf(name));
                    }
                }
                case "--add" -> adds = true;
                case "--results" -> writes = true;
                case "--allocation" -> allocation = true;
                case "--java" -> System.setProperty("bench.java", args[++i]);
                default -> throw new IllegalArgumentException("unknown option " + args[i]);
            }
        }
        logs = Path.of(System.getProperty("bench.home", "bench"), "target", "logs");
        Files.createDirectories(logs);
        kept = logs.resolveSibling("results.tsv");
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        Bench bench = new Bench(args);
        if (bench.rounds > 0) {
            bench.begin("bench/run " + String.join(" ", args));
            bench.run();
        }
        bench.report();
        boolean failed = bench.results.stream()
                .anyMatch(result ->
                        result.note().startsWith("failed") || result.server().startsWith("Millrace") && result.isBad());
        System.exit(failed ? 1 : 0);
    }

    /** Results are written down at once, so that a run that was stopped has not been in vain. */
    private void begin(String command) throws IOException {
        if (!adds) {
            Files.deleteIfExists(kept);
        }
        String line = "# " + command.strip() + "   # commit " + Proc.output("git", "describe", "--always", "--dirty");
        Files.writeString(kept, line.strip() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private void report() throws IOException {
        List<String> lines = Files.readAllLines(kept);
        List<String> commands = lines.stream()
                .filter(line -> line.startsWith("# "))
                .map(line -> line.substring(2))
                .toList();
        List<Result> all = lines.stream()
                .filter(line -> !line.startsWith("# "))
                .map(Result::ofLine)
                .toList();
        Report report = new Report(all, commands);
        report.print(System.out);
        if (writes) {
            Path file = logs.resolve("../../RESULTS.md").normalize();
            try (PrintStream out = new PrintStream(file.toFile(), StandardCharsets.UTF_8)) {
                out.println("# Results of the benchmark\n");
                out.println(
                        "Written by `bench/run --results`; [README.md](README.md) says what is measured, and how.\n");
                report.print(out);
            }
        }
    }

    private void run() throws IOException, InterruptedException {
        List<Contender> contenders = new ArrayList<>();
        for (Contender contender : Contender.all()) {
            if (!only.isEmpty() && !contender.named(only)) {
                continue;
            }
            if (contender.missing().isEmpty()) {
                contenders.add(contender);
            } else {
                wanted(contender)
                        .forEach(scene ->
                                add(Result.failed(contender.name(), scene, "could not run: " + contender.missing())));
            }
        }
        if (smoke) {
            smoke(contenders);
            return;
        }
        for (int round = 1; round <= rounds; round++) {
            for (Contender contender : round % 2 == 1 ? contenders : contenders.reversed()) {
                progress.printf("round %d of %d: %s%n", round, rounds, contender.name());
                round(contender, round);
            }
        }
    }

    /** Four at a time: what counts here is that everything works, not how fast. */
    private void smoke(List<Contender> contenders) throws InterruptedException {
        ExecutorService four = Executors.newFixedThreadPool(4);
        for (Contender contender : contenders) {
            four.execute(() -> {
                try {
                    round(contender, 1);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        four.shutdown();
        if (!four.awaitTermination(10, TimeUnit.MINUTES)) {
            four.shutdownNow();
        }
    }

    private Set<Scene> wanted(Contender contender) {
        Set<Scene> wanted = EnumSet.copyOf(scenes);
        wanted.retainAll(contender.scenes());
        return wanted;
    }

    /** Each scene that is wanted of a contender gets its row, also those that a failure keeps from running. */
    void round(Contender contender, int round) throws InterruptedException {
        Set<Scene> left = wanted(contender);
        if (round > 1) {
            left.remove(Scene.IDLE); // once is enough
        }
        try {
            round(contender, left);
        } catch (IOException | RuntimeException e) {
            String why = e.getMessage() == null ? e.toString() : e.getMessage();
            EnumSet.copyOf(left).forEach(scene -> add(Result.failed(contender.name(), scene, "failed: " + why)));
        }
    }

    private void round(Contender contender, Set<Scene> left) throws IOException, InterruptedException {
        Path log = logs.resolve(contender.name().replaceAll("[^A-Za-z0-9]+", "-") + ".log");
        if (left.contains(Scene.USERS)) {
            done(left, users(contender));
        }
        if (left.contains(Scene.BATCH) && contender.ready().isEmpty()) {
            done(left, storeAlone(contender));
        }
        Set<Scene> loaded = EnumSet.copyOf(left);
        loaded.remove(Scene.IDLE);
        if (!loaded.isEmpty()) {
            try (ServerProcess server = ServerProcess.start(contender, log)) {
                if (loaded.remove(Scene.START)) {
                    double millis = server.startTime.toNanos() / 1e6;
                    done(left, new Result(contender.name(), Scene.START, -1, -1, millis, -1, -1, 0, ""));
                }
                for (Scene busiest : new Scene[] {Scene.SATURATED, Scene.REQUESTS}) {
                    if (!smoke && loaded.stream().anyMatch(scene -> scene.kind == busiest.kind)) {
                        client(contender, server, busiest, warmup, warmup);
                    }
                }
                for (Scene scene : loaded) {
                    done(left, Result.of(contender.name(), scene, scene(contender, server, scene)));
                }
            }
        }
        if (left.contains(Scene.IDLE)) {
            try (ServerProcess server = ServerProcess.start(contender, log)) {
                done(left, idle(contender, server));
            }
        }
    }

    private void done(Set<Scene> left, Result result) {
        add(result);
        left.remove(result.scene());
    }

    List<Result> results() {
        return results;
    }

    private synchronized void add(Result result) {
        results.add(result);
        try {
            Files.writeString(kept, result.line() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            progress.println("cannot keep the result: " + e);
        }
        progress.println("  " + Report.row(result));
    }

    private Result users(Contender contender) throws IOException, InterruptedException {
        Map<String, String> said =
                process(contender.command(0, Path.of(".")), Integer.toString(Scene.USERS.number("connections", smoke)));
        if (said.containsKey("error") || !said.containsKey("streams")) {
            return Result.failed(
                    contender.name(), Scene.USERS, "failed: " + said.getOrDefault("error", "it said nothing"));
        }
        String note = String.format(
                "to subscribe %.1f µs; publish to the common topic until all are written to %.0f ms; a publish to an own topic"
                        + " %.1f µs, and %.1f µs while there were ten users",
                Long.parseLong(said.get("subscribeNanos")) / 1e3,
                Long.parseLong(said.get("commonNanos")) / 1e6,
                Long.parseLong(said.get("ownNanos")) / 1e3,
                Long.parseLong(said.get("ownNanosOfFew")) / 1e3);
        return new Result(
                contender.name(), Scene.USERS, -1, -1, -1, -1, Double.parseDouble(said.get("bytesPerUser")), 0, note);
    }

    /** What the store takes from many publishers, without a hub and without HTTP. */
    private Result storeAlone(Contender contender) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("millrace-bench");
        try {
            Map<String, String> said =
                    process(contender.command(0, folder), Double.toString(warmup), Double.toString(seconds));
            return Result.of(contender.name(), Scene.BATCH, said);
        } finally {
            ServerProcess.delete(folder);
        }
    }

    /** Runs a process that ends by itself and returns what it said. */
    private static Map<String, String> process(List<String> command, String... arguments)
            throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(command);
        all.addAll(List.of(arguments));
        return listen(new ProcessBuilder(all));
    }

    private static Map<String, String> listen(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = ServerProcess.helper(builder.redirectError(ProcessBuilder.Redirect.INHERIT));
        Map<String, String> said = new HashMap<>();
        read(process, said, "");
        if (!process.waitFor(90, TimeUnit.SECONDS)) {
            ServerProcess.kill(process);
        }
        return said;
    }

    private ProcessBuilder loadClient(Contender server, ServerProcess process, Scene scene, List<String> more) {
        Contender contender = scene.kind == Scene.Kind.BATCH ? server.publishingBatches() : server;
        List<String> command = new ArrayList<>(List.of(
                Contender.javaProgram(),
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                "millrace.bench.load.LoadClient"));
        command.addAll(scene.load(smoke));
        command.addAll(more);
        String mode =
                scene.kind == Scene.Kind.TOPICS ? "fanout" : scene.kind.name().toLowerCase(Locale.ROOT);
        command.add("mode=" + mode);
        command.add("port=" + process.port);
        command.add("pid=" + process.pid());
        if (contender.java()) {
            command.add("jvm=true");
        }
        if (allocation && contender.java()) {
            command.add("allocation=true");
        }
        contender.publishHeaders().forEach(header -> command.add("header=" + header));
        Contender.Way way = scene.kind == Scene.Kind.TOPICS ? contender.topics() : contender.fanOut();
        command.add("path="
                + (scene.kind == Scene.Kind.REQUESTS
                        ? contender.stream() + "?n=" + scene.number("n", smoke) + "&interval="
                                + scene.number("interval", smoke)
                        : way.events()));
        command.add("post=" + way.publish());
        command.add("prefix=" + way.prefix());
        if (scene.kind == Scene.Kind.BATCH) {
            command.add("suffix=\"}\n");
        }
        command.add("logPath=" + contender.log().events());
        command.add("logPost=" + contender.log().publish());
        command.add("logPrefix=" + contender.log().prefix());
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    }

    /** Runs one scene, with busy processes beside it if it wants them, and asks how many drainers were replaced. */
    private Map<String, String> scene(Contender contender, ServerProcess server, Scene scene)
            throws IOException, InterruptedException {
        List<Process> busy = new ArrayList<>();
        try {
            double replaced = server.metric(contender, DRAINERS_REPLACED);
            for (int i = 0; i < scene.number("busy", smoke); i++) {
                // the limit ends it, should nobody else do so
                busy.add(ServerProcess.helper(new ProcessBuilder("sh", "-c", "ulimit -t 300; while :; do :; done")));
            }
            Map<String, String> said = client(contender, server, scene, warmup, seconds);
            if (replaced >= 0) {
                double after = server.metric(contender, DRAINERS_REPLACED);
                said.put("drainersReplaced", Double.toString(after - replaced));
            }
            return said;
        } finally {
            busy.forEach(ServerProcess::kill);
        }
    }

    private Map<String, String> client(
            Contender contender, ServerProcess server, Scene scene, double warmup, double seconds)
            throws IOException, InterruptedException {
        return listen(loadClient(contender, server, scene, List.of("warmup=" + warmup, "measure=" + seconds)));
    }

    /** Reads results until the client ends or says the given line. */
    private static boolean read(Process client, Map<String, String> said, String until) throws IOException {
        BufferedReader lines = client.inputReader(StandardCharsets.UTF_8);
        for (String line; (line = lines.readLine()) != null; ) {
            if (line.equals(until)) {
                return true;
            }
            int equals = line.indexOf('=');
            if (equals > 0) {
                said.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        return false;
    }

    private Result idle(Contender contender, ServerProcess server) throws IOException, InterruptedException {
        JvmMemory jvm = contender.java() ? new JvmMemory(server.pid()) : null;
        try (jvm) {
            int connections = Scene.IDLE.number("connections", smoke);
            if (jvm != null) {
                jvm.usedBytes();
            }
            long before = jvm != null ? jvm.usedBytes() : Proc.residentBytes(server.pid());
            Process client = ServerProcess.helper(loadClient(contender, server, Scene.IDLE, List.of("hold=" + hold)));
            Map<String, String> said = new HashMap<>();
            if (!read(client, said, "ready")) {
                return Result.failed(
                        contender.name(),
                        Scene.IDLE,
                        "failed: " + said.getOrDefault("error", "the load client gave up"));
            }
            long cpu = Proc.cpuNanos(server.pid());
            long start = System.nanoTime();
            long cpuOfLooks = 0;
            long after = 0;
            StringBuilder seen = new StringBuilder();
            for (int look = 1; look <= LOOKS; look++) {
                Thread.sleep(hold * 1000L / LOOKS);
                long beforeLook = Proc.cpuNanos(server.pid());
                after = jvm != null ? jvm.usedBytes() : Proc.residentBytes(server.pid()); // collects first
                cpuOfLooks += Proc.cpuNanos(server.pid()) - beforeLook; // a look costs more than the streams do
                seen.append(look == 1 ? "" : ", ").append((after - before) / connections);
            }
            long resident = Proc.residentBytes(server.pid());
            long spent = Proc.cpuNanos(server.pid()) - cpu - cpuOfLooks;
            double share = spent / (double) (System.nanoTime() - start);
            client.outputWriter().append('\n').flush();
            read(client, said, "");
            String note = String.format(
                    "%.2f %% of one core over %d s; %s, bytes each at %d looks: %s; resident in all %d MB",
                    share * 100,
                    hold,
                    jvm != null ? "heap and direct buffers" : "resident",
                    LOOKS,
                    seen,
                    resident >> 20);
            return new Result(
                    contender.name(),
                    Scene.IDLE,
                    -1,
                    -1,
                    -1,
                    -1,
                    (after - before) / (double) connections,
                    Long.parseLong(said.getOrDefault("lost", "0")),
                    note);
        }
    }
}
