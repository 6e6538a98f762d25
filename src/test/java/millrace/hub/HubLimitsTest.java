package millrace.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URLEncoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import millrace.auth.Dialect;
import millrace.auth.Principal;
import millrace.auth.View;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.history.Update;
import millrace.problem.ProblemException;
import millrace.request.FormData;
import millrace.topic.HubUrl;
import millrace.topic.Selector;
import millrace.topic.SelectorIndex;
import millrace.topic.Topic;
import org.junit.jupiter.api.Test;

/** What keeps one publisher, one subject or a forger from more than it may have. */
class HubLimitsTest {

    private final AtomicLong now = new AtomicLong();

    @Test
    void tenSecondsWorthMayComeAtOnceAndThenTheRateHolds() {
        var rate = new PublishRate(2, now::get);
        for (int i = 0; i < 20; i++) {
            assertNull(rate.take("a"), "number " + i);
        }
        assertEquals(Duration.ofMillis(500), rate.take("a"));
        assertNull(rate.take("b"), "each has its own");
        now.addAndGet(Duration.ofMillis(400).toNanos());
        assertEquals(Duration.ofMillis(100), rate.take("a"));
        now.addAndGet(Duration.ofMillis(100).toNanos());
        assertNull(rate.take("a"));
        assertNotNull(rate.take("a"));
        now.addAndGet(Duration.ofHours(1).toNanos());
        for (int i = 0; i < 20; i++) {
            assertNull(rate.take("a"), "no more than ten seconds' worth, but that");
        }
        assertNotNull(rate.take("a"));
    }

    @Test
    void withoutARateThereIsNoLimit() {
        var rate = new PublishRate(0, now::get);
        for (int i = 0; i < 1_000; i++) {
            assertNull(rate.take("a"));
        }
    }

    @Test
    void aSubjectHasASubscriptionLimitAndLeavingMakesRoom() {
        var limit = new SubjectLimit(2);
        assertTrue(limit.enter("a"));
        assertTrue(limit.enter("a"));
        assertFalse(limit.enter("a"));
        assertTrue(limit.enter("b"));
        limit.leave("a");
        assertTrue(limit.enter("a"));
        assertFalse(limit.enter("a"));
    }

    private static final HubLimits LIMITS = new HubLimits(100, 4096, 8192, 100, 50);

    @Test
    void presenceTopicsAreReservedWhereverTheHubLies() throws Exception {
        for (String place : new String[] {"https://example.com/app/.well-known/mercure", "https://example.com/hub"}) {
            HubUrl hub = HubUrl.of(place);
            for (String topic : new String[] {
                place,
                Presence.ROOT + "/x/y",
                Presence.ROOT + "/../..", // fits the template …/subscriptions{/topic}{/subscriber}, and leads elsewhere
                Presence.ROOT + "/%2e%2e/%2E%2E",
                "https://elsewhere.example/.well-known/./%6dercure/subscriptions/x/y",
                hub.toString() + "/subscriptions/x/y"
            }) {
                FormData form = FormData.parse("topic=" + URLEncoder.encode(topic, UTF_8));
                ProblemException refused = assertThrows(
                        ProblemException.class, () -> PublishForm.parse(form, hub, LIMITS, Dialect.V1), topic);
                assertEquals(400, refused.problem().status());
            }
            PublishForm.parse(FormData.parse("topic=/.well-known/mercurex"), hub, LIMITS, Dialect.V1);
        }
    }

    @Test
    void oneSubscriptionHasOnlySoManyPatternsAndTheyMayNotBeTooComplexTogether() throws Exception {
        HubUrl hub = HubUrl.of("https://example.com/.well-known/mercure");
        FormData two = FormData.parse("match_urlpattern=/:a&match_urlpattern=/b/:a&match=c");
        assertEquals(
                3,
                subscribe(two, hub, new HubLimits(1, 4096, 8192, 100, 2))
                        .selectors()
                        .size());
        assertThrows(ProblemException.class, () -> subscribe(two, hub, new HubLimits(1, 4096, 8192, 100, 1)));
        StringBuilder complex = new StringBuilder();
        for (int i = 0; i < 50; i++) {
            String dear = "/" + i + "(.{0,60})(.{0,60})(.{0,60})";
            int work = Selector.ofUrlPattern(dear, hub).work();
            assertTrue(work > 20_000, "the test needs a dear one: " + work);
            complex.append("&match_urlpattern=").append(URLEncoder.encode(dear, UTF_8));
        }
        assertThrows(ProblemException.class, () -> subscribe(FormData.parse(complex.substring(1)), hub, LIMITS));
    }

    // ---- what the selectors of all may cost ----

    private static SelectorBudget budget(long bytes, int patterns, int reach, int share) {
        return new SelectorBudget(new SelectorBudget.Limits(bytes, patterns, reach), share, 0);
    }

    @Test
    void patternsOfAllOpenSubscriptionsCountTogetherAndTheSameOnesOnce() throws Exception {
        var budget = budget(1 << 20, 2, 10, 100);
        List<Selector> none = List.of(Selector.ofTemplate("/x"), Selector.everything());
        var one = entered(budget, "a", Selector.ofTemplate("/{x}"), Selector.ofTemplate("/x"));
        var two = entered(budget, "b", Selector.ofTemplate("{?a,b}"));
        assertEquals(SelectorBudget.Refused.ALL_IS_USED, budget.enter("b", List.of(Selector.ofTemplate("/{y}"))));
        var same = entered(budget, "c", Selector.ofTemplate("/{x}"), Selector.ofTemplate("{?a,b}"));
        assertSame(one.selectors().getFirst(), same.selectors().getFirst(), "and holds no pattern of its own");
        budget.leave(one);
        budget.leave(two);
        assertEquals(
                SelectorBudget.Refused.ALL_IS_USED,
                budget.enter("b", List.of(Selector.ofTemplate("/{y}"))),
                "one still has them");
        budget.leave(same);
        var more = entered(budget, "a", Selector.ofTemplate("/{y}"), Selector.ofTemplate("/{z}"));
        var unlimited = (SelectorBudget.Entered) budget.enter("a", none);
        budget.leave(more);
        budget.leave(unlimited);
        assertEquals(0, budget.bytes());
    }

    /** However it is refused: what was counted for it until then is given back. */
    @Test
    void whatIsRefusedIsNotCounted() throws Exception {
        var budget = budget(20_000, 3, 2, 100);
        for (int i = 0; i < 1_000; i++) {
            assertEquals(
                    SelectorBudget.Refused.SHARE_IS_USED,
                    budget.enter("a", List.of(Selector.ofExact("x"), Selector.ofExact("x".repeat(20_000)))));
            assertEquals(
                    SelectorBudget.Refused.SHARE_IS_USED,
                    budget.enter(
                            "a",
                            List.of(
                                    Selector.ofTemplate("{x}"),
                                    Selector.ofTemplate("/{x}"),
                                    Selector.ofTemplate("/a/{x}"))),
                    "three meet");
        }
        assertEquals(0, budget.bytes());
        entered(budget, "a", Selector.ofTemplate("/{x}"), Selector.ofTemplate("/a/{x}"), Selector.ofTemplate("b{x}"));
    }

    @Test
    void oneClientCannotUseUpTheLimitOfAll() throws Exception {
        var budget = budget(1 << 20, 100, 100, 25);
        for (int i = 0; i < 25; i++) {
            entered(budget, "hostile", Selector.ofTemplate("{x" + i + "}"));
        }
        assertEquals(
                SelectorBudget.Refused.SHARE_IS_USED, budget.enter("hostile", List.of(Selector.ofTemplate("{y}"))));
        entered(budget, "another", Selector.ofTemplate("{y}"));
        var bytes = budget(400_000, 100, 100, 25);
        int opened = 0;
        while (bytes.enter("hostile", List.of(Selector.ofExact(opened + "x".repeat(4_000))))
                instanceof SelectorBudget.Entered) {
            opened++;
        }
        assertTrue(opened > 5 && opened < 25, opened + " of 8 KB fit into 100 KB");
        entered(bytes, "another", Selector.ofExact("x".repeat(4_000)));
    }

    private static SelectorBudget.Entered entered(SelectorBudget budget, String client, Selector... selectors) {
        return assertInstanceOf(SelectorBudget.Entered.class, budget.enter(client, List.of(selectors)));
    }

    /**
     * The most that an update can cost with the default settings, in looks (a look takes about 3 ns): as many patterns of
     * either kind as one topic may meet, each tried on everything to its end.
     */
    @Test
    void theDearestUpdateTakesFewLooks() throws Exception {
        HubUrl hub = HubUrl.of("https://a-hub-with-a-long-name.example.com/.well-known/mercure");
        SelectorIndex<Integer> index = new SelectorIndex<>();
        int reached = DEFAULTS.get(Settings.HUB_MAX_PATTERNS_REACHED);
        var budget =
                new SelectorBudget(SelectorBudget.Limits.of(DEFAULTS), DEFAULTS.get(Settings.HUB_CLIENT_SHARE), 50);
        List<Function<Integer, String>> hostile = List.of(
                i -> "topic=" + URLEncoder.encode("{+v}".repeat(99) + "{+w" + i + "}", UTF_8),
                i -> "match_urlpattern=" + URLEncoder.encode("*:a" + i + "://*:*/*?*#*", UTF_8));
        // beginnings of every length, which no topic has: they cost one of the patterns that a topic may meet, and each
        // length is looked for
        for (int i = 3; i <= 256; i++) {
            String beginning = "%03d".formatted(i) + "b".repeat(i - 3);
            var form = subscribe(
                    FormData.parse("topic=" + beginning + URLEncoder.encode("{x}", UTF_8) + "&match_urlpattern=/"
                            + beginning + "*"),
                    hub,
                    HubLimits.of(DEFAULTS));
            var entered = assertInstanceOf(SelectorBudget.Entered.class, budget.enter("client " + i, form.selectors()));
            index.add(-i, entered.selectors());
        }
        for (Function<Integer, String> kind : hostile) {
            int subscribers = 0;
            for (int i = 0; i < 4 * reached; i++) {
                var form = subscribe(FormData.parse(kind.apply(i)), hub, HubLimits.of(DEFAULTS));
                if (budget.enter("client " + i % 40, form.selectors()) instanceof SelectorBudget.Entered entered) {
                    index.add(i, entered.selectors());
                    subscribers++;
                }
            }
            assertEquals(reached - 1, subscribers);
        }
        int length = DEFAULTS.get(Settings.HUB_MAX_TOPICS_LENGTH);
        long bound = 2L * length * reached + 2L * length;
        long most = 0;
        for (String beginning : List.of("https://a/", "a", "/a", "//a/", "a:", "https://a/\u00fc")) {
            for (int count : new int[] {2, 3, 10, 32, DEFAULTS.get(Settings.HUB_MAX_TOPICS)}) {
                most = Math.max(most, looksOfTheLongest(beginning, count, hub, index));
            }
        }
        assertTrue(most > bound * 0.97, "the test is not hostile enough: " + most + " of " + bound);
        assertTrue(most <= bound, "it took " + most + " looks");
        assertTrue(most <= 1_100_000, "it took " + most + " looks");
    }

    /** Of an update with so many topics that begin so, and are together as long as they may be. */
    private static long looksOfTheLongest(String beginning, int topics, HubUrl hub, SelectorIndex<Integer> index)
            throws Exception {
        int each = DEFAULTS.get(Settings.HUB_MAX_TOPICS_LENGTH) / topics;
        StringBuilder publish = new StringBuilder();
        for (int i = 0; i < topics; i++) {
            String end = Integer.toString(1_000 + i);
            int more = each - Topic.of(beginning + end).matchedLength(hub);
            assertTrue(more >= 0, beginning + " with what it inherits is too long for " + topics);
            publish.append("&topic=").append(URLEncoder.encode(beginning + "a".repeat(more) + end, UTF_8));
        }
        Update update =
                PublishForm.parse(FormData.parse(publish.substring(1)), hub, HubLimits.of(DEFAULTS), Dialect.V1);
        return index.find(Hub.topics(update.topics()), found -> {});
    }

    /** What a relative topic takes over from the hub's URL is tried on URL Patterns, too. */
    @Test
    void relativeTopicsCountAsWholeUrls() throws Exception {
        StringBuilder hundred = new StringBuilder("topic=a0");
        for (int i = 1; i < 100; i++) {
            hundred.append("&topic=a").append(i);
        }
        HubUrl near = HubUrl.of("https://example.com/.well-known/mercure");
        PublishForm.parse(FormData.parse(hundred.toString()), near, LIMITS, Dialect.V1);
        HubUrl far = HubUrl.of("https://" + "label.".repeat(20) + "example.com/.well-known/mercure");
        assertThrows(
                ProblemException.class,
                () -> PublishForm.parse(FormData.parse(hundred.toString()), far, LIMITS, Dialect.V1));
    }

    /** As many connections as a small server has, each with the dearest subscription it gets. */
    @Test
    void theDearestSubscriptionsOfFiveThousandConnectionsFitIntoMemory() throws Exception {
        HubUrl hub = HubUrl.of("https://example.com/.well-known/mercure");
        var limits = SelectorBudget.Limits.of(DEFAULTS);
        var budget = new SelectorBudget(limits, DEFAULTS.get(Settings.HUB_CLIENT_SHARE), 50);
        int refused = 0;
        for (int i = 0; i < 5_000; i++) {
            StringBuilder form = new StringBuilder("topic=" + i);
            for (int k = 0; k < 99 && i % 50 == 0 || k < 2; k++) {
                form.append("&topic=").append(i).append('-').append(k).append("x".repeat(4_000));
            }
            var asked = subscribe(FormData.parse(form.toString()), hub, HubLimits.of(DEFAULTS));
            refused += budget.enter("client " + i % 100, asked.selectors()) instanceof SelectorBudget.Refused ? 1 : 0;
            assertTrue(budget.bytes() <= limits.bytes(), "they take " + budget.bytes());
        }
        assertTrue(refused > 100, "the test asks for too little: " + refused + " were refused");
        assertEquals(64 << 20, limits.bytes());
    }

    @Test
    void topicsOfOneUpdateAreLimitedTogetherAsTheyAreMatched() throws Exception {
        HubUrl hub = HubUrl.of("https://example.com/.well-known/mercure");
        FormData ascii = FormData.parse("topic=" + "a".repeat(4_050) + "&topic=" + "b".repeat(4_050));
        assertEquals(
                2, PublishForm.parse(ascii, hub, LIMITS, Dialect.V1).topics().size());
        FormData oneMore = FormData.parse("topic=" + "a".repeat(4_050) + "&topic=" + "b".repeat(4_050) + "&topic=c");
        assertThrows(ProblemException.class, () -> PublishForm.parse(oneMore, hub, LIMITS, Dialect.V1));
        FormData encoded = FormData.parse("topic=" + URLEncoder.encode("ü".repeat(2_000), UTF_8));
        assertThrows(ProblemException.class, () -> PublishForm.parse(encoded, hub, LIMITS, Dialect.V1));
    }

    /** RFC 9110, section 5.5: a header's value is stripped, so such an id would come back as another one. */
    @Test
    void anIdThatAHeaderCannotCarryIsRefused() throws Exception {
        HubUrl hub = HubUrl.of("https://example.com/.well-known/mercure");
        for (String id : List.of(
                " a",
                "a ",
                " ",
                "a\t",
                "\ta",
                "a\u0000",
                "a\u0001b",
                "a\u007f",
                "a\u0085b",
                "a\u009f",
                "\ufeffa",
                "a\nb",
                "a\u200e",
                "#a",
                "earliest")) {
            FormData form = FormData.parse("topic=t&id=" + URLEncoder.encode(id, UTF_8));
            assertThrows(
                    ProblemException.class, () -> PublishForm.parse(form, hub, LIMITS, Dialect.V1), "'" + id + "'");
        }
        for (String id :
                List.of("a b", "ü", "日本", "😀", "\u00a0a\u00a0", "\u3000", "\"a\"", "%20", "a,b;c=d", "é\u0301")) {
            FormData form = FormData.parse("topic=t&id=" + URLEncoder.encode(id, UTF_8));
            assertEquals(id, PublishForm.parse(form, hub, LIMITS, Dialect.V1).id());
        }
    }

    private static final Config DEFAULTS = Config.load(new Properties(), Map.of(), Map.of());

    @Test
    void aPatternOfTenThousandSubscribersIsCompiledOnce() throws Exception {
        HubUrl hub = HubUrl.of("https://example.com/.well-known/mercure");
        String large = "match_urlpattern=" + URLEncoder.encode("/([a-z]{0,900})", UTF_8);
        FormData form = FormData.parse((large + "&").repeat(9_999) + large);
        var form1 = FormData.parse(large);
        subscribe(form1, hub, LIMITS); // warm
        long begin = System.nanoTime();
        assertEquals(1, subscribe(form, hub, LIMITS).selectors().size());
        long many = System.nanoTime() - begin;
        assertTrue(many < Duration.ofMillis(500).toNanos(), "it took " + many / 1_000_000 + " ms");
    }

    private static SubscribeForm subscribe(FormData form, HubUrl hub, HubLimits limits) throws ProblemException {
        return SubscribeForm.parse(form, FormData.empty(), null, hub, limits, EnumSet.allOf(Dialect.class));
    }

    @Test
    void presenceHoldsNoSubscriberThatHasLeft() throws Exception {
        assertEquals(1_000, remembered("small", 5));
        int large = remembered("x".repeat(4_000), 100);
        assertTrue(large < 20, large + " changes of 800 KB each are held");
    }

    /** Telling costs up to a hundred searches under the hub's order, for each who comes and each who goes. */
    @Test
    void presenceCostsNothingWhereNobodyMaySeeIt() throws Exception {
        String told = Presence.ROOT + "{/topic}{/subscriber}";
        assertTrue(reachesPresence(told, told));
        assertTrue(reachesPresence("*", "*"));
        assertTrue(reachesPresence("{+anything}", Presence.ROOT + "/a/urn%3Auuid%3A1"));
        assertFalse(reachesPresence("*", "news/{id}"), "asks for something else");
        assertFalse(reachesPresence("users/7", "*"), "may not see it");
        assertFalse(new Subscription(Set.of(Selector.everything()), View.PUBLIC, Dialect.V0).reachesPresence());
    }

    private static boolean reachesPresence(String grant, String selector) throws Exception {
        View view = new View(Set.of(Selector.ofTemplate("other"), Selector.ofTemplate(grant)));
        return new Subscription(Set.of(Selector.ofTemplate(selector)), view, Dialect.V0).reachesPresence();
    }

    private static int remembered(String text, int count) throws Exception {
        List<Selector> selectors = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            selectors.add(Selector.ofExact(text + i));
        }
        var subscription = new Subscription(Set.copyOf(selectors), View.PUBLIC, Dialect.V1);
        var principal = new Principal("a", Dialect.V1, true, List.of(), null, null);
        var presence = new Presence();
        for (int i = 0; i < 500; i++) {
            var subscriber = new Subscriber(null, subscription, selectors, principal, false); // its hub is not asked
            presence.add(subscriber);
            presence.remove(subscriber);
        }
        presence.told(presence.changes(), 7);
        return presence.toldBetween(6, Long.MAX_VALUE).size();
    }

    @Test
    void aCursorIsReadByItsOwnKeyOnly() {
        byte[] key = "sixteen bytes --".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        byte[] other = "sixteen others -".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        var cursors = new Cursors(key);
        for (long sequence : new long[] {0, 1, 1_234_567_890_123L, Long.MAX_VALUE}) {
            String cursor = cursors.of(sequence);
            assertTrue(cursor.matches("#[A-Za-z0-9_-]{22}"), cursor);
            assertEquals(OptionalLong.of(sequence), new Cursors(key).sequence(cursor));
            assertEquals(OptionalLong.empty(), new Cursors(other).sequence(cursor));
        }
        for (String forged : new String[] {null, "", "#", "#AAAAAAAAAAAAAAAAAAAAAA", "#!!!!!!!!!!!!!!!!!!!!!!", "#é"}) {
            assertEquals(OptionalLong.empty(), cursors.sequence(forged));
        }
    }
}
