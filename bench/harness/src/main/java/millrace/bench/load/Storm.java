package millrace.bench.load;

import static millrace.bench.load.LoadClient.say;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import millrace.bench.Proc;

/**
 * Very many subscribers come back within a second, each far behind, while some that have stayed and a publisher go on. Before
 * that, in the same process, the rate that the server reaches with a thousand subscribers and publishers as fast as they can:
 * what coming back takes is compared with the time which that rate needs for as many deliveries.
 */
final class Storm {

    private static final long LIMIT = 120_000_000_000L;

    private final LoadClient client;
    private final Options options;

    Storm(LoadClient client) {
        this.client = client;
        this.options = client.options;
    }

    void run() throws IOException, InterruptedException {
        double rate = saturatedRate();
        Meter stayed = new Meter();
        Reader stayedReader = new Reader(client.server, options.get(options.text("logPath"), ""), stayed);
        Thread reading = Thread.ofPlatform().name("stayed").start(stayedReader);
        List<Subscriber> stayers = new ArrayList<>();
        for (int i = 0; i < options.number("stayed", 100); i++) {
            Subscriber subscriber = new Subscriber(stayed, new Interest.All(1));
            stayers.add(i == 0 ? subscriber.keepingIds() : subscriber);
            stayedReader.open(subscriber, 0);
        }
        Publishing publishing = new Publishing(
                client.server,
                1,
                1,
                options.number("logRate", 100),
                options.post(options.text("logPost"), options.text("logPrefix"), "", 1));
        LoadClient.sync(stayers, publishing);

        publishing.first().publish(0, System.nanoTime());
        await(stayed, stayers.size());
        String lastSeen = stayers.getFirst().lastId;
        int behind = options.number("behind", 1000);
        for (int i = 0; i < behind; i++) {
            publishing.first().publish(0, System.nanoTime());
        }
        await(stayed, (1L + behind) * stayers.size());
        publishing.start();

        Meter back = new Meter();
        byte[] request = options.get(options.text("logPath"), "Last-Event-ID: " + lastSeen + "\r\n");
        Reader backReader = new Reader(client.server, request, back);
        Thread backReading = Thread.ofPlatform().name("back").start(backReader);
        int connections = options.number("returning", 10_000);
        List<Subscriber> returning = new ArrayList<>();
        long due = 0;
        long cpu = Proc.cpuNanos(client.pid);
        stayed.measuring = true;
        back.measuring = true;
        long start = System.nanoTime();
        for (int i = 0; i < connections; i++) {
            for (long wait; (wait = start + i * 1_000_000_000L / connections - System.nanoTime()) > 0; ) {
                LockSupport.parkNanos(wait);
            }
            int target = publishing.sent.get(0);
            Subscriber subscriber = Subscriber.returning(back, 1, target);
            due += target - 1;
            returning.add(subscriber);
            backReader.open(subscriber, 0);
        }
        long connected = System.nanoTime();
        while (back.caughtUp < connections && System.nanoTime() - start < LIMIT) {
            Thread.sleep(2);
        }
        stayed.measuring = false;
        back.measuring = false;
        int caughtUp = back.caughtUp;
        long nanos = (caughtUp == connections ? back.lastCaughtUp : System.nanoTime()) - start;
        say("serverCpuNanos", Proc.cpuNanos(client.pid) - cpu);

        long until = System.nanoTime() + options.number("grace", 10) * 1_000_000_000L;
        LoadClient.stop(publishing, until);
        int[] sent = publishing.sent();
        while (stayed.published + back.published < (long) sent[0] * stayers.size() + (sent[0] - 1L) * connections
                && System.nanoTime() < until) {
            Thread.sleep(5);
        }
        stayedReader.stop();
        backReader.stop();
        reading.join();
        backReading.join();
        say("lost", stayed.lost + back.lost + LoadClient.missing(stayers, sent) + LoadClient.missing(returning, sent));
        say("measured", due);
        say("nanos", nanos);
        say("caughtUp", caughtUp);
        say("returning", connections);
        say("connectedNanos", connected - start);
        say("saturatedRate", rate);
        LoadClient.report(stayed, stayedReader, backReader);
        stayedReader.close();
        backReader.close();
    }

    /** Deliveries a second to a thousand subscribers, from publishers as fast as they are answered. */
    private double saturatedRate() throws IOException, InterruptedException {
        Meter meter = new Meter();
        Reader reader = new Reader(client.server, options.get(options.text("path"), ""), meter);
        Thread reading = Thread.ofPlatform().name("reader").start(reader);
        List<Subscriber> subscribers = client.subscribe(reader, new ArrayList<>(), 0, 0);
        Publishing publishing = client.publishing();
        LoadClient.sync(subscribers, publishing);
        publishing.start();
        Thread.sleep(options.millis("warmup"));
        meter.measuring = true;
        long start = System.nanoTime();
        Thread.sleep(options.millis("measure"));
        meter.measuring = false;
        long nanos = System.nanoTime() - start;
        publishing.stop(System.nanoTime() + 5_000_000_000L);
        reader.stop();
        reading.join();
        reader.close();
        return meter.measured / (nanos / 1e9);
    }

    private static void await(Meter meter, long events) throws IOException, InterruptedException {
        long until = System.nanoTime() + 30_000_000_000L;
        while (meter.published < events) {
            if (System.nanoTime() > until) {
                throw new IOException(meter.published + " of " + events + " events came before the storm");
            }
            Thread.sleep(2);
        }
    }
}
