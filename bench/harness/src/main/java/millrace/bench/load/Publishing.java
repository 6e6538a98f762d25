package millrace.bench.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** All publishing connections of a run, and a thread for each. */
final class Publishing {

    /** How many events of each source were published. */
    final AtomicIntegerArray sent;

    private final Publisher.Schedule schedule;
    private final List<Publisher> publishers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    /** @param sources a multiple of the number of publishers, if there are several */
    Publishing(InetSocketAddress server, int publishers, int sources, double rate, Publisher.Form form)
            throws IOException {
        sent = new AtomicIntegerArray(sources);
        schedule = new Publisher.Schedule(rate);
        for (int i = 0; i < publishers; i++) {
            this.publishers.add(new Publisher(i, publishers, schedule, server, form, sent));
        }
    }

    void start() {
        schedule.start = System.nanoTime() + 1_000_000;
        for (Publisher publisher : publishers) {
            threads.add(Thread.ofPlatform().name("publisher").start(publisher));
        }
    }

    /** Waits for the last answers, until then at most; returns how many publishers have none even then. */
    long stop(long until) throws InterruptedException {
        schedule.stopping = true;
        for (Thread thread : threads) {
            thread.join(Duration.ofNanos(Math.max(1_000_000, until - System.nanoTime())));
        }
        return threads.stream().filter(Thread::isAlive).count();
    }

    /** The first connection, for its owner to publish by himself before {@link #start}. */
    Publisher first() {
        return publishers.getFirst();
    }

    long published() {
        return publishers.stream().mapToLong(publisher -> publisher.published).sum();
    }

    int[] sent() {
        int[] copy = new int[sent.length()];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = sent.get(i);
        }
        return copy;
    }

    long refused() {
        return publishers.stream().mapToLong(publisher -> publisher.refused).sum();
    }

    /** Why a publisher ended early, or empty. */
    String failure() {
        return publishers.stream()
                .map(publisher -> publisher.failure)
                .filter(failure -> !failure.isEmpty())
                .findFirst()
                .orElse("");
    }
}
