package millrace.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** Payara Micro: one file that serves the WARs that its command line names, and takes none later. */
final class PayaraMicro extends Distribution {

    PayaraMicro() {
        super("payara-micro", "Payara Micro");
    }

    @Override
    Path deployments(Path directory) {
        return directory.resolve("wars");
    }

    @Override
    void layOut(Path home, Path directory, int port) throws IOException {
        Path wars = Files.createDirectories(deployments(directory));
        Files.copy(Container.TARGET.resolve("millrace.war"), wars.resolve("millrace.war"));
        Path login = LoginWar.constrained(Container.TARGET.resolve("millrace.war"), directory);
        Files.copy(login, wars.resolve("millrace-login.war"));
        // what Micro would make at its start; an existing one is kept
        Files.writeString(
                Files.createDirectories(directory.resolve("root/config")).resolve("keyfile"), GlassFish.fileRealm());
    }

    @Override
    ProcessBuilder command(Path home, Path directory, int port) {
        return Server.program(List.of(
                Server.JAVA_HOME.resolve("bin/java").toString(),
                "-jar",
                home.toString(),
                "--nocluster",
                "--port",
                Integer.toString(port),
                "--rootDir",
                directory.resolve("root").toString(),
                "--prebootcommandfile",
                GlassFish.COMMANDS.toString(),
                "--deploy",
                deployments(directory).resolve("millrace.war").toString(),
                "--deploy",
                deployments(directory).resolve("millrace-login.war").toString()));
    }

    @Override
    public void deploy(Server server) {} // it is there from the start

    @Override
    public void deployLogin(Server server) {} // likewise

    @Override
    public void undeployLogin(Server server) {} // stays

    @Override
    public boolean redeploys() {
        return false;
    }

    @Override
    public Pattern started() {
        return Pattern.compile("Payara Micro .* ready in ");
    }
}
