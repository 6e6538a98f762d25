package millrace.harness;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/** WildFly, started by {@code standalone.sh}. */
final class WildFly extends Distribution {

    WildFly() {
        super("wildfly", "WildFly");
    }

    @Override
    Path deployments(Path directory) {
        return directory.resolve("deployments");
    }

    @Override
    void layOut(Path home, Path directory, int port) throws IOException {
        copyTree(home.resolve("standalone"), directory);
        StringBuilder users = new StringBuilder();
        for (String user : LoginWar.ROLES.keySet()) {
            users.append(user).append('=').append(digest(user)).append('\n');
        }
        Path configuration = directory.resolve("configuration");
        Files.writeString(configuration.resolve("application-users.properties"), users);
        Files.writeString(configuration.resolve("application-roles.properties"), users("%s=%s\n"));
    }

    /** As {@code add-user.sh} writes it. */
    private static String digest(String user) {
        try {
            byte[] text = (user + ":ApplicationRealm:secret").getBytes(UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(text));
        } catch (NoSuchAlgorithmException everyJavaHasIt) {
            throw new AssertionError(everyJavaHasIt);
        }
    }

    @Override
    ProcessBuilder command(Path home, Path directory, int port) {
        return Server.program(List.of(
                home.resolve("bin/standalone.sh").toString(),
                "-Djboss.server.base.dir=" + directory,
                "-Djboss.http.port=" + port,
                "-Djboss.https.port=" + freePort(),
                "-Djboss.management.http.port=" + freePort(),
                "-Djboss.management.https.port=" + freePort()));
    }

    @Override
    public Pattern started() {
        return Pattern.compile("WFLYSRV0025");
    }
}
