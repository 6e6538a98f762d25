package millrace.bench.peer;

import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.server.handlers.sse.ServerSentEventConnection;
import io.undertow.server.handlers.sse.ServerSentEventHandler;

/** Undertow's {@code ServerSentEventHandler}: a published message is sent to each of its connections. */
public final class UndertowPeer {

    public static void main(String[] args) {
        ServerSentEventHandler events = Handlers.serverSentEvents();
        ServerSentEventHandler streams = Handlers.serverSentEvents(
                (connection, lastEventId) -> Thread.ofVirtual().start(() -> numbers(connection)));
        Undertow.builder()
                .addHttpListener(Integer.parseInt(args[0]), "127.0.0.1")
                .setHandler(Handlers.path()
                        .addExactPath("/events", events)
                        .addExactPath("/stream", streams)
                        .addExactPath(
                                "/publish",
                                exchange -> exchange.getRequestReceiver().receiveFullString((request, data) -> {
                                    for (ServerSentEventConnection connection : events.getConnections()) {
                                        connection.send(data);
                                    }
                                    request.endExchange();
                                })))
                .build()
                .start();
    }

    private static void numbers(ServerSentEventConnection connection) {
        int n = Integer.parseInt(connection.getQueryParameters().get("n").getFirst());
        long between =
                Integer.parseInt(connection.getQueryParameters().get("interval").getFirst()) * 1_000_000L;
        long due = System.nanoTime();
        for (int i = 0; i < n && connection.isOpen(); i++) {
            connection.send(i + " " + System.nanoTime());
            due += between;
            if (between > 0 && !sleepUntil(due)) {
                return;
            }
        }
        connection.shutdown();
    }

    private static boolean sleepUntil(long due) {
        try {
            Thread.sleep(java.time.Duration.ofNanos(Math.max(0, due - System.nanoTime())));
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }
}
