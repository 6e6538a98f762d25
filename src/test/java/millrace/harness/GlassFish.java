package millrace.harness;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/** GlassFish, and Payara that came from it: a domain made and started by {@code asadmin}. */
final class GlassFish extends Distribution {

    private static final String DOMAIN = "domain1";

    static final Path COMMANDS = EXAMPLES.resolve("glassfish/millrace.asadmin");

    private final boolean takesCommandsAtStart;

    GlassFish(String key, String name, boolean takesCommandsAtStart) {
        super(key, name);
        this.takesCommandsAtStart = takesCommandsAtStart;
    }

    private static Path domain(Path directory) {
        return directory.resolve("domains").resolve(DOMAIN);
    }

    @Override
    Path deployments(Path directory) {
        return domain(directory).resolve("autodeploy");
    }

    private static Path adminPort(Path directory) {
        return directory.resolve("admin-port");
    }

    /** The shipped domain, with other ports. */
    @Override
    void layOut(Path home, Path directory, int port) throws IOException {
        Path domain = domain(directory);
        copyTree(home.resolve("glassfish/domains").resolve(DOMAIN), domain);
        int admin = freePort();
        Files.writeString(adminPort(directory), Integer.toString(admin));
        Path settings = domain.resolve("config/domain.xml");
        String text = Pattern.compile("(port|value)=\"(\\d{4})\"")
                .matcher(Files.readString(settings))
                .replaceAll(match -> match.group(1) + "=\""
                        + switch (match.group(2)) {
                            case "8080" -> port;
                            case "4848" -> admin;
                            default -> freePort();
                        }
                        + "\"");
        Files.writeString(settings, text);
        Files.writeString(domain.resolve("config/keyfile"), fileRealm());
        Files.createDirectories(deployments(directory));
    }

    /** As {@code asadmin create-file-user} writes it, which takes its time for each. */
    static String fileRealm() {
        StringBuilder users = new StringBuilder();
        LoginWar.ROLES.forEach((user, role) -> users.append("%s;{SSHA256}%s;%s\n".formatted(user, digest(user), role)));
        return users.toString();
    }

    private static String digest(String salt) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            byte[] salted = (salt + "-salt-of-8-bytes").substring(0, 8).getBytes(UTF_8);
            sha.update("secret".getBytes(UTF_8));
            byte[] hash = sha.digest(salted);
            byte[] both = Arrays.copyOf(hash, hash.length + salted.length);
            System.arraycopy(salted, 0, both, hash.length, salted.length);
            return Base64.getEncoder().encodeToString(both);
        } catch (NoSuchAlgorithmException everyJavaHasIt) {
            throw new AssertionError(everyJavaHasIt);
        }
    }

    @Override
    ProcessBuilder command(Path home, Path directory, int port) {
        List<String> command = asadmin(
                home,
                "start-domain",
                "--verbose",
                "--domaindir",
                directory.resolve("domains").toString());
        if (takesCommandsAtStart) {
            command.addAll(List.of("--prebootcommandfile", COMMANDS.toString()));
        }
        command.add(DOMAIN);
        return Server.program(command);
    }

    @Override
    public void setUp(Server server) throws IOException {
        if (!takesCommandsAtStart) {
            Path directory = server.directory();
            run(
                    asadmin(
                            home(),
                            "--port",
                            Files.readString(adminPort(directory)),
                            "--user",
                            "admin",
                            "multimode",
                            "--file",
                            COMMANDS.toString()),
                    directory);
            server.stop();
            server.restart();
        }
    }

    private static void run(List<String> command, Path directory) throws IOException {
        Output output = Output.of(Duration.ofMinutes(3), Server.program(command).directory(directory.toFile()));
        if (output.exit() != 0 || output.text().contains("failed")) {
            throw new IOException(output.toString());
        }
    }

    private static List<String> asadmin(Path home, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(home.resolve("glassfish/bin/asadmin").toString());
        command.addAll(List.of(arguments));
        return command;
    }

    @Override
    public Pattern started() {
        return Pattern.compile("startup time|Startup time");
    }
}
