package millrace.bench;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A server that takes part: how it is started, and where it is published to and subscribed to. {@code PORT} in the command
 * and in the configuration stands for the port, {@code FOLDER} for a fresh folder that is the process's working directory.
 *
 * @param configuration a file that is copied into the working directory with its {@code PORT} filled in, or empty
 * @param fanOut one topic, whose events all get
 * @param topics very many topics, named in the query by those who subscribe
 * @param log a topic whose events are kept for those who come back with the id of the last one they had
 * @param stream a request stream
 * @param metrics where Prometheus would look, or empty
 * @param missing why it cannot run on this machine, or empty
 * @param scenes what it can do
 */
record Contender(
        String name,
        List<String> command,
        String configuration,
        String ready,
        Way fanOut,
        Way topics,
        Way log,
        List<String> publishHeaders,
        String stream,
        String metrics,
        boolean java,
        String missing,
        Set<Scene> scenes) {

    /**
     * The way of an event.
     *
     * @param events the path that is subscribed to
     * @param publish the path that is published to; {@code {topic}} stands for the topic
     * @param prefix what the body of a publish has before the data; {@code {topic}} stands for the topic
     */
    record Way(String events, String publish, String prefix) {
        static final Way NONE = new Way("", "", "");
    }

    private static final Path HOME =
            Path.of(System.getProperty("bench.home", "bench")).toAbsolutePath().normalize();
    private static final Set<Scene> ALL =
            EnumSet.complementOf(EnumSet.of(Scene.USERS, Scene.PUBLISH_1, Scene.PUBLISH_MANY, Scene.BATCH));

    /** Those of servers that have neither topics nor a memory of past events. */
    private static final Set<Scene> FAN_OUT = without(ALL, Scene.SPARSE, Scene.STORM);

    private static Set<Scene> without(Set<Scene> scenes, Scene... left) {
        Set<Scene> rest = EnumSet.copyOf(scenes);
        rest.removeAll(List.of(left));
        return rest;
    }

    static List<Contender> all() {
        List<Contender> all = new ArrayList<>();
        all.add(peer(
                "floor",
                javaCommand("harness", "millrace.bench.floor.Floor"),
                true,
                "",
                without(FAN_OUT, Scene.START)));
        all.addAll(bareMechanism());
        all.addAll(millrace());
        all.add(nchan());
        all.add(peer("Undertow", javaCommand("peers/undertow", "millrace.bench.peer.UndertowPeer"), true, "", ALL));
        all.add(peer("Vert.x", javaCommand("peers/vertx", "millrace.bench.peer.VertxPeer"), true, "", ALL));
        all.add(peer(
                "Jetty EventSourceServlet",
                javaCommand("peers/jetty", "millrace.bench.peer.JettyPeer"),
                true,
                "",
                FAN_OUT));
        all.add(peer(
                "Spring SseEmitter", javaCommand("peers/spring", "millrace.bench.peer.SpringPeer"), true, "", FAN_OUT));
        all.add(fastapi());
        return all;
    }

    static Contender peer(String name, List<String> command, boolean java, String missing, Set<Scene> scenes) {
        return new Contender(
                name,
                command,
                "",
                "/ready",
                new Way("/events", "/publish", ""),
                new Way("/topics", "/topics/publish?topic={topic}", ""),
                new Way("/log/events", "/log/publish", ""),
                List.of("Content-Type: text/plain"),
                "/stream",
                "",
                java,
                missing,
                scenes);
    }

    /** A process that ends by itself, and no server. */
    private static Contender process(String name, List<String> command, Scene scene) {
        return new Contender(
                name, command, "", "", Way.NONE, Way.NONE, Way.NONE, List.of(), "", "", true, "", EnumSet.of(scene));
    }

    /** What the mechanism costs without anything around it, on the same containers as Millrace. */
    private static List<Contender> bareMechanism() {
        String war = HOME.resolve("target/bare.war").toString();
        Set<Scene> scenes = EnumSet.complementOf(EnumSet.of(Scene.USERS, Scene.BATCH));
        return List.of(
                peer(Report.BARE + "Tomcat", onTomcat(war), true, "", scenes),
                peer(Report.BARE + "Jetty", onJetty(war), true, "", scenes));
    }

    private static final String KEY = "a key for the benchmark alone, of 32 bytes and more";

    /** The WAR's hub, and a servlet in an application that has Millrace's classes, on Tomcat and on Jetty. */
    private static List<Contender> millrace() {
        List<Contender> all = new ArrayList<>();
        Set<Scene> requests = EnumSet.of(Scene.REQUESTS, Scene.REQUESTS_PACED);
        Set<Scene> publish = EnumSet.of(Scene.PUBLISH_1, Scene.PUBLISH_MANY);
        Set<Scene> memory = without(ALL, Scene.REQUESTS, Scene.REQUESTS_PACED);
        Set<Scene> durable = without(memory, Scene.STALLED, Scene.IDLE);
        durable.addAll(publish);
        durable.add(Scene.BATCH);
        Set<Scene> channel = EnumSet.of(Scene.SATURATED, Scene.SINGLE);
        String war = HOME.resolveSibling("target").resolve("millrace.war").toString();
        String app = HOME.resolve("target/bench-app.war").toString();
        all.add(hub("Millrace on Tomcat", onTomcat(war), "memory", memory));
        all.add(hub("Millrace on Jetty", onJetty(war), "memory", memory));
        all.add(hub(
                "Tomcat as shipped with Millrace",
                onShippedTomcat(war),
                "memory",
                EnumSet.of(Scene.SINGLE, Scene.IDLE)));
        all.add(hub("Millrace on Tomcat, durable", onTomcat(war), "file:FOLDER/history", durable));
        all.add(hub("Millrace on Jetty, durable", onJetty(war), "file:FOLDER/history", durable));
        all.add(peer("Millrace StreamServlet on Tomcat", onTomcat(app), true, "", requests));
        all.add(peer("Millrace StreamServlet on Jetty", onJetty(app), true, "", requests));
        all.add(peer("Millrace channel alone on Tomcat", onTomcat(app), true, "", channel));
        all.add(peer("Millrace channel alone on Jetty", onJetty(app), true, "", channel));
        all.add(process("Millrace hub in one process", inProcess("millrace.stream.Users"), Scene.USERS));
        all.add(process(
                Scene.BATCH.reference, inProcess("millrace.history.StoreAlone", "FOLDER/history"), Scene.BATCH));
        all.add(bare("bare servlet on Tomcat", onTomcat(app)));
        all.add(bare("bare servlet on Jetty", onJetty(app)));
        return all;
    }

    private static Contender hub(String name, List<String> command, String history, Set<Scene> scenes) {
        List<String> configured = new ArrayList<>(command);
        configured.addAll(
                1,
                List.of(
                        "-Dmillrace.history=" + history,
                        "-Dmillrace.hub.publisher-key=" + KEY,
                        "-Dmillrace.hub.anonymous=true"));
        String hub = "/.well-known/mercure";
        return new Contender(
                name,
                configured,
                "",
                "/health/live",
                new Way(hub + "?topic=bench", hub, "topic=bench&data="),
                new Way(hub, hub, "topic={topic}&data="),
                new Way(hub + "?topic=log", hub, "topic=log&data="),
                List.of(
                        "Content-Type: application/x-www-form-urlencoded",
                        "Authorization: Bearer " + publisherToken(KEY)),
                "",
                "/metrics",
                true,
                "",
                scenes);
    }

    /** Of a hub that takes many updates in a request: the head of it, and one of its lines. */
    Contender publishingBatches() {
        List<String> headers = new ArrayList<>(publishHeaders);
        headers.set(0, "Content-Type: application/x-ndjson");
        return new Contender(
                name,
                command,
                configuration,
                ready,
                new Way(fanOut.events(), fanOut.publish(), "{\"topic\":\"bench\",\"data\":\""),
                topics,
                log,
                headers,
                stream,
                metrics,
                java,
                missing,
                scenes);
    }

    private static List<String> inProcess(String main, String... arguments) {
        Path target = HOME.resolveSibling("target");
        String classPath = String.join(
                File.pathSeparator,
                HOME.resolve("target/users").toString(),
                target.resolve("millrace-classes.jar").toString(),
                target.resolve("millrace/WEB-INF/lib/*").toString(),
                target.resolve("run/*").toString());
        List<String> command = new ArrayList<>(List.of(javaProgram(), "-Xmx2g", "-cp", classPath, main));
        command.addAll(List.of(arguments));
        return command;
    }

    /** The container's own share of an idle stream. */
    private static Contender bare(String name, List<String> command) {
        Contender bare = peer(name, command, true, "", EnumSet.of(Scene.IDLE));
        return bare.with("", new Way("/bare", "", ""));
    }

    private static List<String> onTomcat(String war) {
        Path target = HOME.resolveSibling("target");
        String classPath = target.resolve("run-classes") + File.pathSeparator + target.resolve("run/*");
        return List.of(javaProgram(), "-Xmx2g", "-cp", classPath, "millrace.run.Main", "--war", war, "--port", "PORT");
    }

    /** With the connector's defaults, and what {@code --java -Dconnector.NAME=VALUE} changes of them. */
    private static List<String> onShippedTomcat(String war) {
        Path target = HOME.resolveSibling("target");
        String classPath = HOME.resolve("target/tomcat-war") + File.pathSeparator + target.resolve("run/*");
        return List.of(javaProgram(), "-Xmx2g", "-cp", classPath, "millrace.bench.peer.TomcatWar", "PORT", war);
    }

    private static List<String> onJetty(String war) {
        List<String> command = new ArrayList<>(javaCommand("peers/millrace-jetty", "millrace.bench.peer.JettyWar"));
        command.add(war);
        return command;
    }

    private static Contender nchan() {
        Path modules = Path.of("/usr/lib/nginx/modules");
        Path nginx = Stream.of("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(Path.of("nginx"));
        String missing = !Files.isExecutable(nginx)
                ? "nginx is not installed"
                : Files.exists(modules.resolve("ngx_nchan_module.so")) ? "" : "nginx has no nchan (libnginx-mod-nchan)";
        Contender nchan = peer(
                "nchan",
                List.of(nginx.toString(), "-p", "FOLDER", "-c", "FOLDER/nginx.conf"),
                false,
                missing,
                without(ALL, Scene.REQUESTS, Scene.REQUESTS_PACED));
        return nchan.with(HOME.resolve("peers/nchan/nginx.conf").toString(), nchan.fanOut());
    }

    private static Contender fastapi() {
        String python = Stream.of(System.getenv().getOrDefault("PYTHON", "python3"), "/usr/bin/python3")
                .filter(candidate -> succeeds(candidate, "-c", "import fastapi, uvicorn, uvloop"))
                .findFirst()
                .orElse("");
        List<String> command = List.of(
                python,
                "-m",
                "uvicorn",
                "app:app",
                "--app-dir",
                HOME.resolve("peers/fastapi").toString(),
                "--host",
                "127.0.0.1",
                "--port",
                "PORT",
                "--loop",
                "uvloop",
                "--no-access-log",
                "--log-level",
                "warning");
        String missing =
                python.isEmpty() ? "no Python with fastapi, uvicorn and uvloop (PYTHON names another one)" : "";
        return peer("FastAPI", command, false, missing, FAN_OUT);
    }

    /** A Java process with the defaults of its JVM, but for the same heap for all. */
    private static List<String> javaCommand(String module, String main) {
        String classPath = HOME.resolve(module).resolve("target/classes")
                + File.pathSeparator
                + HOME.resolve(module).resolve("target/lib/*");
        return List.of(javaProgram(), "-Xmx2g", "-cp", classPath, main, "PORT");
    }

    static String javaProgram() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private Contender with(String file, Way way) {
        return new Contender(
                name, command, file, ready, way, topics, log, publishHeaders, stream, metrics, java, missing, scenes);
    }

    private static boolean succeeds(String... command) {
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** A token that may publish everything, signed with HS256. */
    static String publisherToken(String key) {
        Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
        String head = base64.encodeToString("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.UTF_8));
        String claims = base64.encodeToString("{\"mercure\":{\"publish\":[\"*\"]}}".getBytes(StandardCharsets.UTF_8));
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            byte[] signature = mac.doFinal((head + "." + claims).getBytes(StandardCharsets.US_ASCII));
            return head + "." + claims + "." + base64.encodeToString(signature);
        } catch (GeneralSecurityException impossible) {
            throw new AssertionError(impossible);
        }
    }

    List<String> command(int port, Path folder) {
        String more = System.getProperty("bench.java", "").strip();
        Stream<String> words = command.stream();
        if (java && !more.isEmpty()) {
            words = Stream.of(
                            command.stream().limit(1),
                            Arrays.stream(more.split(" +")),
                            command.stream().skip(1))
                    .flatMap(part -> part);
        }
        return words.map(word -> word.replace("PORT", Integer.toString(port)).replace("FOLDER", folder.toString()))
                .toList();
    }

    boolean named(String wanted) {
        return Arrays.stream(wanted.split(","))
                .anyMatch(part -> name.toLowerCase().contains(part.toLowerCase()));
    }
}
