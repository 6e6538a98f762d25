package millrace.bench.peer;

import java.nio.file.Path;
import org.eclipse.jetty.ee11.webapp.WebAppContext;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** A Jetty that serves one WAR: {@code JettyWar PORT WAR}. */
public final class JettyWar {

    public static void main(String[] args) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
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
}
