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

/** The panel "Hub" in Chromium. */
@OnContainers({Container.TOMCAT_11, Container.JETTY_12_1})
class HubPanelIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @ContainerTest
    void eachPaneGetsWhatItsSelectorTakes(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = open(browser, server);
            publish(browser, page, "demo/orders/1", "one");
            publish(browser, page, "demo/orders/2", "two");
            publish(browser, page, "demo/elsewhere", "three");
            publish(browser, page, "demo/orders/1", "four");

            browser.waitFor(shown(1) + ".at(-1) === 'four' && " + shown(2) + ".at(-1) === 'four'", LIMIT);
            assertEquals(List.of("one", "four"), browser.js("return " + shown(1)));
            assertEquals(List.of("one", "two", "four"), browser.js("return " + shown(2)));
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void whatIsPublishedDuringACutArrivesAfterIt(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = open(browser, server);
            publish(browser, page, "demo/orders/1", "before");
            browser.waitFor(shown(1) + ".length === 1 && " + shown(2) + ".length === 1", LIMIT);

            page.click("#hub-scene");
            browser.waitFor(shown(1) + ".length >= 4 && " + shown(2) + ".length >= 4", LIMIT);

            for (int pane = 1; pane <= 2; pane++) {
                assertEquals(
                        List.of(
                                "before",
                                "Published while nobody was connected, 1 of 3",
                                "Published while nobody was connected, 2 of 3",
                                "Published while nobody was connected, 3 of 3"),
                        browser.js("return " + shown(pane)));
                assertEquals(
                        List.of(
                                "The connection was cut.",
                                "Back, with the last event id. What was published meanwhile follows."),
                        browser.js("return " + notes(pane)));
            }
            page.assertNothingWasBlockedOrThrown();
        }
    }

    /** To the hub it is a text that selects itself: without this the pane would say "live". */
    @ContainerTest
    void aMalformedTemplateIsToldInThePaneAndNotCalledLive(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = open(browser, server);
            browser.js("const pane = document.querySelectorAll('.pane')[1];"
                    + "pane.querySelector('input').value = 'demo/{'; pane.querySelector('form').requestSubmit();");
            assertEquals(
                    List.of("This is no URI template. The { at character 6 is never closed."),
                    browser.js("return " + notes(2)));
            assertEquals("refused", browser.js("return document.querySelectorAll('.pane .state')[1].textContent"));
            assertEquals("refused", page.text("#hub-tab .state"));

            browser.js("const pane = document.querySelectorAll('.pane')[1];"
                    + "pane.querySelector('input').value = 'demo/{id}'; pane.querySelector('form').requestSubmit();");
            browser.waitFor("document.querySelectorAll('.pane .state')[1].textContent === 'live'", LIMIT);
            publish(browser, page, "demo/news", "now it selects");
            browser.waitFor(shown(2) + ".at(-1) === 'now it selects'", LIMIT);
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void aLostHistoryIsToldInThePane(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = open(browser, server);
            page.click(".pane .from-the-past");
            browser.waitFor(notes(1) + ".length > 0", LIMIT);
            assertTrue(browser.js("return " + notes(1) + "[0]").toString().startsWith("Some history is gone:"));
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void whoIsThereIsShownAndFollowsWhoComes(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = open(browser, server);
            String mine = "[...document.querySelectorAll('#hub-presence li')].map(it => it.textContent)";
            browser.waitFor(mine + ".filter(it => it.includes('demo/orders/')).length >= 2", LIMIT);

            browser.js("window.third = new EventSource('.well-known/mercure?topic=' + arguments[0])", "demo%2Fthird");
            browser.waitFor(mine + ".some(it => it.includes('demo/third'))", LIMIT);
            browser.js("window.third.close()");
            // over HTTP/1.1 the next write finds out that a client is gone
            publish(browser, page, "demo/third", "is somebody there?");
            publish(browser, page, "demo/third", "is somebody there?");
            browser.waitFor("!" + mine + ".some(it => it.includes('demo/third'))", Duration.ofSeconds(60));
            page.assertNothingWasBlockedOrThrown();
        }
    }

    private static PageInBrowser open(Browser browser, Server server) {
        PageInBrowser page = PageInBrowser.open(browser, server);
        browser.js("document.getElementById('hub').scrollIntoView({behavior: 'instant'})");
        browser.waitFor(
                "document.querySelectorAll('.pane[data-state=open]').length === 2"
                        + " && document.getElementById('hub-say').dataset.state === 'open'",
                LIMIT);
        return page;
    }

    private static void publish(Browser browser, PageInBrowser page, String topic, String data) {
        page.set("hub-topic", topic);
        page.set("hub-data", data);
        browser.js("document.getElementById('hub-say').textContent = ''");
        page.click("#hub-form [type=submit]");
        browser.waitFor("document.getElementById('hub-say').textContent.startsWith('Published')", LIMIT);
    }

    private static String shown(int pane) {
        return "[...document.querySelectorAll('.pane:nth-child(" + pane + ") .event .data')].map(it => it.textContent)";
    }

    private static String notes(int pane) {
        return "[...document.querySelectorAll('.pane:nth-child(" + pane + ") .note')].map(it => it.textContent)";
    }
}
