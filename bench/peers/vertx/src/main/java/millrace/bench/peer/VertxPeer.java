package millrace.bench.peer;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Vert.x: a chunked response per subscriber, one verticle per core, the event bus between them. For many topics each verticle
 * has a plain map from each to its responses; for those who come back, a plain list of what was sent.
 */
public final class VertxPeer extends VerticleBase {

    private final int port;
    private final Set<HttpServerResponse> subscribers = new LinkedHashSet<>();
    private final Map<String, Set<HttpServerResponse>> topics = new HashMap<>();
    private final Set<HttpServerResponse> logReaders = new LinkedHashSet<>();
    private final List<Buffer> log = new ArrayList<>();

    /** How many messages the log has been given; its own lock keeps them in one order for all verticles. */
    private static final AtomicInteger LOGGED = new AtomicInteger();

    private VertxPeer(int port) {
        this.port = port;
    }

    public static void main(String[] args) {
        int port = Integer.parseInt(args[0]);
        Vertx.vertx()
                .deployVerticle(
                        () -> new VertxPeer(port),
                        new DeploymentOptions()
                                .setInstances(Runtime.getRuntime().availableProcessors()))
                .onFailure(failure -> {
                    failure.printStackTrace();
                    System.exit(1);
                });
    }

    @Override
    public Future<?> start() {
        Router router = Router.router(vertx);
        router.get("/events").handler(this::events);
        router.get("/stream").handler(this::stream);
        router.post("/publish").handler(BodyHandler.create(false)).handler(context -> {
            vertx.eventBus().publish("events", event("", context.body().buffer()));
            context.response().end();
        });
        vertx.eventBus().<Buffer>consumer("events", message -> {
            for (HttpServerResponse subscriber : subscribers) {
                subscriber.write(message.body());
            }
        });
        router.get("/topics").handler(this::topics);
        router.post("/topics/publish").handler(BodyHandler.create(false)).handler(context -> {
            DeliveryOptions topic = new DeliveryOptions()
                    .addHeader("topic", context.queryParam("topic").getFirst());
            vertx.eventBus().publish("topics", event("", context.body().buffer()), topic);
            context.response().end();
        });
        vertx.eventBus().<Buffer>consumer("topics", message -> {
            for (HttpServerResponse subscriber :
                    topics.getOrDefault(message.headers().get("topic"), Set.of())) {
                subscriber.write(message.body());
            }
        });
        router.get("/log/events").handler(this::readLog);
        router.post("/log/publish").handler(BodyHandler.create(false)).handler(context -> {
            synchronized (LOGGED) {
                String id = "id: " + LOGGED.getAndIncrement() + "\n";
                vertx.eventBus().publish("log", event(id, context.body().buffer()));
            }
            context.response().end();
        });
        vertx.eventBus().<Buffer>consumer("log", message -> {
            log.add(message.body());
            for (HttpServerResponse reader : logReaders) {
                reader.write(message.body());
            }
        });
        return vertx.createHttpServer().requestHandler(router).listen(port, "127.0.0.1");
    }

    private static HttpServerResponse open(RoutingContext context) {
        return context.response().setChunked(true).putHeader("Content-Type", "text/event-stream");
    }

    private void events(RoutingContext context) {
        HttpServerResponse response = open(context);
        response.writeHead();
        response.closeHandler(gone -> subscribers.remove(response));
        subscribers.add(response);
    }

    private void topics(RoutingContext context) {
        HttpServerResponse response = open(context);
        response.writeHead();
        List<String> wanted = context.queryParam("topic");
        wanted.forEach(topic ->
                topics.computeIfAbsent(topic, key -> new LinkedHashSet<>()).add(response));
        response.closeHandler(gone -> wanted.forEach(topic -> topics.get(topic).remove(response)));
    }

    private void readLog(RoutingContext context) {
        HttpServerResponse response = open(context);
        response.writeHead();
        String lastId = context.request().getHeader("Last-Event-ID");
        for (int i = lastId == null ? log.size() : Integer.parseInt(lastId) + 1; i < log.size(); i++) {
            response.write(log.get(i));
        }
        response.closeHandler(gone -> logReaders.remove(response));
        logReaders.add(response);
    }

    private void stream(RoutingContext context) {
        HttpServerResponse response = open(context);
        int n = Integer.parseInt(context.request().getParam("n"));
        int interval = Integer.parseInt(context.request().getParam("interval"));
        if (interval == 0) {
            for (int i = 0; i < n; i++) {
                response.write(event(i));
            }
            response.end();
            return;
        }
        int[] next = {0};
        long timer = vertx.setPeriodic(0, interval, id -> {
            response.write(event(next[0]++));
            if (next[0] == n) {
                vertx.cancelTimer(id);
                response.end();
            }
        });
        response.closeHandler(gone -> vertx.cancelTimer(timer));
    }

    private static Buffer event(String idLine, Buffer data) {
        return Buffer.buffer(idLine).appendString("data: ").appendBuffer(data).appendString("\n\n");
    }

    private static String event(int i) {
        return "data: " + i + " " + System.nanoTime() + "\n\n";
    }
}
