package millrace.hub;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.LinkedList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import millrace.history.Bounds;
import millrace.history.History;
import millrace.history.MemoryHistory;
import millrace.history.Page;
import millrace.history.Retention;
import millrace.history.Sink;
import millrace.history.Stored;
import millrace.history.Update;

/**
 * A history whose test decides when an update that is durable reaches the channels, and what happens while somebody
 * reads a page.
 */
final class PlayedHistory implements History {

    private volatile MemoryHistory memory;
    private final Sink sink;
    private final LinkedList<Stored> waiting = new LinkedList<>();
    private boolean held;

    /** The sink cannot take what is appended now. */
    volatile boolean failing;

    /** Called with the number that is read on after, before the page is read. */
    volatile LongConsumer beforePage = after -> {};

    /** Called before an id is looked for. */
    volatile Runnable beforeFind = () -> {};

    /** Where appends wait until the end. */
    private final Queue<CompletableFuture<Stored>> stuck = new ArrayDeque<>();

    private boolean isStuck;

    PlayedHistory(Sink sink, int maxEvents) {
        this.sink = sink;
        this.memory = memory(maxEvents);
    }

    private MemoryHistory memory(int maxEvents) {
        return new MemoryHistory(
                new Retention(maxEvents, Long.MAX_VALUE, Duration.ZERO), InstantSource.system(), this::take);
    }

    /** As if it could be opened only now, and another process had appended these. */
    synchronized void openLate(Update... before) {
        MemoryHistory late = memory(1000);
        held = true;
        for (Update update : before) {
            late.append(update).join();
        }
        waiting.clear();
        held = false;
        sink.opened(late);
        memory = late;
    }

    /** From now on updates get their answer when this is closed: the first one that it is durable, the others none. */
    synchronized void getStuck() {
        isStuck = true;
    }

    private synchronized void take(Stored stored) {
        if (held) {
            waiting.add(stored);
        } else if (failing) {
            sink.accept(withoutBytes(stored));
        } else {
            sink.accept(stored);
        }
    }

    @SuppressWarnings("NullAway") // nobody can do anything with it
    private static Stored withoutBytes(Stored stored) {
        return new Stored(
                stored.sequence(), stored.timeMillis(), stored.id(), stored.topics(), stored.isPrivate(), null);
    }

    /** From now on updates are visible in pages before the channels get them. */
    synchronized void holdDelivery() {
        held = true;
    }

    /** What waits for delivery has these topics instead. */
    synchronized void replaceTopics(List<String> topics) {
        waiting.replaceAll(stored -> new Stored(
                stored.sequence(), stored.timeMillis(), stored.id(), topics, stored.isPrivate(), stored.event()));
    }

    synchronized void deliverHeld() {
        held = false;
        while (!waiting.isEmpty()) {
            sink.accept(waiting.remove());
        }
    }

    @Override
    public synchronized CompletableFuture<Stored> append(Update update) {
        if (isStuck) {
            CompletableFuture<Stored> never = new CompletableFuture<>();
            stuck.add(never);
            return never;
        }
        return memory.append(update);
    }

    @Override
    public Page after(long sequence, int maxEvents, long maxBytes) {
        beforePage.accept(sequence);
        return memory.after(sequence, maxEvents, maxBytes);
    }

    @Override
    public OptionalLong find(String id) {
        beforeFind.run();
        return memory.find(id);
    }

    @Override
    public Bounds bounds() {
        return memory.bounds();
    }

    @Override
    public byte[] secret() {
        return memory.secret();
    }

    @Override
    public Stats stats() {
        return memory.stats();
    }

    @Override
    public synchronized void close() {
        CompletableFuture<Stored> first = stuck.poll();
        if (first != null) {
            Update update = new Update("urn:durable", List.of("n"), false, null, "x", null);
            first.complete(memory.append(update).join());
            stuck.clear();
        }
        memory.close();
    }
}
