package millrace.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import millrace.log.Reader.Found;
import org.junit.jupiter.api.Test;

class LogTest {

    private final ByteBudget budget = new ByteBudget(1 << 20);

    /** Everything that was ever appended, one event a page; stands for a history. */
    private static final class Everything implements Archive {
        private final List<EncodedEvent> events = new ArrayList<>();
        long forgottenUpTo;

        synchronized void clear() {
            events.clear();
        }

        synchronized void add(EncodedEvent event) {
            events.add(event);
        }

        @Override
        public synchronized Answer after(long position, Runnable whenKnown) {
            if (position < forgottenUpTo) {
                return new Gap("event: gap\n\n".getBytes(UTF_8), forgottenUpTo);
            }
            for (EncodedEvent event : events) {
                if (event.position() > position) {
                    return new Events(new Page(1, event), event.position());
                }
            }
            throw new AssertionError("asked for what memory has: " + position);
        }
    }

    private final Everything everything = new Everything();

    private Log log(int maxEvents, long maxBytes, boolean keeps) {
        return new Log(budget, maxEvents, maxBytes, keeps, 0, everything);
    }

    private static EncodedEvent event(long position) {
        return new EncodedEvent((position + "\n").getBytes(UTF_8), position);
    }

    private void append(Log log, long from, long to) {
        for (long position = from; position <= to; position++) {
            EncodedEvent event = event(position);
            everything.add(event);
            log.append(event);
        }
    }

    private static String read(Reader reader) {
        StringBuilder text = new StringBuilder();
        while (reader.find() == Found.EVENTS) {
            text.append(new String(reader.bytes(), reader.from(), reader.length(), UTF_8));
            reader.advance();
        }
        return text.toString();
    }

    private static String numbers(long from, long to) {
        StringBuilder text = new StringBuilder();
        for (long i = from; i <= to; i++) {
            text.append(i).append('\n');
        }
        return text.toString();
    }

    private static Reader reader(Log log, long number) {
        return Reader.from(log, number, () -> {});
    }

    @Test
    void aReaderGetsEveryEventOnceAndInOrder() {
        Log log = log(10_000, 1 << 20, true);
        Reader reader = reader(log, 1);
        assertEquals(Found.NOTHING, reader.find());
        append(log, 1, 3);
        assertEquals(numbers(1, 3), read(reader));
        append(log, 4, 5000);
        assertEquals(numbers(4, 5000), read(reader));
        assertEquals(5001, reader.number());
        assertEquals(5000, reader.position());
        assertEquals(numbers(1234, 5000), read(reader(log, 1234)));
    }

    @Test
    void aLoneEventGoesOutAsItIsAndSeveralInOnePiece() {
        Log log = log(10_000, 1 << 20, true);
        EncodedEvent lone = event(1);
        log.append(lone);
        Reader reader = reader(log, 1);
        reader.find();
        assertSame(lone.bytes(), reader.bytes());
        reader.advance();
        append(log, 2, 100);
        assertEquals(Found.EVENTS, reader.find());
        assertEquals(99, reader.advance());
    }

    @Test
    void noPageIsLongerThanOneWriteUnlessItsOnlyEventIs() {
        Log log = log(10_000, 1 << 20, true);
        log.append(new EncodedEvent(new byte[100], 1));
        log.append(new EncodedEvent(new byte[20_000], 2));
        for (int i = 3; i < 500; i++) {
            log.append(new EncodedEvent(new byte[90], i));
        }
        Reader reader = reader(log, 1);
        List<Integer> lengths = new ArrayList<>();
        while (reader.find() == Found.EVENTS) {
            lengths.add(reader.length());
            reader.advance();
        }
        assertEquals(List.of(100, 20_000), lengths.subList(0, 2));
        assertTrue(lengths.stream().skip(2).allMatch(length -> length <= Page.MAX_BYTES), lengths.toString());
        assertEquals(2 + (497 + 87) / 88, lengths.size());
    }

    @Test
    void eventsThatAllHaveReadLeaveMemory() {
        Log log = log(10_000, 1 << 20, false);
        Reader one = reader(log, 1);
        append(log, 1, 700);
        assertEquals(numbers(1, 700), read(one));
        log.allHaveReadTo(one.number());
        assertEquals(0, log.heldBytes());
        assertEquals(0, budget.used());
        assertEquals(701, log.oldest());
        append(log, 701, 702);
        assertEquals(numbers(701, 702), read(one));
        assertEquals(numbers(701, 702), read(Reader.after(log, 700, () -> {})));
    }

    @Test
    void aFullLogLetsGoOfItsOldestAndItsReadersGoOnFromTheArchive() {
        Log log = log(32, 1 << 20, false);
        Reader slow = reader(log, 1);
        append(log, 1, 2);
        slow.find();
        assertEquals("1\n2\n".length(), slow.length());
        append(log, 3, 500);
        slow.advance(); // what it was writing is written
        assertEquals(numbers(3, 500), read(slow));
        assertEquals(501, slow.number());
        assertEquals(500, slow.position());
    }

    @Test
    void aReaderOfTheArchiveIsBehindAndComesBackIntoMemory() {
        Log log = log(32, 1 << 20, false);
        append(log, 1, 500);
        Reader reader = Reader.after(log, 10, () -> {});
        assertEquals(Found.EVENTS, reader.find());
        assertEquals(Reader.BEHIND, reader.number());
        assertEquals(numbers(11, 500), read(reader));
        assertEquals(501, reader.number());
        append(log, 501, 510);
        assertEquals(numbers(501, 510), read(reader));
    }

    @Test
    void aReaderBehindTheArchiveGetsAGapAndGoesOn() {
        Log log = log(32, 1 << 20, false);
        Reader reader = reader(log, 1);
        append(log, 1, 500);
        everything.forgottenUpTo = 100;
        assertEquals("event: gap\n\n" + numbers(101, 500), read(reader));
    }

    @Test
    void aLongPageOfTheArchiveIsReadInSeveralPieces() {
        List<EncodedEvent> events = new ArrayList<>();
        for (long position = 1; position <= 3000; position++) {
            events.add(event(position));
        }
        events.add(1500, new EncodedEvent(new byte[9000], 1500));
        Log log = new Log(
                budget, 16, 1 << 20, false, 3000, (position, whenKnown) -> new Archive.Events(Page.of(events), 3000));
        Reader reader = Reader.after(log, 10, () -> {});
        StringBuilder text = new StringBuilder();
        List<Integer> lengths = new ArrayList<>();
        while (reader.find() == Found.EVENTS) {
            lengths.add(reader.length());
            text.append(new String(reader.bytes(), reader.from(), reader.length(), UTF_8));
            reader.advance();
        }
        assertEquals(numbers(11, 3000), text.toString().replace("\0", ""));
        assertTrue(lengths.stream().filter(length -> length > Page.MAX_BYTES).count() <= 1, lengths.toString());
        assertEquals(3000, reader.position());
    }

    @Test
    void anArchiveThatMustLookLetsTheReaderWait() {
        List<Runnable> asked = new ArrayList<>();
        Log log = new Log(budget, 16, 1 << 20, false, 0, (position, whenKnown) -> {
            asked.add(whenKnown);
            return asked.size() < 2 ? new Archive.Later() : new Archive.Unreadable();
        });
        for (long position = 1; position <= 100; position++) {
            log.append(event(position));
        }
        List<String> woken = new ArrayList<>();
        Reader reader = Reader.after(log, 0, () -> woken.add("once"));
        assertEquals(Found.NOTHING, reader.find());
        assertEquals(Found.NOTHING, reader.find());
        assertEquals(1, asked.size(), "it asks once, however often it is woken");
        assertEquals(List.of(), woken);
        asked.getFirst().run();
        assertEquals(List.of("once"), woken);
        assertEquals(Found.UNREADABLE, reader.find());
    }

    @Test
    void aLogHoldsNoMoreThanItsBoundsButOneEventAlways() {
        Log log = log(3, 1 << 20, true);
        append(log, 1, 5);
        assertEquals(3, log.oldest());
        Log small = log(1000, 100, true);
        small.append(new EncodedEvent(new byte[5000], 1));
        assertEquals(1, small.oldest());
        small.append(new EncodedEvent(new byte[60], 2));
        small.append(new EncodedEvent(new byte[40], 3));
        assertEquals(2, small.oldest());
        assertEquals(100, small.heldBytes());
        small.append(new EncodedEvent(new byte[1], 4));
        assertEquals(3, small.oldest());
    }

    @Test
    void aLogLetsGoWhereAllLogsTogetherHoldTooMuch() {
        ByteBudget part = new ByteBudget(budget, 10_000);
        Log log = new Log(part, 100_000, 1 << 20, true, 0, everything);
        append(log, 1, 20_000);
        assertTrue(part.used() <= 20_000, "used " + part.used());
        assertEquals(part.used(), budget.used());
        log.discard();
        assertEquals(0, budget.used());
        assertEquals(log.next(), log.oldest());
    }

    @Test
    void afterTheEndWhatIsThereIsReadAndNothingIsAppended() throws Exception {
        Log log = log(100, 1 << 20, true);
        append(log, 1, 10);
        log.end(CloseReason.COMPLETED);
        log.end(CloseReason.FAILED);
        assertEquals(-1, log.append(event(11)));
        assertEquals(-1, log.appendPaced(event(11), () -> false));
        Reader reader = reader(log, 1);
        assertEquals(numbers(1, 10), read(reader));
        assertEquals(Found.END, reader.find());
        assertEquals(CloseReason.COMPLETED, log.ended());
        assertNull(log(1, 1, true).ended());
    }

    @Test
    void aPacedAppendWaitsForTheFastestReader() throws Exception {
        Log log = log(16, 1 << 20, false);
        Reader reader = reader(log, 1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Long> seventeenth = threads.submit(() -> {
                long last = 0;
                for (int i = 1; i <= 17; i++) {
                    last = log.appendPaced(event(i), () -> false);
                }
                return last;
            });
            while (log.next() < 17) {
                Thread.yield();
            }
            assertEquals(false, seventeenth.isDone());
            reader.find();
            reader.advance();
            log.allHaveReadTo(reader.number());
            assertEquals(17, seventeenth.get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void theEndWakesAProducerThatWaitsForRoom() throws Exception {
        Log log = log(1, 1 << 20, true);
        append(log, 1, 1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Long> waiting = threads.submit(() -> log.appendPaced(event(2), () -> false));
            log.end(CloseReason.STOPPED);
            assertEquals(-1, waiting.get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void manyReadersAtAnyPaceGetEverythingWhileItIsAppendedAndForgotten() throws Exception {
        int last = 20_000;
        Log log = new Log(budget, 2_000, 1 << 20, false, 0, everythingOfAppended(last));
        CountDownLatch begun = new CountDownLatch(1);
        try (var threads = Executors.newCachedThreadPool()) {
            List<Future<long[]>> readers = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                int seed = i;
                readers.add(threads.submit(() -> {
                    Random random = new Random(seed);
                    Reader reader = seed % 2 == 0 ? reader(log, 1) : Reader.after(log, 0, () -> {});
                    begun.await();
                    long[] sums = new long[2];
                    StringBuilder rest = new StringBuilder();
                    long expected = 1;
                    while (expected <= last) {
                        if (reader.find() != Found.EVENTS) {
                            Thread.yield();
                            continue;
                        }
                        rest.append(new String(reader.bytes(), reader.from(), reader.length(), UTF_8));
                        sums[0] += reader.advance();
                        for (int end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
                            assertEquals(Long.toString(expected++), rest.substring(0, end));
                            rest.delete(0, end + 1);
                        }
                        if (seed == 4) {
                            log.allHaveReadTo(
                                    reader.number() == Reader.BEHIND ? 0 : Math.min(reader.number(), log.next() - 500));
                        }
                        for (int spin = random.nextInt(seed * 500 + 1); spin > 0; spin--) {
                            Thread.onSpinWait();
                        }
                    }
                    return sums;
                }));
            }
            begun.countDown();
            for (long position = 1; position <= last; position++) {
                log.append(event(position));
            }
            for (Future<long[]> reader : readers) {
                assertEquals(last, reader.get(60, TimeUnit.SECONDS)[0]);
            }
        }
    }

    /** What all have read is let go of, and there are readers that nobody knew of in that moment. */
    @Test
    void aReaderThatComesWhileMemoryIsFreedMissesNothing() throws Exception {
        int last = 20_000;
        Log log = new Log(budget, 2_000, 1 << 20, false, 0, everythingOfAppended(last));
        try (var threads = Executors.newCachedThreadPool()) {
            List<Future<?>> readers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Random random = new Random(i);
                readers.add(threads.submit(() -> {
                    while (log.newestPosition() < last) {
                        long after = Math.max(0, log.newestPosition() + random.nextInt(20) - 10);
                        Reader reader = Reader.after(log, after, () -> {});
                        StringBuilder text = new StringBuilder();
                        for (int looks = random.nextInt(50); looks >= 0; looks--) {
                            if (reader.find() == Found.EVENTS) {
                                text.append(new String(reader.bytes(), reader.from(), reader.length(), UTF_8));
                                reader.advance();
                            }
                        }
                        if (!text.isEmpty()) {
                            assertEquals(numbers(after + 1, reader.position()), text.toString());
                        }
                    }
                }));
            }
            Random random = new Random(5);
            for (long position = 1; position <= last; position++) {
                log.append(event(position));
                if (random.nextInt(4) == 0) {
                    log.allHaveReadTo(log.next());
                }
            }
            for (Future<?> reader : readers) {
                reader.get(60, TimeUnit.SECONDS);
            }
        }
    }

    /** The history shows an event before the log has it. */
    @Test
    void aReaderThatIsAheadOfItsLogGetsNothingTwiceAndMissesNothing() {
        for (int letGoAfter = 0; letGoAfter <= 4; letGoAfter++) {
            everything.clear();
            Log log = log(32, 1 << 20, false);
            append(log, 1, 3);
            Reader reader = Reader.after(log, 5, () -> {});
            assertEquals(Found.NOTHING, reader.find());
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 5; i++) {
                append(log, 4 + i, 4 + i);
                if (i == letGoAfter) {
                    log.allHaveReadTo(log.next()); // where it stands nobody knew in that moment
                } else if (i % 2 == 0) {
                    text.append(read(reader));
                }
            }
            text.append(read(reader));
            assertEquals(numbers(6, 8), text.toString(), "let go after " + letGoAfter);
            assertEquals(9, reader.number());
        }
    }

    @Test
    void eventsPutBackAreFoundAgain() {
        Log log = log(64, 1 << 20, false); // four events a page
        append(log, 1, 2);
        Reader reader = reader(log, 1);
        assertEquals(Found.EVENTS, reader.find());
        reader.putBack();
        append(log, 3, 3);
        assertEquals(Found.EVENTS, reader.find());
        assertEquals("1\n2\n3\n".length(), reader.length());
        reader.putBack();
        append(log, 4, 500);
        assertEquals(numbers(1, 500), read(reader));
    }

    @Test
    void aPageOfTheArchiveThatIsForgottenUnderItsReaderIsAskedForAgain() {
        List<Page> given = new ArrayList<>();
        Log log = new Log(budget, 16, 1 << 20, false, 3, (position, whenKnown) -> {
            List<EncodedEvent> events = new ArrayList<>();
            for (long i = 1; i <= 3; i++) {
                events.add(new EncodedEvent(new byte[5000], i));
            }
            given.add(Page.of(events));
            return new Archive.Events(given.getLast(), 3);
        });
        Reader reader = Reader.after(log, 0, () -> {});
        int events = 0;
        for (int i = 1; i <= 3; i++) {
            assertEquals(Found.EVENTS, reader.find());
            reader.putBack();
            given.getLast().forget();
            assertEquals(Found.EVENTS, reader.find());
            events += reader.advance();
            assertEquals(i, reader.position());
            given.getLast().forget();
        }
        assertEquals(3, events);
        assertEquals(Found.NOTHING, reader.find());
        assertEquals(6, given.size(), "asked for again each time");
    }

    @Test
    void anEventOfManyLogsCountsOnceInTheBudgetUntilALogCopiesIt() {
        EncodedEvent event = new EncodedEvent(new byte[1000], 1);
        Log first = log(32, 1 << 20, false);
        first.append(event);
        long alone = budget.used();
        assertTrue(alone >= 1000 && alone < 1300, "used " + alone);
        Log second = log(32, 1 << 20, false);
        second.append(event);
        long overhead = alone - 1000;
        assertEquals(alone + overhead, budget.used());
        first.append(new EncodedEvent(new byte[10], 2));
        assertEquals(first.heldBytes() + 1000 + 2 * overhead, budget.used());
        first.allHaveReadTo(first.next());
        assertEquals(alone, budget.used());
        second.discard();
        assertEquals(0, budget.used());
    }

    private static Archive everythingOfAppended(int last) {
        return (position, whenKnown) -> position >= last
                ? new Archive.Later()
                : new Archive.Events(new Page(1, event(position + 1)), position + 1);
    }
}
