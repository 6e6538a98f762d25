package millrace.topic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SelectorIndexTest {

    private final SelectorIndex<String> index = new SelectorIndex<>();

    @Test
    void whoSelectedATopicInAnyWayIsFoundOnce() throws SelectorException {
        index.add("all", selectors("*"));
        index.add("exact", selectors("/books/1"));
        index.add("template", selectors("/books/{id}"));
        index.add("many", selectors("*", "/books/1", "/books/{id}", "/{+path}", "{a}", "/other"));
        index.add("other", selectors("/other", "/books/{id}/pages"));
        assertEquals(List.of("all", "exact", "many", "template"), found("/books/1"));
    }

    @Test
    void whoSelectedSeveralTopicsOfAnUpdateIsFoundOnce() throws SelectorException {
        index.add("both", selectors("/a", "/b"));
        index.add("one", selectors("/b"));
        index.add("none", selectors("/c"));
        assertEquals(List.of("both", "one"), found("/a", "/b"));
    }

    @Test
    void aPatternTakesOneLookForEachCharacterHoweverItIsWritten() throws SelectorException {
        HubUrl hub = HubUrl.of("https://hub.example/.well-known/mercure");
        String topic = "/" + "a".repeat(4_000);
        for (Selector pattern : List.of(
                Selector.ofTemplate("{+a}"),
                Selector.ofTemplate("{+v}".repeat(100)),
                Selector.ofTemplate("{/a,b,c,d,e}{?a,b,c,d,e}"),
                Selector.ofUrlPattern("/*", hub),
                Selector.ofUrlPattern("/(a*)(a*)(a*)b?", hub))) {
            int looks = Math.abs(pattern.walk(Topic.of(topic)));
            assertTrue(looks <= topic.length() + 8, pattern + " took " + looks);
        }
    }

    /** A table may need exponentially many states: who asks for that is refused, and soon. */
    @Test
    void aPatternThatIsTooComplexForATableIsRefused() {
        HubUrl hub = HubUrl.of("https://hub.example/.well-known/mercure");
        assertThrows(SelectorException.class, () -> Selector.ofUrlPattern("/([ab]*a[ab]{20})", hub));
        assertThrows(SelectorException.class, () -> Selector.ofTemplate("{x:200}"));
    }

    @Test
    void whatIsNoPatternIsNotTried() throws SelectorException {
        assertFalse(Selector.ofTemplate("/books/1").isPattern());
        assertFalse(Selector.ofTemplate("*").isPattern());
        assertTrue(Selector.ofTemplate("/books/{id}").isPattern());
        index.add("a", selectors("/books/1", "*"));
        assertEquals(0, index.find(List.of(Topic.of("/books/1")), found -> {}));
    }

    @Test
    void aTopicIsTriedOnThePatternsThatBeginLikeItAndOnNoOther() throws SelectorException {
        for (int i = 0; i < 1_000; i++) {
            index.add("s" + i, selectors("/users/" + i + "/{x}"));
        }
        assertEquals(List.of("s7"), found("/users/7/mail"));
        long looks = index.find(List.of(Topic.of("/users/7/mail")), found -> {});
        assertTrue(looks <= 14, "took " + looks);
    }

    /** Literal beginnings are told apart by their first characters only; what they select is not changed by that. */
    @Test
    void longLiteralBeginningsSelectWhatTheySay() throws SelectorException {
        String beginning = "/" + "b".repeat(300);
        index.add("one", selectors(beginning + "1/{x}"));
        index.add("two", selectors(beginning + "2/{x}"));
        index.add("short", selectors("/{x}"));
        assertEquals(List.of("one"), found(beginning + "1/x"));
        assertEquals(List.of("short"), found(beginning));
        index.remove("one", selectors(beginning + "1/{x}"));
        assertEquals(List.of(), found(beginning + "1/x"));
        assertEquals(List.of("two"), found(beginning + "2/x"));
    }

    /** Against counting for each of many topics which patterns begin like it. */
    @Test
    void theReachIsTheMostPatternsThatOneTopicCanMeet() throws SelectorException {
        Random random = new Random(11);
        for (int round = 0; round < 200; round++) {
            PatternReach reach = new PatternReach();
            List<String> held = new ArrayList<>();
            for (int step = 0; step < 30; step++) {
                String prefix = "ab".repeat(3).substring(0, random.nextInt(4))
                        + "ba".repeat(3).substring(0, random.nextInt(3));
                if (random.nextInt(3) == 0 && !held.isEmpty()) {
                    reach.remove(Selector.ofTemplate(held.remove(random.nextInt(held.size()))));
                } else {
                    held.add(prefix + "{x}");
                    int most = 0;
                    for (String other : held) {
                        String topic = other.substring(0, other.length() - 3);
                        if (topic.startsWith(prefix)) {
                            int meet = (int) held.stream()
                                    .filter(it -> topic.startsWith(it.substring(0, it.length() - 3)))
                                    .count();
                            most = Math.max(most, meet);
                        }
                    }
                    assertEquals(most, reach.add(Selector.ofTemplate(prefix + "{x}")), held + " after " + prefix);
                }
            }
        }
    }

    @Test
    void whoIsRemovedIsNotFound() throws SelectorException {
        List<Selector> selectors = selectors("*", "/a", "/{x}");
        for (int i = 0; i < 10; i++) {
            index.add("s" + i, selectors);
        }
        assertEquals(10, found("/a").size());
        for (int i = 0; i < 10; i++) {
            index.remove("s" + i, selectors);
            assertEquals(9 - i, found("/a").size());
        }
        assertEquals(0, index.distinctTopics());
        assertEquals(0, index.distinctPatterns());
    }

    @Test
    void equalPatternsCountOnce() throws SelectorException {
        index.add("a", selectors("/x/{id}", "/y/{id}", "/exact"));
        index.add("b", selectors("/x/{id}"));
        assertEquals(2, index.distinctPatterns());
        index.remove("a", selectors("/x/{id}", "/y/{id}", "/exact"));
        assertEquals(1, index.distinctPatterns());
    }

    @Test
    void addingOrRemovingTwiceChangesNothing() throws SelectorException {
        index.add("a", selectors("/x", "/{x}"));
        index.add("a", selectors("/x", "/{x}"));
        assertEquals(List.of("a"), found("/x"));
        index.remove("a", selectors("/x", "/{x}"));
        index.remove("a", selectors("/x", "/{x}"));
        assertEquals(List.of(), found("/x"));
        assertEquals(0, index.distinctPatterns());
    }

    @Test
    void anUpdateFindsWhatAPlainSearchFinds() throws SelectorException {
        Random random = new Random(42);
        String[] pieces = {"a", "b", "ab", "/", "{x}", "{+x}", "é", "/a", "{/x}"};
        List<List<Selector>> all = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            List<Selector> some = new ArrayList<>();
            for (int k = 0; k <= random.nextInt(3); k++) {
                some.add(Selector.ofTemplate(text(random, pieces, 5)));
            }
            all.add(some);
            index.add("s" + i, some);
        }
        String[] topicPieces = {"a", "b", "ab", "/", "é", "%41", "{x}"};
        for (int i = 0; i < 2_000; i++) {
            String topic = text(random, topicPieces, 6);
            Set<String> expected = new HashSet<>();
            for (int k = 0; k < all.size(); k++) {
                if (all.get(k).stream().anyMatch(selector -> selector.matches(topic))) {
                    expected.add("s" + k);
                }
            }
            List<String> found = found(topic);
            assertEquals(expected, new HashSet<>(found), topic);
            assertEquals(expected.size(), found.size(), "each once: " + topic);
        }
    }

    @Test
    void whoSelectsATopicReachesBelowEveryBeginningOfItsPath() throws SelectorException {
        HubUrl hub = HubUrl.of("https://hub.example/.well-known/mercure");
        Random random = new Random(7);
        String[] pieces = {"/hub", "/", "a", "{x}", "{/x}", "{+x}", "é", "%41", "*", ":y"};
        int selected = 0;
        int refused = 0;
        for (int i = 0; i < 5_000; i++) {
            String text = text(random, pieces, 4);
            Selector selector;
            try {
                selector = random.nextBoolean() ? Selector.ofTemplate(text) : Selector.ofUrlPattern(text, hub);
            } catch (SelectorException noPattern) {
                continue;
            }
            String topic = "/hub/" + text(random, new String[] {"a", "/", "%41", "x", "../"}, 3);
            boolean reaches = selector.reachesBelow("/hub/");
            if (selector.matches(topic) && Url.parse(topic, hub.url()).path().startsWith("/hub/")) {
                selected++;
                assertTrue(reaches, selector + " selects " + topic);
            }
            refused += reaches ? 0 : 1;
        }
        assertTrue(selected > 200 && refused > 200, selected + " selected, " + refused + " did not reach");
    }

    @Test
    void whoStaysIsFoundWhileOthersComeAndGo() throws Exception {
        List<Selector> selectors = selectors("/t", "/{x}", "*");
        index.add("stays", selectors);
        AtomicBoolean stop = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            String name = "guest" + i;
            threads.add(Thread.ofPlatform().start(() -> {
                while (!stop.get()) {
                    for (int k = 0; k < 10; k++) {
                        index.add(name + k, selectors);
                    }
                    for (int k = 0; k < 10; k++) {
                        index.remove(name + k, selectors);
                    }
                }
            }));
        }
        try {
            for (int i = 0; i < 5_000; i++) {
                assertEquals(1, found("/t").stream().filter("stays"::equals).count());
            }
        } finally {
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertEquals(List.of("stays"), found("/t"));
        assertEquals(1, index.distinctPatterns());
    }

    private static String text(Random random, String[] pieces, int most) {
        StringBuilder text = new StringBuilder("/");
        for (int i = random.nextInt(most); i >= 0; i--) {
            text.append(pieces[random.nextInt(pieces.length)]);
        }
        return text.toString();
    }

    private static List<Selector> selectors(String... texts) throws SelectorException {
        List<Selector> selectors = new ArrayList<>();
        for (String text : texts) {
            selectors.add(Selector.ofTemplate(text));
        }
        return selectors;
    }

    private List<String> found(String... topics) {
        List<String> found = new ArrayList<>();
        index.find(Stream.of(topics).map(Topic::of).toList(), found::add);
        found.sort(null);
        return found;
    }
}
