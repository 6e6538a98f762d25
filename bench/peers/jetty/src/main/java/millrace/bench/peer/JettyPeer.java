package millrace.bench.peer;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.ee11.servlets.EventSource;
import org.eclipse.jetty.ee11.servlets.EventSourceServlet;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Jetty's {@code EventSourceServlet}: a published message is given to each emitter. */
public final class JettyPeer {

    private static final Set<EventSource.Emitter> SUBSCRIBERS = ConcurrentHashMap.newKeySet();

    public static void main(String[] args) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        connector.setAcceptQueueSize(1024);
        server.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        context.addServlet(asynchronous(new Events()), "/events");
        context.addServlet(asynchronous(new Numbers()), "/stream");
        context.addServlet(new ServletHolder(new Publish()), "/publish");
        server.setHandler(context);
        server.start();
        server.join();
    }

    private static ServletHolder asynchronous(EventSourceServlet servlet) {
        ServletHolder holder = new ServletHolder(servlet);
        holder.setAsyncSupported(true);
        return holder;
    }

    @SuppressWarnings("serial")
    private static final class Events extends EventSourceServlet {
        @Override
        protected EventSource newEventSource(HttpServletRequest request) {
            return new EventSource() {
                private Emitter emitter;

                @Override
                public void onOpen(Emitter emitter) {
                    this.emitter = emitter;
                    SUBSCRIBERS.add(emitter);
                }

                @Override
                public void onClose() {
                    SUBSCRIBERS.remove(emitter);
                }
            };
        }
    }

    @SuppressWarnings("serial")
    private static final class Publish extends HttpServlet {
        @Override
        protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
            String data = new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            for (EventSource.Emitter subscriber : SUBSCRIBERS) {
                try {
                    subscriber.data(data);
                } catch (IOException gone) {
                    SUBSCRIBERS.remove(subscriber);
                }
            }
        }
    }

    @SuppressWarnings("serial")
    private static final class Numbers extends EventSourceServlet {
        @Override
        protected EventSource newEventSource(HttpServletRequest request) {
            int n = Integer.parseInt(request.getParameter("n"));
            long between = Integer.parseInt(request.getParameter("interval")) * 1_000_000L;
            return new EventSource() {
                @Override
                public void onOpen(Emitter emitter) {
                    Thread.ofVirtual().start(() -> numbers(emitter, n, between));
                }

                @Override
                public void onClose() {}
            };
        }
    }

    private static void numbers(EventSource.Emitter emitter, int n, long between) {
        long due = System.nanoTime();
        try {
            for (int i = 0; i < n; i++) {
                emitter.data(i + " " + System.nanoTime());
                due += between;
                if (between > 0) {
                    Thread.sleep(java.time.Duration.ofNanos(Math.max(0, due - System.nanoTime())));
                }
            }
            emitter.close();
        } catch (IOException | InterruptedException gone) {
            // the reader has left
        }
    }
}
