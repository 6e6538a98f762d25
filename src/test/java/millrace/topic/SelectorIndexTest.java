package millrace.topic;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
    void patternsAreWeighedByTheirStates() throws SelectorException {
        HubUrl hub = HubUrl.of("https://hub.example/.well-known/mercure");
        assertEquals(0, Selector.ofTemplate("/books/1").weight());
        assertEquals(1, Selector.ofTemplate("/books{/kind}{/id}{?page,size}").weight());
        assertEquals(2, Selector.ofTemplate("{?a,b,c,d,e}").weight());
        assertEquals(1, Selector.ofUrlPattern("/books/:id", hub).weight());
        assertEquals(1, Selector.ofUrlPattern("https://example.com/", hub).weight());
        Selector large = Selector.ofUrlPattern("/([a-z]{0,200}).([a-z]{0,200})?([a-z]{0,200})", hub);
        int weight = large.weight();
        assertTrue(weight >= 12 && weight <= 14, "it weighs " + weight);
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
