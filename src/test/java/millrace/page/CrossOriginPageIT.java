package millrace.page;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.MACSigner;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import millrace.harness.Browser;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.junit.jupiter.api.Timeout;

/** A page of another origin, in Chromium: with the setting it uses streams, runs, chat and hub; without it none of them. */
@OnContainers({Container.TOMCAT_11, Container.JETTY_12_1})
@Timeout(120)
class CrossOriginPageIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** Each puts into {@code window.outcome} what it got, or the error that is all that a page learns of a refusal. */
    private static final String PAGE = """
            <!doctype html><title>Elsewhere</title><script>
            const outcome = window.outcome = {};
            const note = (name, work) => work().then(it => outcome[name] = it, failure => outcome[name] = String(failure));
            const key = {Authorization: 'Bearer sk-page', 'Content-Type': 'application/json'};
            window.go = server => {
              note('stream', async () => {
                const started = await fetch(server + '/sse/v1?n=3&interval=10', {method: 'POST', headers: {'Cache-Control': 'no-cache'}});
                const run = new URL(started.headers.get('Content-Location'), started.url);
                const text = await started.text();
                const again = await (await fetch(run, {headers: {'Last-Event-ID': text.match(/id: (\\S+-1)/)[1]}})).text();
                const secret = started.headers.get('Millrace-Run-Secret');
                const stopped = await fetch(run, {method: 'DELETE', headers: {'Millrace-Run-Secret': secret}});
                return [text, again].map(it => it.match(/data: \\d/g).length).join() + ',' + stopped.status;
              });
              note('source', () => new Promise((resolve, reject) => {
                const source = new EventSource(server + '/sse/v1?n=2&interval=10', {withCredentials: true});
                source.onmessage = event => event.data === '1' && resolve(event.data);
                source.onerror = () => source.readyState === 2 && reject('closed');
              }));
              note('chat', async () => {
                const body = JSON.stringify({model: 'guide', stream: true, messages: [{role: 'user', content: 'hello'}]});
                const answer = await fetch(server + '/v1/chat/completions', {method: 'POST', headers: {...key, 'X-Stainless-Lang': 'js'}, body});
                return (await answer.text()).includes('[DONE]');
              });
              note('refused', async () => {
                const answer = await fetch(server + '/v1/chat/completions', {method: 'POST', body: '{}'});
                return answer.status + ' ' + answer.headers.get('WWW-Authenticate');
              });
              note('hub', () => new Promise((resolve, reject) => {
                const source = new EventSource(server + '/.well-known/mercure?match=page', {withCredentials: true});
                source.onmessage = event => resolve(event.data);
                source.onerror = () => source.readyState === 2 && reject('closed');
                source.onopen = () => fetch(server + '/.well-known/mercure', {method: 'POST', body: new URLSearchParams({topic: 'page', data: 'seen'})
                    , headers: {Authorization: 'Bearer TOKEN'}}).catch(reject);
              }));
            };
            </script>
            """;

    private static final String KEY = "a secret of at least thirty-two bytes";

    @ContainerTest
    void onePageIsNamedAndAnotherIsNot(Container container) throws Exception {
        HttpServer elsewhere = pages();
        URI named = at(elsewhere, "127.0.0.1");
        URI other = at(elsewhere, "localhost");
        try (Server server = Server.start(
                        container,
                        Map.of(
                                "millrace.demo",
                                "false",
                                "millrace.origins",
                                named.toString(),
                                "millrace.chat.api-keys",
                                "sk-page",
                                "millrace.guide.pace",
                                "0",
                                "millrace.hub.anonymous",
                                "true",
                                "millrace.hub.publisher-key",
                                KEY,
                                "millrace.history",
                                "memory"));
                Browser browser = Browser.start()) {
            assertEquals(
                    Map.of(
                            "stream", "3,2,204",
                            "source", "1",
                            "chat", true,
                            "refused", "401 Bearer realm=\"millrace\"",
                            "hub", "seen"),
                    outcomes(browser, named, server));
            Map<?, ?> refused = (Map<?, ?>) outcomes(browser, other, server);
            for (String name : new String[] {"stream", "source", "chat", "refused", "hub"}) {
                String told = String.valueOf(refused.get(name));
                assertEquals(
                        true,
                        told.equals("TypeError: Failed to fetch") || told.equals("closed"),
                        name + " from a page that is not named: " + told);
            }
        } finally {
            elsewhere.stop(0);
        }
    }

    private static Object outcomes(Browser browser, URI page, Server server) {
        browser.open(page);
        browser.js("go(arguments[0])", server.uri("").toString());
        browser.waitFor("Object.keys(outcome).length === 5", LIMIT);
        return browser.js("return outcome");
    }

    private static URI at(HttpServer pages, String host) {
        return URI.create("http://" + host + ":" + pages.getAddress().getPort());
    }

    private static HttpServer pages() throws Exception {
        HttpServer pages = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
        byte[] page = PAGE.replace("TOKEN", token()).getBytes(UTF_8);
        pages.createContext("/", exchange -> {
            try (exchange) {
                exchange.getResponseHeaders().set("Content-Type", "text/html;charset=utf-8");
                exchange.sendResponseHeaders(200, page.length);
                exchange.getResponseBody().write(page);
            }
        });
        pages.start();
        return pages;
    }

    private static String token() throws Exception {
        JWSObject jwt =
                new JWSObject(new JWSHeader(JWSAlgorithm.HS256), new Payload("{\"mercure\":{\"publish\":[\"*\"]}}"));
        jwt.sign(new MACSigner(KEY));
        return jwt.serialize();
    }
}
