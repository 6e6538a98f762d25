package millrace.page;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import millrace.harness.Browser;
import millrace.harness.Server;
import org.openqa.selenium.By;
import org.openqa.selenium.WebElement;

/** The page, opened in a browser that remembers each {@code EventSource} that a script makes, in {@code window.sources}. */
final class PageInBrowser {

    private static final String REMEMBER_SOURCES = """
            window.sources = [];
            window.EventSource = class extends EventSource {
              constructor(...of) {
                super(...of);
                if (this.url.includes('/sse/v1')) window.sources.push(this);
              }
            };
            """;

    private final Browser browser;
    private final Server server;

    private PageInBrowser(Browser browser, Server server) {
        this.browser = browser;
        this.server = server;
    }

    static PageInBrowser open(Browser browser, Server server) {
        browser.driver().executeCdpCommand("Page.addScriptToEvaluateOnNewDocument", Map.of("source", REMEMBER_SOURCES));
        browser.open(server.uri("/"));
        browser.waitFor("document.getElementById('curl-url').textContent.endsWith('/sse/v1')", Duration.ofSeconds(20));
        return new PageInBrowser(browser, server);
    }

    /** What is written there, in the source's order, whether it can be seen or not. */
    String text(String selector) {
        return (String) browser.js("return document.querySelector(arguments[0]).textContent", selector);
    }

    void click(String selector) {
        WebElement element = browser.driver().findElement(By.cssSelector(selector));
        browser.js("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element);
        element.click();
    }

    void set(String id, Object value) {
        browser.js("document.getElementById(arguments[0]).value = arguments[1]", id, value.toString());
    }

    /** The lines of the access log for exactly this path and query; a line is there when the request has ended. */
    List<String> requestsTo(String pathAndQuery) {
        return server.accessLog()
                .lines()
                .filter(line -> line.contains(" " + pathAndQuery + " "))
                .toList();
    }

    /** No violation of the CSP and no exception; connections that the test had cut are no fault. */
    void assertNothingWasBlockedOrThrown() {
        List<String> faults = browser.console().stream()
                .filter(line -> line.contains("Content Security Policy") || line.contains("Uncaught"))
                .toList();
        assertEquals(List.of(), faults);
    }

    URI uri(String path) {
        return server.uri(path);
    }
}
