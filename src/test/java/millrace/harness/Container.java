package millrace.harness;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The containers that the suite runs on. How each is laid out, started and read is here and nowhere else. All bind
 * 127.0.0.1 and speak HTTP/1.1 and cleartext HTTP/2; on all of them Millrace is the root and {@link TestApp} is at
 * {@code /testapp}.
 */
public enum Container implements Kind {
    /** What {@code mvn -Prun} starts. */
    TOMCAT_11("tomcat11") {
        @Override
        List<String> command(Path directory, int port, Setup setup) throws IOException {
            return List.of(
                    "-cp",
                    TARGET.resolve("run") + "/*" + java.io.File.pathSeparator + TARGET.resolve("run-classes"),
                    "millrace.run.Main",
                    "--war",
                    war(setup, directory).toString(),
                    "--war2",
                    "/testapp=" + TestApp.war(),
                    "--port",
                    Integer.toString(port),
                    "--h2c",
                    "--work",
                    directory.resolve("work").toString(),
                    "--access-log",
                    directory.resolve("access.log").toString(),
                    "--with-parent");
        }

        @Override
        public Pattern started() {
            return Pattern.compile("millrace: http://127\\.0\\.0\\.1:(\\d+)/");
        }
    },

    /** The distribution, with a {@code server.xml} that has only what is needed; HTTP/2 as {@code docs/servers.md} says. */
    TOMCAT_10_1("tomcat10.1") {
        @Override
        List<String> command(Path directory, int port, Setup setup) throws IOException {
            Path home = distribution("apache-tomcat-10.1");
            Path conf = Files.createDirectories(directory.resolve("conf"));
            for (String file : List.of("web.xml", "catalina.properties")) {
                Files.writeString(
                        conf.resolve(file),
                        Files.readString(home.resolve("conf").resolve(file)));
            }
            Files.writeString(conf.resolve("server.xml"), """
                    <Server port="-1">
                      <Service name="Catalina">
                        <Connector address="127.0.0.1" port="%d" maxConnections="50000" acceptCount="4096" useAsyncIO="false" %s>
                          <UpgradeProtocol className="org.apache.coyote.http2.Http2Protocol"
                                           overheadCountFactor="0" overheadResetFactor="0"
                                           streamWriteTimeout="-1" streamReadTimeout="-1"/>
                        </Connector>
                        <Engine backgroundProcessorDelay="1" name="Catalina" defaultHost="localhost">
                          <Host name="localhost" appBase="webapps" autoDeploy="true">
                            <Valve className="org.apache.catalina.valves.AccessLogValve" directory="%s"
                                   prefix="access" suffix=".log" rotatable="false" buffered="false"
                                   pattern="%%{remote}p %%s &quot;%%r&quot; %%D &quot;%%{Last-Event-ID}i&quot;"/>
                          </Host>
                        </Engine>
                      </Service>
                    </Server>
                    """.formatted(
                    port, setup == Setup.ENCODED_SLASHES ? "encodedSolidusHandling=\"passthrough\"" : "", directory));
            Files.createDirectories(directory.resolve("temp"));
            putWars(directory, setup);
            return List.of(
                    "-Dcatalina.home=" + home,
                    "-Dcatalina.base=" + directory,
                    "-Djava.io.tmpdir=" + directory.resolve("temp"),
                    "-cp",
                    home.resolve("bin/bootstrap.jar")
                            + java.io.File.pathSeparator
                            + home.resolve("bin/tomcat-juli.jar"),
                    "org.apache.catalina.startup.Bootstrap",
                    "start");
        }

        @Override
        public Pattern started() {
            return Pattern.compile("ProtocolHandler \\[\"http-nio-127\\.0\\.0\\.1-(?:auto-\\d+-)?(\\d+)\"]"
                    + "(?s:.*)Server startup in ");
        }
    },

    /** The distribution, as Servlet 6.1 (ee11). */
    JETTY_12_1("jetty12.1") {
        @Override
        List<String> command(Path directory, int port, Setup setup) throws IOException {
            return jetty(distribution("jetty-home-12.1"), "ee11", directory, port, setup);
        }

        @Override
        public Pattern started() {
            return JETTY_STARTED;
        }
    },

    /** The distribution, as Servlet 6.0 (ee10). */
    JETTY_12_0("jetty12.0") {
        @Override
        List<String> command(Path directory, int port, Setup setup) throws IOException {
            return jetty(distribution("jetty-home-12.0"), "ee10", directory, port, setup);
        }

        @Override
        public Pattern started() {
            return JETTY_STARTED;
        }
    };

    /** Where the build puts things. Tests run in the project's directory. */
    static final Path TARGET = Path.of("target").toAbsolutePath();

    private static final Path WAR = TARGET.resolve("millrace.war");

    private static final Pattern JETTY_STARTED = Pattern.compile(
            "Started (?:oejs\\.)?ServerConnector@[^\\n]*\\{127\\.0\\.0\\.1:(\\d+)}(?s:.*)Started (?:oejs\\.)?Server@");

    private final String key;

    Container(String key) {
        this.key = key;
    }

    /** The name in {@code -Dcontainers=…} and in reports. */
    @Override
    public String key() {
        return key;
    }

    /** Whether this is a Tomcat, for the few rules that differ. */
    public boolean isTomcat() {
        return this == TOMCAT_11 || this == TOMCAT_10_1;
    }

    /** Lays out the directory and gives the JVM's arguments from the class path on. Port 0 is any free one. */
    abstract List<String> command(Path directory, int port, Setup setup) throws IOException;

    @Override
    public ProcessBuilder launch(
            Path directory, int port, Setup setup, Map<String, String> settings, List<String> jvmArgs)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Server.JAVA_HOME.resolve("bin/java").toString());
        command.add("-Xmx512m");
        command.add("-Djava.util.logging.SimpleFormatter.format=%1$tT.%1$tL %4$s %3$s: %5$s%6$s%n");
        settings.forEach((key, value) -> command.add("-D" + key + "=" + value));
        command.addAll(jvmArgs);
        command.addAll(command(directory, port, setup));
        return Server.program(command);
    }

    /** What a container writes when a WAR did not start; it goes on without it. */
    static final Pattern WAR_FAILED =
            Pattern.compile("startup failed due to previous errors|Failed startup of context|Error deploying web app");

    @Override
    public String toString() {
        return key;
    }

    private static List<String> jetty(Path home, String environment, Path directory, int port, Setup setup)
            throws IOException {
        putWars(directory, setup);
        Path ini = Files.createDirectories(directory.resolve("start.d"));
        Files.writeString(
                ini.resolve("server.ini"),
                """
                --modules=server,http,http2c,requestlog
                jetty.http.host=127.0.0.1
                jetty.http.port=%d
                jetty.requestlog.filePath=%s/access.log
                jetty.requestlog.append=true
                jetty.requestlog.formatString=%%{remote}p %%s "%%r" %%{us}T "%%{Last-Event-ID}i"
                """.formatted(port, directory)
                        + switch (setup) {
                            case STANDARD -> "";
                            case ENCODED_SLASHES ->
                                "jetty.httpConfig.uriCompliance=DEFAULT,AMBIGUOUS_PATH_SEPARATOR,AMBIGUOUS_PATH_ENCODING\n";
                            case LOGIN -> LoginWar.jettyRealm(directory) + "\n";
                        });
        // in a file of its own: the server does not see properties that stand beside a module of an environment
        Files.writeString(
                ini.resolve("webapp.ini"),
                "--modules=EE-deploy,EE-webapp,EE-annotations,EE-jsp\n".replace("EE", environment));
        return List.of(
                "-Djava.io.tmpdir=" + Files.createDirectories(directory.resolve("temp")),
                "-jar",
                home.resolve("start.jar").toString(),
                "jetty.home=" + home,
                "jetty.base=" + directory);
    }

    private static Path war(Setup setup, Path directory) throws IOException {
        return setup == Setup.LOGIN ? LoginWar.build(WAR, directory) : WAR;
    }

    private static void putWars(Path directory, Setup setup) throws IOException {
        Path webapps = Files.createDirectories(directory.resolve("webapps"));
        copy(war(setup, directory), webapps.resolve("ROOT.war"));
        copy(TestApp.war(), webapps.resolve("testapp.war"));
    }

    private static void copy(Path from, Path to) throws IOException {
        if (!Files.exists(to)) { // a restart keeps what is unpacked
            Files.copy(from, to);
        }
    }

    private static Path distribution(String prefix) throws IOException {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(TARGET.resolve("dist"), prefix + "*")) {
            for (Path home : found) {
                return home;
            }
        }
        throw new IOException("target/dist has no " + prefix + "*: run 'mvn pre-integration-test' once");
    }
}
