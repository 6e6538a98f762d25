package millrace.bench.peer;

import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.server.handlers.sse.ServerSentEventConnection;
import io.undertow.server.handlers.sse.ServerSentEventHandler;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Undertow's {@code ServerSentEventHandler}: a published message is sent to each of its connections. For many topics there
 * is a plain map from each to its connections; for those who come back, a plain list of what was sent.
 */
public final class UndertowPeer {

    private static final Map<String, Set<ServerSentEventConnection>> TOPICS = new ConcurrentHashMap<>();

    /** Both guarded by the list. */
    private static final List<String> LOG = new ArrayList<>();

    private static final Set<ServerSentEventConnection> LOG_READERS = new HashSet<>();

    public static void main(String[] args) {
        ServerSentEventHandler events = Handlers.serverSentEvents();
        ServerSentEventHandler streams = Handlers.serverSentEvents(
                (connection, lastEventId) -> Thread.ofVirtual().start(() -> numbers(connection)));
        Undertow.builder()
                .addHttpListener(Integer.parseInt(args[0]), "127.0.0.1")
                .setHandler(Handlers.path()
                        .addExactPath("/events", events)
                        .addExactPath("/stream", streams)
                        .addExactPath("/topics", Handlers.serverSentEvents((connection, id) -> enter(connection)))
                        .addExactPath("/topics/publish", exchange -> {
                            String topic =
                                    exchange.getQueryParameters().get("topic").getFirst();
                            exchange.getRequestReceiver().receiveFullString((request, data) -> {
                                TOPICS.getOrDefault(topic, Set.of()).forEach(connection -> connection.send(data));
                                request.endExchange();
                            });
                        })
                        .addExactPath("/log/events", Handlers.serverSentEvents(UndertowPeer::readLog))
                        .addExactPath(
                                "/log/publish",
                                exchange -> exchange.getRequestReceiver().receiveFullString((request, data) -> {
                                    append(data);
                                    request.endExchange();
                                }))
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

    private static void enter(ServerSentEventConnection connection) {
        for (String topic : connection.getQueryParameters().get("topic")) {
            Set<ServerSentEventConnection> readers =
                    TOPICS.computeIfAbsent(topic, key -> ConcurrentHashMap.newKeySet());
            readers.add(connection);
            connection.addCloseTask(readers::remove);
        }
    }

    private static void readLog(ServerSentEventConnection connection, String lastId) {
        synchronized (LOG) {
            for (int i = lastId == null ? LOG.size() : Integer.parseInt(lastId) + 1; i < LOG.size(); i++) {
                connection.send(LOG.get(i), null, Integer.toString(i), null);
            }
            LOG_READERS.add(connection);
        }
        connection.addCloseTask(gone -> {
            synchronized (LOG) {
                LOG_READERS.remove(gone);
            }
        });
    }

    private static void append(String data) {
        synchronized (LOG) {
            String id = Integer.toString(LOG.size());
            LOG.add(data);
            LOG_READERS.forEach(connection -> connection.send(data, null, id, null));
        }
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
