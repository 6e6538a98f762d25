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
 * @param missing why it cannot run on this machine, or empty
 * @param scenes what it can do
 */
record Contender(
        String name,
        List<String> command,
        String configuration,
        String ready,
        String events,
        String publish,
        List<String> publishHeaders,
        String publishPrefix,
        String stream,
        boolean java,
        String missing,
        Set<Scene> scenes) {

    private static final Path HOME =
            Path.of(System.getProperty("bench.home", "bench")).toAbsolutePath().normalize();
    private static final Set<Scene> ALL =
            EnumSet.complementOf(EnumSet.of(Scene.USERS, Scene.PUBLISH_1, Scene.PUBLISH_MANY));

    static List<Contender> all() {
        List<Contender> all = new ArrayList<>();
        all.add(peer(
                "floor",
                javaCommand("harness", "millrace.bench.floor.Floor"),
                true,
                "",
                EnumSet.complementOf(EnumSet.of(Scene.START, Scene.USERS, Scene.PUBLISH_1, Scene.PUBLISH_MANY))));
        all.addAll(millrace());
        all.add(nchan());
        all.add(peer("Undertow", javaCommand("peers/undertow", "millrace.bench.peer.UndertowPeer"), true, "", ALL));
        all.add(peer("Vert.x", javaCommand("peers/vertx", "millrace.bench.peer.VertxPeer"), true, "", ALL));
        all.add(peer(
                "Jetty EventSourceServlet",
                javaCommand("peers/jetty", "millrace.bench.peer.JettyPeer"),
                true,
                "",
                ALL));
        all.add(peer(
                "Spring SseEmitter", javaCommand("peers/spring", "millrace.bench.peer.SpringPeer"), true, "", ALL));
        all.add(fastapi());
        return all;
    }

    private static Contender peer(String name, List<String> command, boolean java, String missing, Set<Scene> scenes) {
        return new Contender(
                name,
                command,
                "",
                "/ready",
                "/events",
                "/publish",
                List.of("Content-Type: text/plain"),
                "",
                "/stream",
                java,
                missing,
                scenes);
    }

    private static final String KEY = "a key for the benchmark alone, of 32 bytes and more";

    /** The WAR's hub, and a servlet in an application that has Millrace's classes, on Tomcat and on Jetty. */
    private static List<Contender> millrace() {
        List<Contender> all = new ArrayList<>();
        Set<Scene> requests = EnumSet.of(Scene.REQUESTS, Scene.REQUESTS_PACED);
        Set<Scene> fanOut = EnumSet.complementOf(EnumSet.of(Scene.REQUESTS, Scene.REQUESTS_PACED, Scene.USERS));
        Set<Scene> publish = EnumSet.of(Scene.PUBLISH_1, Scene.PUBLISH_MANY);
        fanOut.removeAll(publish);
        Set<Scene> durable = EnumSet.of(Scene.START, Scene.SATURATED, Scene.PACED, Scene.SINGLE);
        durable.addAll(publish);
        Set<Scene> channel = EnumSet.of(Scene.SATURATED, Scene.SINGLE);
        String war = HOME.resolveSibling("target").resolve("millrace.war").toString();
        String app = HOME.resolve("target/bench-app.war").toString();
        all.add(hub("Millrace on Tomcat", onTomcat(war), "memory", fanOut));
        all.add(hub("Millrace on Jetty", onJetty(war), "memory", fanOut));
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
        all.add(users());
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
        return new Contender(
                name,
                configured,
                "",
                "/health/live",
                "/.well-known/mercure?topic=bench",
                "/.well-known/mercure",
                List.of(
                        "Content-Type: application/x-www-form-urlencoded",
                        "Authorization: Bearer " + publisherToken(KEY)),
                "topic=bench&data=",
                "",
                true,
                "",
                scenes);
    }

    /** No server: a process that ends by itself. */
    private static Contender users() {
        Path target = HOME.resolveSibling("target");
        String classPath = String.join(
                File.pathSeparator,
                HOME.resolve("target/users").toString(),
                target.resolve("millrace-classes.jar").toString(),
                target.resolve("millrace/WEB-INF/lib/*").toString(),
                target.resolve("run/*").toString());
        return new Contender(
                "Millrace hub in one process",
                List.of(javaProgram(), "-Xmx2g", "-cp", classPath, "millrace.stream.Users"),
                "",
                "",
                "",
                "",
                List.of(),
                "",
                "",
                true,
                "",
                EnumSet.of(Scene.USERS));
    }

    /** The container's own share of an idle stream. */
    private static Contender bare(String name, List<String> command) {
        return new Contender(
                name, command, "", "/ready", "/bare", "", List.of(), "", "", true, "", EnumSet.of(Scene.IDLE));
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
                EnumSet.complementOf(EnumSet.of(Scene.REQUESTS, Scene.REQUESTS_PACED, Scene.USERS)));
        return nchan.withConfiguration(HOME.resolve("peers/nchan/nginx.conf").toString());
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
        return peer("FastAPI", command, false, missing, ALL);
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

    private Contender withConfiguration(String file) {
        return new Contender(
                name,
                command,
                file,
                ready,
                events,
                publish,
                publishHeaders,
                publishPrefix,
                stream,
                java,
                missing,
                scenes);
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
