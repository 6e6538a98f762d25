package millrace.topic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UrlPatternTest {

    private static final HubUrl HUB = HubUrl.of("https://hub.example/.well-known/mercure");

    /** What is not offered although JavaScript does, as the class says. */
    private static final Set<String> REFUSED = Set.of(
            "/(a(?=b).*)",
            "/(^a)",
            "/(a$)",
            "/(\\ba)",
            "/(\\p{L}+)",
            "/([a&&b])",
            "/([[a]b])",
            "/([a--b])",
            "/((?<n>a))",
            "/(\\1)",
            "/(\\cA)",
            "/(\\0)");

    @Test
    void urlsAreParsedAsJavaScriptParsesThem() throws IOException {
        JsonObject file = cases();
        Url base = Url.parse(file.getString("base"), null);
        List<String> wrong = new ArrayList<>();
        int count = 0;
        for (JsonObject one : file.getJsonArray("cases").getValuesAs(JsonObject.class)) {
            if (one.containsKey("url")) {
                count++;
                Url url = Url.parse(one.getString("url"), base);
                List<String> expected =
                        one.isNull("is") ? List.of() : one.getJsonArray("is").getValuesAs(JsonString::getString);
                List<String> actual = url == null
                        ? List.of()
                        : List.of(
                                url.scheme(),
                                url.username(),
                                url.password(),
                                url.hostOrEmpty(),
                                url.portOrEmpty(),
                                url.path(),
                                url.queryOrEmpty(),
                                url.fragmentOrEmpty());
                if (!expected.equals(actual)) {
                    wrong.add(one.getString("url") + "\n  expected " + expected + "\n  actual   " + actual);
                }
            }
        }
        assertTrue(count > 400, "cases were read");
        assertEquals("", String.join("\n", wrong));
    }

    @Test
    void patternsMatchWhatTheyMatchInJavaScript() throws IOException {
        JsonObject file = cases();
        HubUrl hub = HubUrl.of(file.getString("base"));
        List<Topic> topics = file.getJsonArray("topics").getValuesAs(JsonString.class).stream()
                .map(JsonString::getString)
                .map(Topic::of)
                .toList();
        List<String> wrong = new ArrayList<>();
        Set<String> refused = new TreeSet<>();
        int count = 0;
        for (JsonObject one : file.getJsonArray("cases").getValuesAs(JsonObject.class)) {
            if (one.containsKey("pattern")) {
                count++;
                String pattern = one.getString("pattern");
                String expected = one.get("is") == JsonValue.NULL ? "refused" : one.getString("is");
                String actual = results(pattern, hub, topics);
                if (actual.equals("refused") && !expected.equals("refused")) {
                    refused.add(pattern);
                } else if (!expected.equals(actual)) {
                    wrong.add(pattern + "\n" + difference(expected, actual, topics));
                }
            }
        }
        assertTrue(count > 700, "cases were read");
        assertEquals("", String.join("\n", wrong));
        assertEquals(new TreeSet<>(REFUSED), refused);
    }

    @Test
    void anUnparsableTopicIsNeverMatched() throws SelectorException {
        assertFalse(Selector.ofUrlPattern("https://*:*/*", HUB).matches("https://a b/"));
        assertFalse(Selector.ofUrlPattern("/*", HUB).matches("https://[::1"));
    }

    @Test
    void caseIsNotIgnored() throws SelectorException {
        assertFalse(Selector.ofUrlPattern("/Books/*", HUB).matches("/books/1"));
    }

    @Test
    void aStarSelectsEvenWhatIsNoUrl() throws SelectorException {
        assertTrue(Selector.ofUrlPattern("*", HUB).matches("https://a b/"));
    }

    @Test
    void relativePatternsAndTopicsAreResolvedAgainstTheHub() throws SelectorException {
        Selector relative = Selector.ofUrlPattern("/books/:id", HUB);
        assertTrue(relative.matches("/books/1"));
        assertTrue(relative.matches("https://hub.example/books/1"));
        assertFalse(relative.matches("https://other.example/books/1"));
        assertTrue(Selector.ofUrlPattern("https://hub.example/books/*", HUB).matches("../books/1"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/(",
                "/(?=a)",
                "/(a(?!b))",
                "/(a(?<=b))",
                "/(a(?<n>b))",
                "/(a\\1)",
                "/(^a)",
                "/(a$)",
                "/(\\Ba)",
                "/(a{1001})",
                "/:a/:a",
                "https://a:65536/",
                "/a}",
                "/(\\p{Lu})",
                "/([a&&b])",
                "https://straße.example/",
                "/\u200b",
                "/(a{9,2})"
            })
    void whatIsNotOfferedIsRefusedWithoutInternals(String pattern) {
        SelectorException refusal = assertThrows(SelectorException.class, () -> Selector.ofUrlPattern(pattern, HUB));
        assertFalse(String.valueOf(refusal.getMessage()).contains("millrace"), refusal.getMessage());
        assertTrue(String.valueOf(refusal.getMessage()).length() < 200, refusal.getMessage());
    }

    @Test
    void hostilePatternsAndTopicsTakeLinearTime() throws SelectorException {
        String topic = "/" + "a".repeat(8_000) + "!";
        for (String pattern : new String[] {
            "/((?:a+)+)",
            "/((?:a|a)*)",
            "/((?:(?:a*)*)*)b",
            "/" + "*a".repeat(50) + "b",
            "/{a}?{a}*{a}*{a}+c",
            "/(a{0,900})b"
        }) {
            Selector selector = Selector.ofUrlPattern(pattern, HUB);
            assertTimeout(Duration.ofSeconds(5), () -> assertFalse(selector.matches(topic)), pattern);
        }
    }

    @Test
    void patternsThatGrowWithoutBoundAreRefusedAtOnce() {
        for (String pattern : new String[] {
            "/(" + "(?:".repeat(10) + "a" + "{1000})".repeat(10) + ")",
            "/(" + "(?:".repeat(10) + "{1000})".repeat(10) + ")",
            "/(" + "(?:".repeat(60) + "a" + ")".repeat(60) + ")",
            "/" + "(a{900})".repeat(10)
        }) {
            assertTimeout(
                    Duration.ofSeconds(5),
                    () -> assertThrows(SelectorException.class, () -> Selector.ofUrlPattern(pattern, HUB)),
                    pattern);
        }
    }

    @Test
    void theIndexFindsWhatThePatternMatches() throws Exception {
        JsonObject file = cases();
        HubUrl hub = HubUrl.of(file.getString("base"));
        SelectorIndex<String> index = new SelectorIndex<>();
        List<Selector> selectors = new ArrayList<>();
        for (JsonObject one : file.getJsonArray("cases").getValuesAs(JsonObject.class)) {
            if (one.containsKey("pattern")) {
                try {
                    Selector selector = Selector.ofUrlPattern(one.getString("pattern"), hub);
                    selectors.add(selector);
                    index.add(selector.text(), List.of(selector));
                } catch (SelectorException refused) {
                    continue;
                }
            }
        }
        for (String text : file.getJsonArray("topics").getValuesAs(JsonString::getString)) {
            Topic topic = Topic.of(text);
            Set<String> expected = new TreeSet<>();
            selectors.stream()
                    .filter(selector -> selector.matches(topic))
                    .map(Selector::text)
                    .forEach(expected::add);
            Collection<String> found = new ArrayList<>();
            index.find(List.of(topic), found::add);
            assertEquals(expected, new TreeSet<>(found), text);
            assertEquals(expected.size(), found.size(), text);
        }
    }

    @Test
    void theHubsOwnPathIsReservedOnWhateverHostAndHoweverWritten() {
        for (String topic : new String[] {
            "https://hub.example/.well-known/mercure",
            "https://hub.example/.well-known/mercure/subscriptions/a/b",
            "http://other.example:81/.well-known/mercure/x",
            "/.well-known/mercure",
            "mercure",
            "mercure/subscriptions",
            "/a/../.well-known/./mercure/x",
            "/%2e/.well-known/mercure",
            "/.well%2Dknown/%6dercure",
            "\\.well-known\\mercure",
            "/.well-known/mercure?x#y",
            " /.well-known/mer\ncure ",
            "x://h/.well-known/mercure"
        }) {
            assertTrue(HUB.reserves(Topic.of(topic)), topic);
        }
        for (String topic : new String[] {
            "https://hub.example/.well-known/mercurey",
            "/x/.well-known/mercure",
            "/",
            "a",
            "https://a b/.well-known/mercure",
            "/?/.well-known/mercure"
        }) {
            assertFalse(HUB.reserves(Topic.of(topic)), topic);
        }
    }

    @Test
    void theHubsUrlIsAnAbsoluteHttpUrl() {
        for (String text : List.of("/x", "", "ftp://a/", "https://", "urn:x")) {
            assertThrows(IllegalArgumentException.class, () -> HubUrl.of(text), text);
        }
        assertEquals("http://a:81/b/c", HubUrl.of("http://A:81/b/./c").toString());
    }

    private static String results(String pattern, HubUrl hub, List<Topic> topics) {
        Selector selector;
        try {
            // not by way of Selector, for which * is more than a pattern
            selector = UrlPattern.parse(pattern, hub);
        } catch (SelectorException refused) {
            return "refused";
        }
        StringBuilder results = new StringBuilder();
        for (Topic topic : topics) {
            results.append(selector.matches(topic) ? '1' : '0');
        }
        return results.toString();
    }

    private static String difference(String expected, String actual, List<Topic> topics) {
        if (expected.equals("refused")) {
            return "  expected to be refused";
        }
        StringBuilder difference = new StringBuilder();
        for (int i = 0; i < topics.size(); i++) {
            if (expected.charAt(i) != actual.charAt(i)) {
                difference
                        .append("  expected ")
                        .append(expected.charAt(i))
                        .append(" for ")
                        .append(topics.get(i));
            }
        }
        return difference.toString();
    }

    private static JsonObject cases() throws IOException {
        try (InputStream in = Objects.requireNonNull(UrlPatternTest.class.getResourceAsStream("url-cases.json"))) {
            return Json.createReader(in).readObject();
        }
    }
}
