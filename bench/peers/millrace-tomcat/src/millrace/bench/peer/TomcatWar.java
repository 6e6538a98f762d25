package millrace.bench.peer;

import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.scan.StandardJarScanner;

/**
 * A Tomcat that serves one WAR with the connector as it is shipped, but for the number of connections and of requests
 * on each:
 * {@code TomcatWar PORT WAR}. A system property {@code connector.NAME} is the connector's attribute NAME in
 * {@code server.xml}, to see what it changes.
 */
public final class TomcatWar {

    public static void main(String[] args) throws Exception {
        Tomcat tomcat = new Tomcat();
        Path base = Path.of("tomcat").toAbsolutePath();
        Files.createDirectories(base.resolve("webapps"));
        tomcat.setBaseDir(base.toString());
        Connector connector = new Connector("org.apache.coyote.http11.Http11NioProtocol");
        connector.setProperty("address", "127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        connector.setProperty("maxConnections", "50000");
        connector.setProperty("acceptCount", "4096");
        connector.setProperty("maxKeepAliveRequests", "-1"); // publishers keep their connections
        for (String name : System.getProperties().stringPropertyNames()) {
            if (name.startsWith("connector.") && !connector.setProperty(name.substring(10), System.getProperty(name))) {
                throw new IllegalArgumentException("the connector has no attribute " + name.substring(10));
            }
        }
        tomcat.setConnector(connector);
        tomcat.getHost().setAutoDeploy(false);
        StandardContext context = (StandardContext) tomcat.addWebapp("", args[1]);
        StandardJarScanner scanner = new StandardJarScanner(); // as the run command: only the WAR's own jars
        scanner.setScanClassPath(false);
        context.setJarScanner(scanner);
        tomcat.start();
        tomcat.getServer().await();
    }
}
