package millrace.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import millrace.harness.Browser;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;

/** What holds for the page as a whole: small screens, dark mode, the keyboard, and the page without demo mode. */
@OnContainers(Container.TOMCAT_11)
class WholePageIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @ContainerTest
    void nothingIsWiderThanAPhone(Server server) {
        try (Browser browser = Browser.start()) {
            browser.driver()
                    .executeCdpCommand(
                            "Emulation.setDeviceMetricsOverride",
                            Map.of("width", 390, "height", 844, "deviceScaleFactor", 2, "mobile", true));
            PageInBrowser.open(browser, server);
            assertEquals(390L, browser.js("return document.documentElement.scrollWidth"));
            assertEquals(List.of(), browser.js("""
                    return [...document.querySelectorAll('main :is(button, input, select, textarea)')]
                        .filter(it => it.offsetParent && it.getBoundingClientRect().right > 390).map(it => it.outerHTML)"""));
            assertEquals(
                    "Millrace",
                    browser.driver().findElement(By.cssSelector(".brand")).getAccessibleName());
            browser.screenshot("page-phone");
        }
    }

    /** WCAG 2.2, 2.5.8: 24 by 24 CSS pixels. */
    @ContainerTest
    void whatIsPressedIsLargeEnoughToBeHit(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser.open(browser, server);
            browser.waitFor("document.querySelectorAll('.pane').length === 2", LIMIT);
            assertEquals(List.of(), browser.js("""
                    return [...document.querySelectorAll(':is(main, header) :is(button, input, select, textarea, summary, nav a)')]
                        .filter(it => it.offsetParent).map(it => [it.getBoundingClientRect(), it.outerHTML])
                        .filter(([box]) => box.width < 24 || box.height < 24)
                        .map(([box, html]) => box.width + 'x' + box.height + ' ' + html)"""));
        }
    }

    @ContainerTest
    void darkModeIsFollowedAndItsTextCanBeRead(Server server) {
        try (Browser browser = Browser.start()) {
            for (String scheme : List.of("light", "dark")) {
                browser.driver()
                        .executeCdpCommand(
                                "Emulation.setEmulatedMedia",
                                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
                PageInBrowser.open(browser, server);
                browser.screenshot("page-" + scheme);
                // WCAG 2.2, 1.4.3: 4.5 to 1
                assertEquals(List.of(), browser.js("""
                        const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
                        const rgb = colour => {
                          canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
                          return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
                        };
                        const light = colour => rgb(colour).map(v => v / 255)
                            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
                        const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                        const style = getComputedStyle(document.documentElement);
                        const value = name => light(style.getPropertyValue(name));
                        const pairs = [];
                        for (const text of ['--ink', '--soft', '--accent', '--live', '--cut', '--bad', '--thought']) {
                          for (const ground of ['--paper', '--card', '--sunk']) pairs.push([text, ground]);
                        }
                        pairs.push(['--on-accent', '--accent']);
                        return pairs.filter(([a, b]) => contrast(value(a), value(b)) < 4.5).map(it => it.join(' on '))"""));
            }
        }
    }

    @ContainerTest
    void aStreamIsStartedAndStoppedByKeyboardAlone(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            browser.driver().findElement(By.tagName("body")).sendKeys(Keys.TAB, Keys.ENTER);
            assertEquals("#streams", browser.js("return location.hash"), "the first stop skips to the streams");
            focusByTab(browser, "#streams-form [type=submit]");
            active(browser, Keys.ENTER);
            browser.waitFor("Number(document.getElementById('streams-received').textContent) >= 2", LIMIT);
            focusByTab(browser, "#streams-stop");
            active(browser, Keys.SPACE);
            assertEquals("Stopped by you.", page.text("#streams-say"));
        }
    }

    @Test
    void withoutDemoModeThePageSaysHowToTurnItOnAndShowsNothingThatCannotWork() throws Exception {
        try (Server server = Server.start(Container.TOMCAT_11, Map.of("millrace.demo", "false"));
                Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            assertTrue(browser.driver().findElement(By.id("no-demo")).isDisplayed());
            assertFalse(browser.driver().findElement(By.id("hub-form")).isDisplayed());
            assertFalse(browser.driver().findElement(By.id("chat-form")).isDisplayed());
            assertTrue(page.text("footer").contains("Served by a servlet container"), page.text("footer"));
            for (String closed : List.of("/demo/figures", "/demo/ticker")) {
                HttpRequest request = HttpRequest.newBuilder(server.uri(closed)).build();
                assertEquals(
                        404,
                        HttpClient.newHttpClient()
                                .send(request, HttpResponse.BodyHandlers.ofString())
                                .statusCode(),
                        closed);
            }

            page.set("streams-n", 3);
            page.click("#streams-form [type=submit]");
            browser.waitFor("document.getElementById('streams-say').textContent.startsWith('Done')", LIMIT);
            assertEquals("3", page.text("#streams-received"));
            page.assertNothingWasBlockedOrThrown();
        }
    }

    private static void focusByTab(Browser browser, String selector) {
        for (int i = 0; i < 40; i++) {
            if ((boolean) browser.js("return document.activeElement.matches(arguments[0])", selector)) {
                return;
            }
            active(browser, Keys.TAB);
        }
        throw new AssertionError(selector + " cannot be reached by the Tab key");
    }

    private static void active(Browser browser, Keys key) {
        browser.driver().switchTo().activeElement().sendKeys(key);
    }
}
