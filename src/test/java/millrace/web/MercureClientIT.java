package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import millrace.harness.Browser;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.Node;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.junit.jupiter.api.Timeout;

/**
 * Symfony's own Mercure client, {@code @symfony/ux-turbo} from npm, follows the hub in a browser as it does in an
 * application of Symfony's: the page comes from another origin, which the hub's settings name; its application has set the
 * cookie with the token, and publishes {@code <turbo-stream>} elements, which the client puts into the page.
 */
@OnContainers
@Timeout(120)
class MercureClientIT {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final String topic = "https://example.com/" + UUID.randomUUID();

    @ContainerTest
    void symfonysTurboStreamsSeePublicAndGrantedUpdatesAndMissNothingOverACut(Container container) throws Exception {
        HttpServer application = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        URI page = URI.create("http://127.0.0.1:" + application.getAddress().getPort() + "/");
        String origin = page.toString().substring(0, page.toString().length() - 1);
        Map<String, String> settings = Map.of(
                "millrace.history",
                "memory",
                "millrace.retry",
                "2s",
                "millrace.hub.publisher-key",
                HubClient.KEY,
                "millrace.hub.origins",
                origin);
        try (Server server = Server.start(container, settings);
                Browser browser = Browser.start()) {
            var hub = new HubClient(server);
            application.createContext("/", exchange -> answer(exchange, hub));
            application.start();
            browser.open(page);
            browser.waitFor("document.querySelectorAll('[connected]').length === 3", SOON);

            publish(hub, "open", "1");
            publish(hub, "own", "1", "private", "on");
            publish(hub, "open", "not for it", "private", "on");
            publish(hub, "foreign", "not for it", "private", "on");
            publish(hub, "foreign", "1");
            browser.waitFor("shown('open') === '1' && shown('own') === '1' && shown('foreign') === '1'", SOON);

            assertEquals(
                    204,
                    hub.send("POST", server.uri("/demo/cut"), "", "text/plain").statusCode());
            browser.waitFor("document.querySelectorAll('[connected]').length === 0", SOON);
            publish(hub, "open", "2");
            publish(hub, "own", "2", "private", "on");
            publish(hub, "foreign", "not for it", "private", "on");
            publish(hub, "open", "3");
            browser.waitFor("document.querySelectorAll('[connected]').length === 3", SOON);
            publish(hub, "own", "3", "private", "on");
            publish(hub, "foreign", "2");
            browser.waitFor("shown('foreign') === '1 2' && shown('own').endsWith('3')", SOON);
            assertEquals("1 2 3", browser.js("return shown('open')"));
            assertEquals("1 2 3", browser.js("return shown('own')"));

            browser.js("document.querySelector('[private]').remove()");
            publish(hub, "own", "4", "private", "on");
            publish(hub, "open", "4");
            browser.waitFor("shown('open') === '1 2 3 4'", SOON);
            assertEquals("1 2 3", browser.js("return shown('own')"), "who takes the element away has unsubscribed");
        } finally {
            application.stop(0);
        }
    }

    /** What the application publishes: an element that adds an item to a list of the page. */
    private void publish(HubClient hub, String list, String item, String... more) throws Exception {
        String element = """
                <turbo-stream action="append" target="%s">
                  <template><li>%s</li></template>
                </turbo-stream>""".formatted(list, item);
        String[] fields = {"topic", topic + "/" + list, "data", element};
        if (more.length > 0) {
            fields = new String[] {fields[0], fields[1], fields[2], fields[3], more[0], more[1]};
        }
        hub.publish(fields);
    }

    /** The application: a page with the client, and the token of its user. */
    private void answer(HttpExchange exchange, HubClient hub) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            if (path.equals("/")) {
                String token = HubClient.token("user", "", "\"" + topic + "/own\"");
                exchange.getResponseHeaders()
                        .add(
                                "Set-Cookie",
                                "mercureAuthorization=" + token
                                        + "; Path=/.well-known/mercure; HttpOnly; SameSite=Strict");
                send(exchange, "text/html;charset=utf-8", page(hub).getBytes(UTF_8));
                return;
            }
            Path file = Node.packages().resolve(path.substring(1)).normalize();
            if (file.startsWith(Node.packages()) && Files.isRegularFile(file)) {
                send(exchange, "text/javascript", Files.readAllBytes(file));
            } else {
                exchange.sendResponseHeaders(404, -1);
            }
        }
    }

    private static void send(HttpExchange exchange, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
    }

    private String page(HubClient hub) {
        return """
                <!doctype html>
                <title>Lists</title>
                <script type="importmap">
                  {"imports": {"@hotwired/turbo": "/@hotwired/turbo/dist/turbo.es2017-esm.js"}}
                </script>
                <script type="module" src="/@symfony/ux-turbo/dist/mercure_stream_source_element.js"></script>
                <script>
                  function shown(list) {
                    return [...document.getElementById(list).children].map(item => item.textContent).join(" ");
                  }
                </script>
                <turbo-mercure-stream-source src="%s"></turbo-mercure-stream-source>
                <turbo-mercure-stream-source src="%s" private></turbo-mercure-stream-source>
                <turbo-mercure-stream-source src="%s" private></turbo-mercure-stream-source>
                <ol id="open"></ol>
                <ol id="own"></ol>
                <ol id="foreign"></ol>
                """.formatted(
                        hub.hub("topic", topic + "/open"),
                        hub.hub("topic", topic + "/own"),
                        hub.hub("topic", topic + "/foreign"));
    }
}
