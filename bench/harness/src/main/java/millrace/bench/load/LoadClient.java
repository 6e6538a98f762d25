package millrace.bench.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import millrace.bench.JvmMemory;
import millrace.bench.Proc;

/**
 * The process that reads and publishes. Its arguments are {@code name=value}; its results are lines {@code name=value} on the
 * standard output. It ends by itself after a bounded time, whatever the server does.
 *
 * <pre>
 * mode=fanout    subscribers that all get every published event, or with topics=N, those of ten topics each
 * mode=batch     the same, published many in a request
 * mode=storm     subscribers that all come back at once, far behind
 * mode=slow      some of the subscribers read slowly
 * mode=requests  readers that ask for a finite stream again and again
 * mode=idle      subscribers that get one event and then nothing; waits for a line on the standard input before it leaves
 * </pre>
 */
public final class LoadClient {

    final Options options;
    final InetSocketAddress server;
    final int pid;

    private LoadClient(String[] args) {
        options = new Options(args);
        server = new InetSocketAddress("127.0.0.1", options.number("port", 0));
        pid = options.number("pid", 0);
    }

    public static void main(String[] args) throws Exception {
        LoadClient client = new LoadClient(args);
        Duration limit = Duration.ofSeconds(client.options.number("limit", 100))
                .plusMillis(client.options.millis("warmup") + client.options.millis("measure"))
                .plusMillis(client.options.millis("hold"));
        Thread.ofPlatform().daemon().name("limit").start(() -> {
            try {
                Thread.sleep(limit);
            } catch (InterruptedException e) {
                return;
            }
            System.out.println("error=the load client did not finish within " + limit.toSeconds() + " s");
            System.out.flush();
            Runtime.getRuntime().halt(3);
        });
        try {
            switch (client.options.text("mode")) {
                case "fanout", "batch" -> client.fanout();
                case "storm" -> new Storm(client).run();
                case "slow" -> new SlowReaders(client).run();
                case "requests" -> client.requests();
                case "idle" -> client.idle();
                default -> throw new IllegalArgumentException("mode");
            }
        } catch (IOException | RuntimeException e) {
            say("error", e);
        }
        System.out.flush();
        Runtime.getRuntime().halt(0); // whatever threads still hang on a server that does not answer
    }

    private void fanout() throws IOException, InterruptedException {
        int stalled = options.number("stalled", 0);
        Meter meter = new Meter();
        Reader reader = new Reader(server, get(), meter);
        Thread reading = Thread.ofPlatform().name("reader").start(reader);
        List<SelectionKey> keys = new ArrayList<>();
        // who will stop reading has a small buffer, so that the server notices soon
        List<Subscriber> subscribers = subscribe(reader, keys, stalled, 4096);
        Publishing publishing = publishing();
        sync(subscribers, publishing);
        for (SelectionKey key : keys.subList(0, stalled)) {
            key.interestOps(0);
        }

        publishing.start();
        Thread.sleep(options.millis("warmup"));
        measure(meter, publishing::published);
        finish(publishing, reader, reading, subscribers.subList(stalled, subscribers.size()), stalled);
        report(meter, reader);
        reader.close();
    }

    private void requests() throws IOException, InterruptedException {
        Meter meter = new Meter();
        Reader reader = new Reader(server, get(), meter);
        for (int i = 0; i < options.number("connections", 100); i++) {
            reader.open(new RequestReader(meter, options.number("n", 100)), 0);
        }
        Thread reading = Thread.ofPlatform().name("reader").start(reader);
        Thread.sleep(options.millis("warmup"));
        measure(meter, () -> meter.responses);
        reader.stop();
        reading.join();
        say("lost", meter.lost);
        say("measured", meter.measured);
        report(meter, reader);
        reader.close();
    }

    private void idle() throws IOException, InterruptedException {
        Meter meter = new Meter();
        Reader reader = new Reader(server, get(), meter);
        Thread reading = Thread.ofPlatform().name("reader").start(reader);
        List<Subscriber> subscribers = subscribe(reader, new ArrayList<>(), 0, 0);
        if (!options.text("post").isEmpty()) {
            sync(subscribers, publishing());
        }
        System.out.println("ready");
        System.out.flush();
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        reader.stop();
        reading.join();
        say("lost", subscribers.stream().filter(s -> s.gone || !s.open).count());
        report(meter, reader);
        reader.close();
    }

    /** Opens all subscribers, with a bounded number of them waiting for their answer, so that no backlog overflows. */
    List<Subscriber> subscribe(Reader reader, List<SelectionKey> keys, int small, int smallBuffer)
            throws IOException, InterruptedException {
        List<Subscriber> subscribers = new ArrayList<>();
        int topics = options.number("topics", 0);
        int publishers = options.number("publishers", 1);
        long until = System.nanoTime() + 40_000_000_000L;
        int opened = 0;
        for (int i = 0; i < options.number("connections", 1000); i++) {
            Interest interest = topics > 0 ? new Interest.Ten(i, topics) : new Interest.All(publishers);
            Subscriber subscriber = new Subscriber(reader.meter, interest);
            subscribers.add(subscriber);
            int buffer = i < small ? smallBuffer : 0;
            keys.add(topics > 0 ? reader.open(subscriber, buffer, get(interest)) : reader.open(subscriber, buffer));
            while (opened < subscribers.size() && (subscribers.get(opened).open || subscribers.size() - opened > 64)) {
                if (subscribers.get(opened).open) {
                    opened++;
                } else if (reader.meter.refused > 0 || System.nanoTime() > until) {
                    throw new IOException(opened + " subscribers open, " + reader.meter.refused + " refused");
                } else {
                    Thread.sleep(1);
                }
            }
        }
        while (!subscribers.stream().allMatch(s -> s.open) && System.nanoTime() < until) {
            Thread.sleep(1);
        }
        return subscribers;
    }

    private byte[] get() {
        return options.get(options.text("path"), "");
    }

    private byte[] get(Interest interest) {
        StringBuilder path = new StringBuilder(options.text("path"));
        for (int place = 0; place < interest.size(); place++) {
            path.append(place == 0 ? "?topic=" : "&topic=").append(Publisher.topic(interest.source(place)));
        }
        return options.get(path.toString(), "");
    }

    Publishing publishing() throws IOException {
        int publishers = options.number("publishers", 1);
        return new Publishing(
                server,
                publishers,
                Math.max(publishers, options.number("topics", 0)),
                options.number("rate", 0),
                options.post(
                        options.text("post"),
                        options.text("prefix"),
                        options.text("suffix"),
                        options.number("batch", 1)));
    }

    /** Publishes until every subscriber has seen an event: the answer's head may be sent before the subscription counts. */
    static void sync(List<Subscriber> subscribers, Publishing publishing) throws IOException, InterruptedException {
        long until = System.nanoTime() + 60_000_000_000L;
        while (!subscribers.stream().allMatch(s -> s.synced)) {
            for (Subscriber subscriber : subscribers) {
                if (!subscriber.synced) {
                    publishing.first().sync(subscriber.interest().source(0));
                    if (subscriber.interest() instanceof Interest.All) {
                        break; // this one event is for all
                    }
                }
                if (System.nanoTime() > until) {
                    throw new IOException(
                            subscribers.stream().filter(s -> !s.synced).count()
                                    + " subscribers got no event; publishes refused: " + publishing.refused());
                }
            }
            Thread.sleep(100);
        }
        Thread.sleep(300);
    }

    /** Ends the publishing, waits until all has come, and tells what has not. */
    void finish(Publishing publishing, Reader reader, Thread reading, List<Subscriber> subscribers, int mayEnd)
            throws InterruptedException {
        Meter meter = reader.meter;
        long until = System.nanoTime() + options.number("grace", 10) * 1_000_000_000L;
        stop(publishing, until);
        int[] sent = publishing.sent();
        long awaited = 0;
        for (Subscriber subscriber : subscribers) {
            for (int place = 0; place < subscriber.interest().size(); place++) {
                awaited += sent[subscriber.interest().source(place)];
            }
        }
        while (meter.published < awaited && System.nanoTime() < until && meter.ended <= mayEnd) {
            Thread.sleep(5);
        }
        reader.stop();
        reading.join();
        say("lost", meter.lost + missing(subscribers, sent));
        say("bytes", meter.bytes);
        say("measured", meter.measured);
    }

    static long missing(List<Subscriber> subscribers, int[] sent) {
        return subscribers.stream().mapToLong(s -> s.missing(sent)).sum();
    }

    private void measure(Meter meter, LongSupplier operations) throws IOException, InterruptedException {
        if (options.text("allocation").isEmpty()) {
            measured(meter, operations);
            return;
        }
        try (JvmMemory jvm = new JvmMemory(pid)) {
            long before = jvm.allocatedBytes();
            measured(meter, operations);
            say("allocated", jvm.allocatedBytes() - before);
        }
    }

    private void measured(Meter meter, LongSupplier operations) throws InterruptedException {
        long rss = Proc.residentBytes(pid);
        long before = operations.getAsLong();
        long client = Proc.cpuNanos((int) ProcessHandle.current().pid());
        long server = Proc.cpuNanos(pid);
        long start = System.nanoTime();
        meter.measuring = true;
        Thread.sleep(options.millis("measure"));
        meter.measuring = false;
        long nanos = System.nanoTime() - start;
        say("serverCpuNanos", Proc.cpuNanos(pid) - server);
        say("clientCpuNanos", Proc.cpuNanos((int) ProcessHandle.current().pid()) - client);
        say("operations", operations.getAsLong() - before);
        say("nanos", nanos);
        say("rssGrowth", Proc.residentBytes(pid) - rss);
    }

    /** Tells what all readers have seen, and the latency that one of them has measured. */
    static void report(Meter timed, Reader... readers) {
        say("p50", timed.latency.percentile(0.5));
        say("p99", timed.latency.percentile(0.99));
        say("max", timed.latency.percentile(1));
        say("ended", sum(meter -> meter.ended, readers));
        say("disordered", sum(meter -> meter.disordered, readers));
        say("foreign", sum(meter -> meter.foreign, readers));
        say("refused", sum(meter -> meter.refused, readers));
        for (Reader reader : readers) {
            if (!reader.failure.isEmpty()) {
                say("error", reader.failure);
            }
        }
    }

    private static long sum(ToLongFunction<Meter> count, Reader... readers) {
        return Arrays.stream(readers)
                .mapToLong(reader -> count.applyAsLong(reader.meter))
                .sum();
    }

    /** Waits for the last answers, until then at most, and tells what the publishers had to say. */
    static void stop(Publishing publishing, long until) throws InterruptedException {
        say("unanswered", publishing.stop(until));
        say("refusedPublishes", publishing.refused());
        if (!publishing.failure().isEmpty()) {
            say("error", publishing.failure());
        }
    }

    static void say(String name, Object value) {
        System.out.println(name + "=" + value);
    }
}
