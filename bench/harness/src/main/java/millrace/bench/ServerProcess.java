package millrace.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A server under test: started, awaited, stopped by its process id, with all its children and its folder. */
final class ServerProcess implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofSeconds(90);
    private static final Set<Process> LIVING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> LIVING.forEach(ServerProcess::kill)));
    }

    private final Process process;
    private final Path folder;
    final int port;
    final Duration startTime;

    private ServerProcess(Process process, Path folder, int port, Duration startTime) {
        this.process = process;
        this.folder = folder;
        this.port = port;
        this.startTime = startTime;
    }

    static ServerProcess start(Contender contender, Path log) throws IOException, InterruptedException {
        int port = freePort();
        Path folder = Files.createTempDirectory("millrace-bench");
        if (!contender.configuration().isEmpty()) {
            Path file = Path.of(contender.configuration());
            String text = Files.readString(file)
                    .replace("PORT", Integer.toString(port))
                    .replace("MODULES", "/usr/lib/nginx/modules");
            Files.writeString(folder.resolve(file.getFileName()), text);
        }
        ProcessBuilder builder = new ProcessBuilder(contender.command(port, folder))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        long start = System.nanoTime();
        Process process = builder.start();
        LIVING.add(process);
        while (!answers(port, contender.ready())) {
            if (!process.isAlive() || System.nanoTime() - start > START_LIMIT.toNanos()) {
                new ServerProcess(process, folder, port, Duration.ZERO).close();
                List<String> lines = new ArrayList<>(Files.readAllLines(log));
                throw new IOException("did not start: "
                        + String.join(" / ", lines.subList(Math.max(0, lines.size() - 3), lines.size())));
            }
            Thread.sleep(5);
        }
        return new ServerProcess(process, folder, port, Duration.ofNanos(System.nanoTime() - start));
    }

    int pid() {
        return (int) process.pid();
    }

    /** Starts a helper process that is stopped with the benchmark. */
    static Process helper(ProcessBuilder builder) throws IOException {
        Process process = builder.start();
        LIVING.add(process);
        process.onExit().thenRun(() -> LIVING.remove(process));
        return process;
    }

    static void kill(Process process) {
        List<ProcessHandle> family = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        family.forEach(ProcessHandle::destroy);
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                family.forEach(ProcessHandle::destroyForcibly);
                process.waitFor(5, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        family.stream().filter(ProcessHandle::isAlive).forEach(ProcessHandle::destroyForcibly);
    }

    @Override
    public void close() throws IOException {
        kill(process);
        LIVING.remove(process);
        delete(folder);
    }

    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** The value of a counter in the server's metrics, -1 where it has no such counter. */
    double metric(Contender contender, String name) {
        if (contender.metrics().isEmpty()) {
            return -1;
        }
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(10_000);
            String request = "GET " + contender.metrics() + " HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            String page = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return page.lines()
                    .filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                    .findFirst()
                    .orElse(-1);
        } catch (IOException unknown) {
            return -1;
        }
    }

    /** Whether a request gets any answer below 500; a container that is still deploying has none, or a 503. */
    private static boolean answers(int port, String path) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 500);
            socket.setSoTimeout(5000);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            String line = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
            return line.matches("HTTP/1\\.1 [2-4].*");
        } catch (IOException notYet) {
            return false;
        }
    }
}
