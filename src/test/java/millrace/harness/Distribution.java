package millrace.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A server as its makers ship it: fetched from Maven Central, unpacked, set up by nothing but the files of
 * {@code examples/servers}, and started by its own script. Millrace is dropped into it as {@code millrace.war}, and a
 * copy that wants a login as {@code millrace-login.war}.
 *
 * <p>The coordinates come from the {@code pom.xml}, profile {@code servers}, which alone runs what needs this.
 */
public abstract class Distribution implements Kind {

    static final Path EXAMPLES = Path.of("examples/servers").toAbsolutePath();

    private static final String WAR = "millrace.war";
    private static final String LOGIN_WAR = "millrace-login.war";

    private static final String HOME = "home";
    private static final String UNPACK = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:";

    private final String key;
    private final String name;

    Distribution(String key, String name) {
        this.key = key;
        this.name = name;
    }

    /** All of them, in the order of the README's table. */
    public static List<Distribution> all() {
        return List.of(
                new TomcatZip("tomcat11", "Tomcat"),
                new TomcatZip("tomcat10.1", "Tomcat"),
                new JettyHome("jetty12.1", "ee11"),
                new JettyHome("jetty12.1-ee10", "ee10"),
                new JettyHome("jetty12.0", "ee10"),
                new WildFly(),
                new OpenLiberty(),
                new GlassFish("glassfish", "GlassFish", false),
                new GlassFish("payara", "Payara", true),
                new PayaraMicro());
    }

    /** Those that {@code -Dservers=…} names; all without it. */
    public static List<Distribution> chosen() {
        String wanted = System.getProperty("servers", "");
        if (wanted.isBlank()) {
            return all();
        }
        List<Distribution> chosen = new ArrayList<>();
        for (String key : wanted.split(",")) {
            chosen.add(all().stream()
                    .filter(one -> one.key.equals(key.strip()))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("-Dservers=… knows "
                            + all().stream().map(Distribution::key).toList() + ", not '" + key.strip() + "'")));
        }
        return chosen;
    }

    @Override
    public final String key() {
        return key;
    }

    @Override
    public final String contextPath() {
        return "/millrace";
    }

    /** Name and version, for people. */
    public String title() {
        return name + " " + coordinates()[2].replace(".Final", "");
    }

    /** What an application's file system deployment directory is; a WAR that is put there is served soon. */
    abstract Path deployments(Path directory);

    /** Lays out a directory for a server, before its first start. */
    abstract void layOut(Path home, Path directory, int port) throws IOException;

    /** What starts it, in that directory; stays in the foreground. */
    abstract ProcessBuilder command(Path home, Path directory, int port) throws IOException;

    /** What is to be done while it runs, once, before Millrace comes. */
    public void setUp(Server server) throws IOException {}

    /** What the server has written, from its start on. */
    public String log(Server server) {
        return server.log();
    }

    /** Whether a WAR can be taken away and put back while the server runs. */
    public boolean redeploys() {
        return true;
    }

    /** Lines that the server writes of its own accord, with or without Millrace. */
    public Pattern ownComplaints() {
        return Pattern.compile("(?!)");
    }

    /** How presence cannot be asked here, and whose fault that is; empty where all ways work. */
    public String noPresenceByPath() {
        return "";
    }

    @Override
    public final ProcessBuilder launch(
            Path directory, int port, Setup setup, Map<String, String> settings, List<String> jvmArgs)
            throws IOException {
        Path home = home();
        Path marker = directory.resolve("laid-out");
        if (!Files.exists(marker)) {
            layOut(home, directory, port);
            Files.createFile(marker);
        }
        ProcessBuilder builder = command(home, directory, port);
        builder.environment().put("JDK_JAVA_OPTIONS", Server.SOFT_IS_NOT_HELD);
        settings.forEach((setting, value) -> builder.environment().put(environmentName(setting), value));
        return builder;
    }

    private static String environmentName(String setting) {
        return setting.toUpperCase(java.util.Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /** Puts Millrace into the server. It answers some time later. */
    public void deploy(Server server) {
        put(server, Container.TARGET.resolve(WAR), WAR);
    }

    /** Puts the copy that wants a login into the server, at {@code /millrace-login}. */
    public void deployLogin(Server server) {
        try {
            put(server, LoginWar.constrained(Container.TARGET.resolve(WAR), server.directory()), LOGIN_WAR);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Takes Millrace away. It is gone some time later. */
    public void undeploy(Server server) {
        remove(server, WAR);
    }

    /** Takes the copy that wants a login away. */
    public void undeployLogin(Server server) {
        remove(server, LOGIN_WAR);
    }

    void put(Server server, Path war, String name) {
        try {
            Path to = deployments(server.directory()).resolve(name);
            Path partly = to.resolveSibling(name + ".partly");
            Files.copy(war, partly, StandardCopyOption.REPLACE_EXISTING);
            Files.move(partly, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    void remove(Server server, String name) {
        try {
            Files.delete(deployments(server.directory()).resolve(name));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** The users of {@link LoginWar}, as the files of several servers want them: {@code kim=staff}, a line each. */
    static String users(String pattern) {
        StringBuilder lines = new StringBuilder();
        LoginWar.ROLES.forEach((user, role) -> lines.append(pattern.formatted(user, role)));
        return lines.toString();
    }

    // ---- files ----

    /** Group, artifact, version, type. */
    private String[] coordinates() {
        String property = "server." + key;
        String text = System.getProperty(property, "");
        String[] parts = text.split(":");
        if (parts.length != 4) {
            throw new IllegalStateException(property + " is '" + text + "': run this with mvn -Pservers verify");
        }
        return parts;
    }

    String version() {
        return coordinates()[2];
    }

    /** Where the server is unpacked; fetched when it is first needed. */
    final Path home() throws IOException {
        Path directory = Container.TARGET.resolve("dist-servers").resolve(key + "-" + version());
        Path done = directory.resolve("unpacked");
        if (!Files.exists(done)) {
            Files.createDirectories(directory);
            Output output = fetch(directory, "-o");
            if (output.exit() != 0) {
                output = fetch(directory);
            }
            if (output.exit() != 0) {
                throw new IOException(String.join(":", coordinates()) + " cannot be fetched\n" + output.text());
            }
            Files.createFile(done);
        }
        try (Stream<Path> unpacked = Files.list(directory.resolve(HOME))) {
            return unpacked.filter(path -> !path.endsWith("META-INF"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private Output fetch(Path directory, String... options) {
        boolean archive = !coordinates()[3].equals("jar");
        List<String> command = new ArrayList<>(List.of("mvn", "-q", "-B"));
        command.addAll(Arrays.asList(options));
        command.add(UNPACK + (archive ? "unpack" : "copy"));
        command.add("-Dartifact=" + String.join(":", coordinates()));
        command.add("-DoutputDirectory=" + directory.resolve(HOME));
        String repository = System.getProperty("server.repository", "");
        if (!repository.isEmpty()) {
            command.add("-Dmaven.repo.local=" + repository);
        }
        return Output.of(Duration.ofMinutes(10), new ProcessBuilder(command).directory(directory.toFile()));
    }

    static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> tree = Files.walk(from)) {
            for (Path path : (Iterable<Path>) tree::iterator) {
                Path target = to.resolve(from.relativize(path));
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public final String toString() {
        return key;
    }
}
