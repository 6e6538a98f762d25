package millrace.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import millrace.auth.Dialect;
import millrace.auth.Principal;
import millrace.auth.View;
import millrace.problem.ProblemException;
import millrace.stream.FormData;
import millrace.topic.HubUrl;
import millrace.topic.Selector;
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
    void aSubjectEntersAsOftenAsItMayAndAgainAfterItLeft() {
        var limit = new SubjectLimit(2);
        assertTrue(limit.enter("a"));
        assertTrue(limit.enter("a"));
        assertFalse(limit.enter("a"));
        assertTrue(limit.enter("b"));
        limit.leave("a");
        assertTrue(limit.enter("a"));
        assertFalse(limit.enter("a"));
    }

    private static final HubLimits LIMITS = new HubLimits(100, 4096, 100, 50);

    @Test
    void nobodyPublishesWherePresenceIsToldWhereverTheHubLies() throws Exception {
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
    void aPatternThatIsLargeCountsAsSeveral() throws Exception {
        HubUrl hub = HubUrl.of("https://example.com/.well-known/mercure");
        FormData small = FormData.parse("match_urlpattern=/:a&match_urlpattern=/b/:a");
        assertEquals(2, subscribe(small, hub, new HubLimits(1, 4096, 100, 2)).patternWeight());
        FormData large = FormData.parse("match_urlpattern=" + URLEncoder.encode("/([a-z]{0,900})", UTF_8));
        assertThrows(ProblemException.class, () -> subscribe(large, hub, new HubLimits(1, 4096, 100, 8)));
    }

    @Test
    void patternsOfAllOpenSubscriptionsCountTogetherAndTheSameOnesOnce() throws Exception {
        var limit = new PatternLimit(3);
        List<Selector> none = List.of(Selector.ofTemplate("/x"), Selector.everything());
        List<Selector> small = limit.enter(List.of(Selector.ofTemplate("/{x}"), Selector.ofTemplate("/x")));
        List<Selector> large = limit.enter(List.of(Selector.ofTemplate("{?a,b,c,d,e}")));
        assertNotNull(small);
        assertNotNull(large);
        assertNull(limit.enter(List.of(Selector.ofTemplate("/{y}"))), "1 and 2 are there");
        List<Selector> same = limit.enter(List.of(Selector.ofTemplate("/{x}"), Selector.ofTemplate("{?a,b,c,d,e}")));
        assertNotNull(same, "who asks for what is there adds nothing");
        assertSame(small.getFirst(), same.getFirst(), "and holds no pattern of its own");
        assertEquals(List.of(), limit.enter(none));
        limit.leave(small);
        limit.leave(large);
        assertNull(limit.enter(List.of(Selector.ofTemplate("/{y}"))), "one still has them");
        limit.leave(same);
        assertNotNull(limit.enter(List.of(Selector.ofTemplate("/{y}"), Selector.ofTemplate("/{z}"))));
        assertEquals(List.of(), limit.enter(none), "what is no pattern is not counted");
    }

    @Test
    void whatIsAskedForTenThousandTimesIsCompiledOnce() throws Exception {
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
    void whoHasLeftIsNotHeldInMemoryForItsPresence() throws Exception {
        assertEquals(1_000, remembered("small", 5));
        int large = remembered("x".repeat(4_000), 100);
        assertTrue(large < 20, large + " changes of 800 KB each are held");
    }

    /** Telling costs up to a hundred searches under the hub's order, for each who comes and each who goes. */
    @Test
    void nothingIsMadeForPresenceWhereNobodyMayBeToldOfIt() throws Exception {
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
            var subscriber = new Subscriber(null, subscription, selectors, principal); // its hub is not asked
            presence.add(subscriber);
            presence.remove(subscriber);
        }
        return presence.since(0).size();
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
