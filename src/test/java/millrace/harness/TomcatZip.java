package millrace.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Tomcat, started by {@code catalina.sh run} with a base directory of its own. */
final class TomcatZip extends Distribution {

    TomcatZip(String key, String name) {
        super(key, name);
    }

    @Override
    Path deployments(Path directory) {
        return directory.resolve("webapps");
    }

    @Override
    void layOut(Path home, Path directory, int port) throws IOException {
        copyTree(home.resolve("conf"), directory.resolve("conf"));
        copyTree(EXAMPLES.resolve("tomcat"), directory);
        Files.writeString(
                directory.resolve("conf/tomcat-users.xml"),
                "<tomcat-users>\n"
                        + users("  <user username=\"%s\" password=\"secret\" roles=\"%s\"/>\n")
                        + "</tomcat-users>\n");
        for (String needed : new String[] {"webapps", "temp", "logs"}) {
            Files.createDirectories(directory.resolve(needed));
        }
    }

    @Override
    ProcessBuilder command(Path home, Path directory, int port) {
        ProcessBuilder builder =
                Server.program(java.util.List.of(home.resolve("bin/catalina.sh").toString(), "run"));
        builder.environment().put("CATALINA_BASE", directory.toString());
        builder.environment().put("CATALINA_OPTS", "-Dhttp.port=" + port);
        return builder;
    }

    @Override
    public Pattern started() {
        return Pattern.compile("Server startup in ");
    }
}
