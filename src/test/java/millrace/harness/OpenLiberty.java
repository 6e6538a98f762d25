package millrace.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** Open Liberty, started by {@code server run}. */
final class OpenLiberty extends Distribution {

    OpenLiberty() {
        super("liberty", "Open Liberty");
    }

    private static Path server(Path directory) {
        return directory.resolve("usr/servers/defaultServer");
    }

    @Override
    Path deployments(Path directory) {
        return server(directory).resolve("dropins");
    }

    @Override
    void layOut(Path home, Path directory, int port) throws IOException {
        Path server = server(directory);
        Files.createDirectories(deployments(directory));
        copyTree(EXAMPLES.resolve("liberty"), server);
        Files.writeString(server.resolve("bootstrap.properties"), "http.port=" + port + "\n");
        StringBuilder users = new StringBuilder("<server><basicRegistry>\n");
        users.append(users(
                "  <user name=\"%1$s\" password=\"secret\"/><group name=\"%2$s\"><member name=\"%1$s\"/></group>\n"));
        Files.writeString(
                Files.createDirectories(server.resolve("configDropins/defaults"))
                        .resolve("users.xml"),
                users.append("</basicRegistry></server>\n"));
    }

    @Override
    ProcessBuilder command(Path home, Path directory, int port) {
        ProcessBuilder builder =
                Server.program(List.of(home.resolve("bin/server").toString(), "run", "defaultServer"));
        builder.environment().put("WLP_USER_DIR", directory.resolve("usr").toString());
        return builder;
    }

    @Override
    public Pattern started() {
        return Pattern.compile("CWWKF0011I");
    }

    /** With the informative lines and the whole stack traces. */
    @Override
    public String log(Server server) {
        try {
            return Files.readString(server(server.directory()).resolve("logs/messages.log"));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
