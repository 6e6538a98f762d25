package millrace.bench.peer;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.LinkedHashSet;
import java.util.Set;

/** Vert.x: a chunked response per subscriber, one verticle per core, the event bus between them. */
public final class VertxPeer extends VerticleBase {

    private final int port;
    private final Set<HttpServerResponse> subscribers = new LinkedHashSet<>();

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
            vertx.eventBus()
                    .publish(
                            "events",
                            Buffer.buffer("data: ")
                                    .appendBuffer(context.body().buffer())
                                    .appendString("\n\n"));
            context.response().end();
        });
        vertx.eventBus().<Buffer>consumer("events", message -> {
            for (HttpServerResponse subscriber : subscribers) {
                subscriber.write(message.body());
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

    private static String event(int i) {
        return "data: " + i + " " + System.nanoTime() + "\n\n";
    }
}
