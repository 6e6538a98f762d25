package millrace.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import millrace.harness.Browser;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.Node;
import millrace.harness.OnContainers;
import millrace.harness.Server;

/** What a newcomer meets: live figures, connections, docs and their search, code to copy; for everybody, and light. */
@OnContainers(Container.TOMCAT_11)
class FrontDoorIT {

    private static final Duration LIMIT = Duration.ofSeconds(120);
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @ContainerTest
    void theFiguresOfTheServerAreChartedAndFollowWhatHappens(Server server) throws Exception {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            show(browser, "live");
            browser.waitFor("document.querySelectorAll('#live canvas').length === 6", LIMIT);
            browser.waitFor("parseInt(document.querySelector('#live-streams dd').textContent) >= 2", LIMIT);
            browser.waitFor("document.querySelectorAll('#live-prices tr').length === 8", LIMIT);
            for (int i = 0; i < 20; i++) {
                HttpResponse<String> published = HTTP.send(
                        HttpRequest.newBuilder(server.uri("/.well-known/mercure"))
                                .header("Content-Type", "application/x-www-form-urlencoded")
                                .POST(HttpRequest.BodyPublishers.ofString("topic=live&data=" + i))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                assertEquals(200, published.statusCode());
            }
            browser.waitFor("parseInt(document.querySelector('#live-history').textContent) >= 20", LIMIT);
            browser.js("document.getElementById('live-every').value = '2000';"
                    + "document.getElementById('live-every').dispatchEvent(new Event('change'))");
            browser.waitFor(
                    "/^[\\d,]+ changes a second reach you in 0\\.\\d events/"
                            + ".test(document.getElementById('live-conflated').textContent)",
                    LIMIT);
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void connectionsShowWhatThePageFollowsAndItsCuts(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            page.click("#streams-form [type=submit]");
            browser.waitFor("Number(document.getElementById('streams-received').textContent) >= 2", LIMIT);
            page.click("#streams-cut");
            browser.waitFor("document.getElementById('streams-opens').textContent === '2'", LIMIT);
            show(browser, "connections");
            browser.waitFor(
                    "[...document.querySelectorAll('#connections-rows tr')].some(row =>"
                            + " row.querySelector('.name').textContent === 'stream'"
                            + " && row.querySelector('.opens').textContent === '2'"
                            + " && row.querySelector('.id').textContent.includes('-'))",
                    LIMIT);
            browser.waitFor(
                    "document.getElementById('connections-kinds').textContent.includes('of kind stream')", LIMIT);
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void docsAreReadAndSearchedOnThePage(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            show(browser, "docs");
            browser.waitFor("document.querySelector('#docs-text h1')", LIMIT);
            browser.js("document.getElementById('docs-search').value = 'presence';"
                    + "document.getElementById('docs-search').dispatchEvent(new Event('input'))");
            browser.waitFor("document.querySelector('#docs-found a[href=\"#docs/hub/who-is-there\"]')", LIMIT);
            page.click("#docs-found a[href=\"#docs/hub/who-is-there\"]");
            browser.waitFor("document.querySelector('#docs-text h1').textContent === 'The hub'", LIMIT);
            assertTrue((boolean) browser.js("return document.getElementById('docs-at-who-is-there') !== null"));
            assertEquals("page", browser.js("""
                    return document.querySelector('#docs-pages [data-page="hub"]').getAttribute('aria-current')"""));
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void theCurlOfEachUseRunsAsItIsCopied(Server server) throws Exception {
        try (Browser browser = Browser.start()) {
            PageInBrowser.open(browser, server);
            for (Map.Entry<String, String> use : Map.of(
                            "chat", "[DONE]",
                            "live", "event: kept",
                            "streams", "data: 9")
                    .entrySet()) {
                String command = browser.js("return document.querySelector('#" + use.getKey()
                                + "-code pre[data-name=curl]').textContent")
                        .toString();
                String bounded = command.replaceFirst("curl -N", "timeout 60 curl -sN")
                        + (use.getKey().equals("live") ? " | head -5" : "");
                var output = millrace.harness.Output.of(Duration.ofSeconds(90), List.of("sh", "-c", bounded));
                assertTrue(output.text().contains(use.getValue()), command + "\n" + output.text());
            }
            // with tabs, one piece of code is seen, and the arrow keys change it
            assertEquals(1L, browser.js("return document.querySelectorAll('#hub-code pre:not([hidden])').length"));
            browser.js("document.querySelector('#hub-code [role=tab]').dispatchEvent("
                    + "new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}))");
            assertEquals("JavaScript", browser.js("return document.activeElement.textContent"));
        }
    }

    /** axe-core, the checks that browsers' own tools use, on the page with everything open. */
    @ContainerTest
    void nobodyIsShutOut(Server server) throws IOException {
        String axe = Files.readString(Node.packages().resolve("axe-core/axe.min.js"));
        try (Browser browser = Browser.start()) {
            for (String scheme : List.of("light", "dark")) {
                browser.driver()
                        .executeCdpCommand(
                                "Emulation.setEmulatedMedia",
                                Map.of(
                                        "features",
                                        List.of(
                                                Map.of("name", "prefers-color-scheme", "value", scheme),
                                                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
                PageInBrowser.open(browser, server);
                for (String panel : List.of("hub", "live", "connections", "docs")) {
                    show(browser, panel);
                }
                browser.waitFor("document.querySelector('#docs-text h1')", LIMIT);
                browser.js(axe);
                browser.driver().manage().timeouts().scriptTimeout(LIMIT);
                assertEquals(List.of(), browser.driver().executeAsyncScript("""
                        const done = arguments[arguments.length - 1];
                        axe.run().then(found => done(found.violations.map(it =>
                            it.id + ': ' + it.nodes.map(node => node.target.join(' ')).join(', '))));"""));
            }
        }
    }

    @ContainerTest
    void theFirstViewIsLightAndDoesNotJump(Server server) throws Exception {
        try (Browser browser = Browser.start()) {
            PageInBrowser.open(browser, server);
            browser.waitFor("document.querySelector('#chat-model option')", LIMIT);
            @SuppressWarnings("unchecked")
            List<String> loaded = (List<String>) browser.js("""
                    return [location.href, ...performance.getEntriesByType('resource').map(it => it.name)]
                        .filter(it => !it.includes('favicon'))""");
            int compressed = 0;
            for (String address : loaded) {
                compressed += gzipped(URI.create(address));
            }
            assertTrue(compressed <= 100_000, compressed + " bytes: " + loaded);
            assertFalse(loaded.stream().anyMatch(it -> it.contains("uPlot.esm")), "charts come when they are seen");
            browser.js("""
                    window.shift = 0;
                    new PerformanceObserver(list => {
                      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
                    }).observe({type: 'layout-shift', buffered: true});""");
            for (String panel : List.of("chat", "hub", "live", "streams", "connections", "docs")) {
                show(browser, panel);
            }
            browser.waitFor("document.querySelector('#docs-text h1')", LIMIT);
            double shift = ((Number) browser.js("return window.shift")).doubleValue();
            assertTrue(shift < 0.1, "good is less than 0.1 (web.dev/cls); it was " + shift);
        }
    }

    private static int gzipped(URI address) throws IOException, InterruptedException {
        byte[] body = HTTP.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofByteArray())
                .body();
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            gzip.write(body);
        }
        return compressed.size();
    }

    private static void show(Browser browser, String panel) {
        browser.js("document.getElementById(arguments[0]).scrollIntoView({behavior: 'instant'})", panel);
    }
}
