package millrace.bench.load;

import static millrace.bench.load.LoadClient.say;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.List;
import millrace.bench.JvmMemory;
import millrace.bench.Proc;

/**
 * Some of the subscribers begin to read slowly, and the publishers go on. At the end they read as fast as they can again, to
 * see that nothing was lost. The others are measured before and meanwhile, and so is the server's memory.
 */
final class SlowReaders {

    private static final int LOOKS = 3;

    private final LoadClient client;
    private final Options options;

    SlowReaders(LoadClient client) {
        this.client = client;
        this.options = client.options;
    }

    void run() throws IOException, InterruptedException {
        int slow = options.number("slow", 100);
        Meter meter = new Meter();
        Meter slowMeter = new Meter();
        Reader reader = new Reader(client.server, options.get(options.text("path"), ""), meter);
        Reader slowReader = new Reader(client.server, options.get(options.text("path"), ""), slowMeter);
        Thread reading = Thread.ofPlatform().name("reader").start(reader);
        Thread slowReading = Thread.ofPlatform().name("slow").start(slowReader);
        List<Subscriber> others = client.subscribe(reader, new ArrayList<>(), 0, 0);
        List<SelectionKey> slowKeys = new ArrayList<>();
        List<Subscriber> slowOnes = new ArrayList<>();
        for (int i = 0; i < slow; i++) {
            Subscriber subscriber = new Subscriber(slowMeter, new Interest.All(options.number("publishers", 1)));
            slowOnes.add(subscriber);
            // with the usual buffer the kernel would hold what they have not read, and the server would not notice
            slowKeys.add(slowReader.open(subscriber, 32 * 1024));
        }
        Publishing publishing = client.publishing();
        List<Subscriber> all = new ArrayList<>(others);
        all.addAll(slowOnes);
        LoadClient.sync(all, publishing);

        publishing.start();
        Thread.sleep(options.millis("warmup"));
        meter.measuring = true;
        Thread.sleep(options.millis("measure"));
        meter.measuring = false;
        say("p99Before", meter.latency.percentile(0.99));
        say("heldBytes0", heldBytes());
        Thread.sleep(300); // what the collection has delayed
        meter.latency = new Histogram();
        meter.measured = 0;

        slowReader.slowDown(slowKeys, options.number("slowBytes", 50_000));
        long cpu = Proc.cpuNanos(client.pid);
        long start = System.nanoTime();
        long before = slowMeter.published;
        say("residentBytes0", Proc.residentBytes(client.pid));
        meter.measuring = true;
        for (int look = 1; look <= LOOKS; look++) {
            Thread.sleep(options.number("slowSeconds", 60) * 1000L / LOOKS);
            say("residentBytes" + look, Proc.residentBytes(client.pid));
        }
        meter.measuring = false;
        long slowly = slowMeter.published - before;
        long nanos = System.nanoTime() - start;
        say("serverCpuNanos", Proc.cpuNanos(client.pid) - cpu);
        say("nanos", nanos);
        int[] sent = publishing.sent();
        say("slowBehind", slow == 0 ? 0 : LoadClient.missing(slowOnes, sent) / slow);
        say("slowSeconds", options.number("slowSeconds", 60));
        say("heldBytes1", heldBytes());

        slowReader.hurry();
        long until = System.nanoTime() + options.number("grace", 60) * 1_000_000_000L;
        LoadClient.stop(publishing, until);
        sent = publishing.sent();
        long awaited = 0;
        for (int one : sent) {
            awaited += one;
        }
        while ((meter.published < awaited * others.size() || slowMeter.published < awaited * slow)
                && System.nanoTime() < until
                && meter.ended + slowMeter.ended == 0) {
            Thread.sleep(5);
        }
        reader.stop();
        slowReader.stop();
        reading.join();
        slowReading.join();
        say("measured", meter.measured + slowly);
        say("lost", meter.lost + slowMeter.lost + LoadClient.missing(all, sent));
        LoadClient.report(meter, reader, slowReader);
        reader.close();
        slowReader.close();
    }

    /** Heap in use after a full collection and direct buffers of a JVM, or what another server has in memory. */
    private long heldBytes() throws IOException {
        if (options.text("jvm").isEmpty()) {
            return Proc.residentBytes(client.pid);
        }
        try (JvmMemory jvm = new JvmMemory(client.pid)) {
            return jvm.usedBytes();
        }
    }
}
