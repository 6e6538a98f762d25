package millrace.bench.chat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import millrace.bench.load.Histogram;

/**
 * Measures each scene in turn without Millrace (client to upstream) and with it (client to Millrace to upstream), several
 * times, and prints the medians: the difference is what the relay adds. Client, upstream and Millrace share the machine's
 * cores.
 */
public final class ChatBench {

    private record Scene(int streams, int rate) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%,d × %d/s", streams, rate);
        }
    }

    private static final List<Scene> ALL = List.of(new Scene(100, 20), new Scene(1_000, 20), new Scene(5_000, 2));
    private static final int STARTS_PER_SECOND = 500;

    /** In microseconds; CPU of the Millrace process, only with Millrace. */
    private record Round(long p50, long p99, long p999, long first50, long first99, double cpuPerToken, long tokens) {
        static Round of(TokenClient.Measured measured, double cpuMicros) {
            return new Round(
                    micros(measured.token(), 0.5),
                    micros(measured.token(), 0.99),
                    micros(measured.token(), 0.999),
                    micros(measured.first(), 0.5),
                    micros(measured.first(), 0.99),
                    measured.tokens() == 0 ? 0 : cpuMicros / measured.tokens(),
                    measured.tokens());
        }

        private static long micros(Histogram histogram, double share) {
            return histogram.percentile(share) / 1_000;
        }
    }

    private final Path home;
    private final List<Scene> scenes;
    private final int rounds;
    private final int seconds;
    private final List<String> javaOptions;

    private ChatBench(Path home, List<Scene> scenes, int rounds, int seconds, List<String> javaOptions) {
        this.home = home;
        this.scenes = scenes;
        this.rounds = rounds;
        this.seconds = seconds;
        this.javaOptions = javaOptions;
    }

    public static void main(String[] args) throws Exception {
        Path home = Path.of(System.getProperty("bench.home"));
        List<Scene> scenes = ALL;
        int rounds = 5;
        int seconds = 10;
        List<String> javaOptions = List.of();
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--smoke" -> { // a tenth of each scene, once: does everything work?
                    scenes = ALL.stream()
                            .map(scene -> new Scene(scene.streams() / 10, scene.rate()))
                            .toList();
                    rounds = 1;
                    seconds = 2;
                }
                case "--rounds" -> rounds = Integer.parseInt(args[++i]);
                case "--java" -> javaOptions = List.of(args[++i].split(" "));
                case "--scene" -> {
                    String[] streamsAndRate = args[++i].split("x", 2);
                    scenes = List.of(
                            new Scene(Integer.parseInt(streamsAndRate[0]), Integer.parseInt(streamsAndRate[1])));
                }
                default -> throw new IllegalArgumentException("unknown option " + args[i]);
            }
        }
        new ChatBench(home, scenes, rounds, seconds, javaOptions).run();
    }

    private void run() throws Exception {
        try (TokenServer upstream = new TokenServer()) {
            Thread thread = new Thread(upstream, "upstream");
            thread.setDaemon(true);
            thread.start();
            Process millrace = start(upstream.port());
            try {
                int port = port();
                warmUp(upstream, port);
                print(upstream, port, millrace.pid());
            } finally {
                millrace.destroy();
                millrace.waitFor(20, TimeUnit.SECONDS);
                millrace.destroyForcibly();
            }
        }
    }

    private void warmUp(TokenServer upstream, int port) throws IOException {
        for (Scene scene : scenes.subList(0, Math.min(2, scenes.size()))) {
            measure(upstream, port, scene, -1, seconds);
        }
    }

    private void print(TokenServer upstream, int port, long pid) throws IOException {
        System.out.println("All times in ms, median of " + rounds + " rounds of " + seconds + " s.\n");
        System.out.println(
                "| streams × tokens | | token p50 | p99 | p99.9 | first token p50 | p99 | relay CPU µs/token |");
        System.out.println("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        for (Scene scene : scenes) {
            List<Round> without = new ArrayList<>();
            List<Round> with = new ArrayList<>();
            for (int i = 0; i < rounds; i++) {
                without.add(measure(upstream, upstream.port(), scene, -1, seconds));
                with.add(measure(upstream, port, scene, pid, seconds));
            }
            line(scene + " | without", without, List.of(), "");
            line(" | with", with, List.of(), String.format(Locale.ROOT, "%.0f", medianCpu(with)));
            line(" | **added**", with, without, "");
        }
    }

    private static void line(String name, List<Round> rounds, List<Round> minus, String cpu) {
        StringBuilder line = new StringBuilder("| ").append(name).append(" |");
        List<ToLongFunction<Round>> columns =
                List.of(Round::p50, Round::p99, Round::p999, Round::first50, Round::first99);
        for (ToLongFunction<Round> column : columns) {
            long value = median(rounds, column) - (minus.isEmpty() ? 0 : median(minus, column));
            line.append(String.format(Locale.ROOT, " %.2f |", value / 1_000.0));
        }
        System.out.println(line.append(' ').append(cpu).append(" |"));
    }

    private static long median(List<Round> rounds, ToLongFunction<Round> column) {
        long[] values = rounds.stream().mapToLong(column).sorted().toArray();
        return values[values.length / 2];
    }

    private static double medianCpu(List<Round> rounds) {
        double[] values =
                rounds.stream().mapToDouble(Round::cpuPerToken).sorted().toArray();
        return values[values.length / 2];
    }

    private static Round measure(TokenServer upstream, int port, Scene scene, long pid, int seconds)
            throws IOException {
        upstream.tokensPerSecond(scene.rate());
        Round round;
        try (TokenClient client = new TokenClient()) {
            client.open(port, scene.streams(), STARTS_PER_SECOND);
            client.run(TimeUnit.SECONDS.toNanos(2));
            double before = cpuMicros(pid);
            TokenClient.Measured measured = client.measure(TimeUnit.SECONDS.toNanos(seconds));
            round = Round.of(measured, cpuMicros(pid) - before);
            long due = (long) scene.streams() * scene.rate() * seconds;
            if (round.tokens() < due * 95 / 100) {
                System.out.println("(" + scene + ": only " + round.tokens() + " of " + due + " tokens came in time)");
            }
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (upstream.open > 0) { // hanging up must reach the upstream
            if (System.nanoTime() > deadline) {
                throw new IOException(upstream.open + " upstream connections are still open");
            }
            Thread.onSpinWait();
            java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
        }
        return round;
    }

    /** User and system time of a process, from Linux; 100 ticks a second. */
    private static double cpuMicros(long pid) throws IOException {
        if (pid < 0) {
            return 0;
        }
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * 10_000.0;
    }

    // ---- Millrace, by its run command's launcher, in a process of its own ----

    private Path log() {
        return home.resolve("target/chat.log");
    }

    private Process start(int upstreamPort) throws IOException {
        Path project = home.getParent();
        Files.createDirectories(log().getParent());
        Files.deleteIfExists(log());
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        command.add("-Xmx2g");
        command.addAll(javaOptions);
        command.addAll(List.of(
                "-Dmillrace.demo=true",
                "-Dmillrace.chat.upstreams=bench=http://127.0.0.1:" + upstreamPort + "/v1",
                "-Dmillrace.chat.models=bench=bench",
                "-Dmillrace.max-runs-per-user=10000",
                "-Dmillrace.run-bytes-per-user=128m",
                "-cp",
                project.resolve("target/run") + "/*" + File.pathSeparator + project.resolve("target/run-classes"),
                "millrace.run.Main",
                "--war",
                project.resolve("target/millrace.war").toString(),
                "--port",
                "0",
                "--with-parent"));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log().toFile())
                .start();
    }

    private int port() throws IOException, InterruptedException {
        Pattern started = Pattern.compile("millrace: http://127\\.0\\.0\\.1:(\\d+)/");
        for (int i = 0; i < 400; i++) {
            Matcher line = started.matcher(Files.readString(log()));
            if (line.find()) {
                return Integer.parseInt(line.group(1));
            }
            Thread.sleep(100);
        }
        throw new IOException("Millrace did not start: " + Files.readString(log()));
    }
}
