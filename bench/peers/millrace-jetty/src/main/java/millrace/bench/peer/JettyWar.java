package millrace.bench.peer;

import java.nio.file.Path;
import org.eclipse.jetty.ee11.webapp.WebAppContext;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * A Jetty that serves one WAR: {@code JettyWar PORT WAR}. A system property {@code connector.NAME} is a setting of
 * {@code jetty.httpConfig} or of the connector, to see what it changes.
 */
public final class JettyWar {

    public static void main(String[] args) throws Exception {
        Server server = new Server();
        HttpConfiguration http = new HttpConfiguration();
        HttpConnectionFactory factory = new HttpConnectionFactory(http);
        ServerConnector connector = new ServerConnector(server, factory);
        for (String name : System.getProperties().stringPropertyNames()) {
            if (name.startsWith("connector.")) {
                set(http, factory, name.substring(10), System.getProperty(name));
            }
        }
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        connector.setAcceptQueueSize(4096);
        server.addConnector(connector);
        WebAppContext context = new WebAppContext();
        context.setContextPath("/");
        context.setWar(Path.of(args[1]).toString());
        context.setThrowUnavailableOnStartupException(true);
        server.setHandler(context);
        server.start();
        server.join();
    }

    private static void set(HttpConfiguration http, HttpConnectionFactory factory, String name, String value) {
        switch (name) {
            case "outputBufferSize" -> http.setOutputBufferSize(Integer.parseInt(value));
            case "requestHeaderSize" -> http.setRequestHeaderSize(Integer.parseInt(value));
            case "responseHeaderSize" -> http.setResponseHeaderSize(Integer.parseInt(value));
            case "inputBufferSize" -> factory.setInputBufferSize(Integer.parseInt(value));
            case "useInputDirectByteBuffers" -> http.setUseInputDirectByteBuffers(Boolean.parseBoolean(value));
            case "useOutputDirectByteBuffers" -> http.setUseOutputDirectByteBuffers(Boolean.parseBoolean(value));
            default -> throw new IllegalArgumentException("no setting " + name);
        }
    }
}
