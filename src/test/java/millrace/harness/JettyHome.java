package millrace.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** Jetty, started by its {@code start.jar} with a base directory of its own, in one of its environments. */
final class JettyHome extends Distribution {

    private final String environment;

    JettyHome(String key, String environment) {
        super(key, "Jetty");
        this.environment = environment;
    }

    @Override
    public String title() {
        return super.title() + " (" + environment + ")";
    }

    @Override
    Path deployments(Path directory) {
        return directory.resolve("webapps");
    }

    @Override
    void layOut(Path home, Path directory, int port) throws IOException {
        copyTree(EXAMPLES.resolve("jetty"), directory);
        Path modules = directory.resolve("start.d/millrace-webapp.ini");
        Files.writeString(modules, Files.readString(modules).replace("ee11", environment));
        Files.writeString(directory.resolve("start.d/users.ini"), LoginWar.jettyRealm(directory) + "\n");
        Files.createDirectories(directory.resolve("webapps"));
    }

    @Override
    ProcessBuilder command(Path home, Path directory, int port) {
        return Server.program(List.of(
                Server.JAVA_HOME.resolve("bin/java").toString(),
                "-jar",
                home.resolve("start.jar").toString(),
                "jetty.base=" + directory,
                "jetty.http.port=" + port));
    }

    @Override
    public Pattern started() {
        return Pattern.compile("Started (?:oejs\\.)?Server@");
    }
}
