package millrace.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
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
