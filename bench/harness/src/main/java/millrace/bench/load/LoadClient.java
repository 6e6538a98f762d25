package millrace.bench.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import millrace.bench.JvmMemory;
import millrace.bench.Proc;

/**
 * The process that reads and publishes. Its arguments are {@code name=value}; its results are lines {@code name=value} on the
 * standard output. It ends by itself after a bounded time, whatever the server does.
 *
 * <pre>
 * mode=fanout    subscribers that all get every published event
 * mode=requests  readers that ask for a finite stream again and again
 * mode=idle      subscribers that get one event and then nothing; waits for a line on the standard input before it leaves
 * </pre>
 */
public final class LoadClient {

    private final Map<String, String> options = new HashMap<>();
    private final List<String> headers = new ArrayList<>();
    private final InetSocketAddress server;
    private final int pid;
    private final Meter meter = new Meter();

    private LoadClient(String[] args) {
        for (String arg : args) {
            int equals = arg.indexOf('=');
            if (arg.startsWith("header=")) {
                headers.add(arg.substring(equals + 1));
            } else {
                options.put(arg.substring(0, equals), arg.substring(equals + 1));
            }
        }
        server = new InetSocketAddress("127.0.0.1", number("port", 0));
        pid = number("pid", 0);
    }

    public static void main(String[] args) throws Exception {
        LoadClient client = new LoadClient(args);
        Duration limit =
                Duration.ofMillis(60_000 + client.millis("warmup") + client.millis("measure") + client.millis("hold"));
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
            switch (client.text("mode")) {
                case "fanout" -> client.fanout();
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
        int publishers = number("publishers", 1);
        int stalled = number("stalled", 0);
        Publisher.Schedule schedule = new Publisher.Schedule(number("rate", 0));
        Reader reader = new Reader(server, get(), meter);
        Thread reading = Thread.ofPlatform().name("reader").start(reader);
        List<SelectionKey> keys = new ArrayList<>();
        List<Subscriber> subscribers = subscribe(reader, keys, publishers);
        sync(subscribers, publishers);
        for (SelectionKey key : keys.subList(0, stalled)) {
            key.interestOps(0);
        }

        List<Publisher> publishing = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < publishers; i++) {
            publishing.add(new Publisher(i, schedule, server, postHead(), text("prefix")));
        }
        schedule.start = System.nanoTime() + 1_000_000;
        for (Publisher publisher : publishing) {
            threads.add(Thread.ofPlatform().name("publisher").start(publisher));
        }
        Thread.sleep(millis("warmup"));
        measure(() -> publishing.stream().mapToLong(p -> p.sent).sum());
        schedule.stopping = true;
        long until = System.nanoTime() + number("grace", 10) * 1_000_000_000L;
        for (Thread thread : threads) {
            thread.join(Duration.ofNanos(Math.max(1_000_000, until - System.nanoTime())));
        }
        long hanging = threads.stream().filter(Thread::isAlive).count();
        int[] sent = publishing.stream().mapToInt(p -> p.sent).toArray();
        long sum = 0;
        for (int one : sent) {
            sum += one;
        }
        long awaited = sum * (subscribers.size() - stalled);
        while (meter.published < awaited && System.nanoTime() < until && meter.ended <= stalled) {
            Thread.sleep(5);
        }
        reader.stop();
        reading.join();
        long missing = 0;
        for (Subscriber subscriber : subscribers.subList(stalled, subscribers.size())) {
            missing += subscriber.missing(sent);
        }
        say("lost", meter.lost + missing);
        say("ended", meter.ended);
        say("unanswered", hanging);
        say("refusedPublishes", publishing.stream().mapToLong(p -> p.refused).sum());
        publishing.stream()
                .map(p -> p.failure)
                .filter(f -> !f.isEmpty())
                .findFirst()
                .ifPresent(f -> say("error", f));
        report(reader);
        reader.close();
    }

    private void requests() throws IOException, InterruptedException {
        Reader reader = new Reader(server, get(), meter);
        for (int i = 0; i < number("connections", 100); i++) {
            reader.open(new RequestReader(meter, number("n", 100)), 0);
        }
        Thread reading = Thread.ofPlatform().name("reader").start(reader);
        Thread.sleep(millis("warmup"));
        measure(() -> meter.responses);
        reader.stop();
        reading.join();
        say("lost", meter.lost);
        say("ended", meter.ended);
        report(reader);
        reader.close();
    }

    private void idle() throws IOException, InterruptedException {
        Reader reader = new Reader(server, get(), meter);
        Thread reading = Thread.ofPlatform().name("reader").start(reader);
        List<SelectionKey> keys = new ArrayList<>();
        List<Subscriber> subscribers = subscribe(reader, keys, 1);
        if (!text("post").isEmpty()) {
            sync(subscribers, 1);
        }
        System.out.println("ready");
        System.out.flush();
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        reader.stop();
        reading.join();
        say("lost", subscribers.stream().filter(s -> s.gone || !s.open).count());
        say("ended", meter.ended);
        report(reader);
        reader.close();
    }

    /** Opens all subscribers, with a bounded number of them waiting for their answer, so that no backlog overflows. */
    private List<Subscriber> subscribe(Reader reader, List<SelectionKey> keys, int publishers)
            throws IOException, InterruptedException {
        List<Subscriber> subscribers = new ArrayList<>();
        long until = System.nanoTime() + 40_000_000_000L;
        int opened = 0;
        for (int i = 0; i < number("connections", 1000); i++) {
            Subscriber subscriber = new Subscriber(meter, publishers);
            subscribers.add(subscriber);
            // who will stop reading has a small buffer, so that the server notices soon
            keys.add(reader.open(subscriber, i < number("stalled", 0) ? 4096 : 0));
            while (opened < subscribers.size() && (subscribers.get(opened).open || subscribers.size() - opened > 64)) {
                if (subscribers.get(opened).open) {
                    opened++;
                } else if (meter.refused > 0 || System.nanoTime() > until) {
                    throw new IOException(opened + " subscribers open, " + meter.refused + " refused");
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

    /** Publishes until every subscriber has seen an event: the answer's head may be sent before the subscription counts. */
    private void sync(List<Subscriber> subscribers, int number) throws IOException, InterruptedException {
        try (Publisher publisher =
                new Publisher(number, new Publisher.Schedule(0), server, postHead(), text("prefix"))) {
            long until = System.nanoTime() + 20_000_000_000L;
            while (!subscribers.stream().allMatch(s -> s.synced)) {
                if (System.nanoTime() > until) {
                    throw new IOException(
                            subscribers.stream().filter(s -> !s.synced).count()
                                    + " subscribers got no event; publishes refused: " + publisher.refused);
                }
                publisher.publish(System.nanoTime());
                Thread.sleep(100);
            }
        }
        Thread.sleep(300);
    }

    private interface Count {
        long now();
    }

    private void measure(Count count) throws IOException, InterruptedException {
        if (text("allocation").isEmpty()) {
            measured(count);
            return;
        }
        try (JvmMemory jvm = new JvmMemory(pid)) {
            long before = jvm.allocatedBytes();
            measured(count);
            say("allocated", jvm.allocatedBytes() - before);
        }
    }

    private void measured(Count count) throws InterruptedException {
        long rss = Proc.residentBytes(pid);
        long operations = count.now();
        long client = Proc.cpuNanos((int) ProcessHandle.current().pid());
        long server = Proc.cpuNanos(pid);
        long start = System.nanoTime();
        meter.measuring = true;
        Thread.sleep(millis("measure"));
        meter.measuring = false;
        long nanos = System.nanoTime() - start;
        say("serverCpuNanos", Proc.cpuNanos(pid) - server);
        say("clientCpuNanos", Proc.cpuNanos((int) ProcessHandle.current().pid()) - client);
        say("operations", count.now() - operations);
        say("nanos", nanos);
        say("rssGrowth", Proc.residentBytes(pid) - rss);
    }

    private void report(Reader reader) {
        say("events", meter.events);
        say("measured", meter.measured);
        say("disordered", meter.disordered);
        say("foreign", meter.foreign);
        say("refused", meter.refused);
        say("p50", meter.latency.percentile(0.5));
        say("p99", meter.latency.percentile(0.99));
        say("max", meter.latency.percentile(1));
        if (!reader.failure.isEmpty()) {
            say("error", reader.failure);
        }
    }

    private byte[] get() {
        StringBuilder head = new StringBuilder("GET ").append(text("path")).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        head.append("Accept: text/event-stream\r\n");
        return head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
    }

    private String postHead() {
        StringBuilder head = new StringBuilder("POST ").append(text("post")).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        headers.forEach(header -> head.append(header).append("\r\n"));
        return head.toString();
    }

    private String text(String name) {
        return options.getOrDefault(name, "");
    }

    private int number(String name, int otherwise) {
        return options.containsKey(name) ? Integer.parseInt(options.get(name)) : otherwise;
    }

    /** Given in seconds. */
    private long millis(String name) {
        return (long) (Double.parseDouble(options.getOrDefault(name, "0")) * 1000);
    }

    private static void say(String name, Object value) {
        System.out.println(name + "=" + value);
    }
}
