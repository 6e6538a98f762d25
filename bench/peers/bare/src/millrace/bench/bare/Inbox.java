package millrace.bench.bare;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/** A reader of a few among very many topics: each publish puts a reference into the inboxes of its readers. */
final class Inbox extends Reader {

    private final Queue<byte[]> events = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean queued = new AtomicBoolean();
    private final Map<String, List<Inbox>> topics;
    private final String[] wanted;

    Inbox(
            Drainer drainer,
            AsyncContext context,
            ServletOutputStream out,
            Map<String, List<Inbox>> topics,
            String... wanted) {
        super(drainer, context, out);
        this.topics = topics;
        this.wanted = wanted;
    }

    void enter() {
        for (String topic : wanted) {
            topics.computeIfAbsent(topic, key -> new CopyOnWriteArrayList<>()).add(this);
        }
    }

    void put(byte[] event) {
        events.add(event);
        if (queued.compareAndSet(false, true)) {
            drainer.woken(this);
        }
    }

    @Override
    byte[] next() {
        queued.set(false); // who puts after this look wakes the drainer again
        return events.peek();
    }

    @Override
    void advance() {
        events.poll();
    }

    @Override
    boolean isComplete() {
        return false;
    }

    @Override
    void leave() {
        for (String topic : wanted) {
            topics.getOrDefault(topic, List.of()).remove(this);
        }
    }
}
