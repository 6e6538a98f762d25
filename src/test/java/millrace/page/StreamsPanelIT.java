package millrace.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import millrace.harness.Browser;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;

/** The panel "Streams" in Chromium. */
@OnContainers({Container.TOMCAT_11, Container.JETTY_12_1})
class StreamsPanelIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @ContainerTest
    void oneEventSourceIsCutByTheServerResumesByItselfAndStaysClosedAfterTheEnd(Server server) throws Exception {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            page.set("streams-n", 31);
            page.set("streams-interval", 100);
            page.click("#streams-form [type=submit]");
            browser.waitFor("Number(document.getElementById('streams-received').textContent) >= 5", LIMIT);

            page.click("#streams-cut");
            browser.waitFor("document.getElementById('streams-say').textContent.startsWith('Done')", LIMIT);
            Thread.sleep(4000); // longer than the reconnection time: a browser that is not done would ask again

            assertEquals(
                    "Done: 31 events over 2 connections, 0 missing, 0 repeated. "
                            + "The server answered 204, so the client stays closed.",
                    page.text("#streams-say"));
            assertEquals(1L, browser.js("return window.sources.length"), "no script opened a second EventSource");
            assertEquals(2L, browser.js("return window.sources[0].readyState"), "closed");
            List<String> requests = page.requestsTo("/sse/v1?n=31&interval=100");
            assertEquals(3, requests.size(), requests.toString());
            assertTrue(requests.get(0).contains(" 200 ") && requests.get(0).matches(".*\"-?\""), requests.toString());
            assertTrue(requests.get(1).matches(".* 200 .*\"[A-Za-z0-9_-]{22,}-\\d+\""), requests.toString());
            assertTrue(requests.get(2).matches(".* 204 .*\"[A-Za-z0-9_-]{22,}-31\""), requests.toString());
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void theWireShowsTheBytesAsTheyCame(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            page.set("streams-n", 3);
            page.set("streams-interval", 50);
            page.click("#streams-form [type=submit]");
            browser.waitFor("document.getElementById('streams-say').textContent.startsWith('Done')", LIMIT);

            String wire = page.text("#streams-wire");
            assertTrue(wire.contains("content-type: text/event-stream;charset=utf-8"), wire);
            assertTrue(wire.matches("(?s).*retry: \\d+\\\\n\\n.*"), wire);
            for (int i = 0; i < 3; i++) {
                assertTrue(
                        wire.matches("(?s).*id: [A-Za-z0-9_-]{22,}-" + (i + 1) + "\\\\n\\ndata: " + i + "\\\\n\\n.*"),
                        wire);
            }
            page.click("#streams-hex");
            assertTrue(page.text("#streams-wire").contains("72 65 74 72 79 3a 20"), "the bytes of 'retry: '");
        }
    }

    @ContainerTest
    void aPostStreamIsReadAndResumedByTheSameRules(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            page.set("streams-n", 31);
            page.set("streams-interval", 100);
            page.click("#streams-post");
            browser.waitFor("Number(document.getElementById('streams-received').textContent) >= 5", LIMIT);

            page.click("#streams-cut");
            browser.waitFor("document.getElementById('streams-say').textContent.startsWith('Done')", LIMIT);

            assertTrue(
                    page.text("#streams-say").startsWith("Done: 31 events over 2 connections, 0 missing, 0 repeated."));
            assertEquals(0L, browser.js("return window.sources.length"));
            assertTrue(
                    page.text("#streams-wire").contains("POST /sse/v1?n=31&interval=100"), page.text("#streams-wire"));
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void stopEndsTheConnectionsOfTheRun(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            page.set("streams-n", 1000);
            page.set("streams-interval", 1000);
            page.click("#streams-form [type=submit]");
            browser.waitFor("Number(document.getElementById('streams-received').textContent) >= 1", LIMIT);

            page.click("#streams-stop");

            assertEquals("Stopped by you.", page.text("#streams-say"));
            assertEquals(2L, browser.js("return window.sources[0].readyState"));
        }
    }

    @ContainerTest
    void whoListensToThePageIsNotToldOfEachEvent(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            browser.js("""
                    window.said = [];
                    const line = document.getElementById('streams-say');
                    new MutationObserver(() => window.said.push(line.textContent)).observe(line, {childList: true});
                    """);
            page.set("streams-n", 20);
            page.set("streams-interval", 30);
            page.click("#streams-form [type=submit]");
            browser.waitFor("document.getElementById('streams-say').textContent.startsWith('Done')", LIMIT);

            assertTrue(
                    (boolean) browser.js("return window.said.length <= 6"),
                    browser.js("return window.said").toString());
        }
    }

    @ContainerTest
    void whatTheServerRefusesIsSaidInItsWords(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            browser.js("document.getElementById('streams-form').noValidate = true");
            page.set("streams-interval", -1);
            page.click("#streams-form [type=submit]");
            browser.waitFor(
                    "document.getElementById('streams-say').dataset.state === 'failed'"
                            + " && document.getElementById('streams-say').textContent.includes('interval is')",
                    LIMIT);
            assertEquals("interval is '-1'; write a whole number from 0 to 3600000.", page.text("#streams-say"));
            page.assertNothingWasBlockedOrThrown();
        }
    }
}
