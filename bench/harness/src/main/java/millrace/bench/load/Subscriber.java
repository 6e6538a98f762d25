package millrace.bench.load;

import java.nio.charset.StandardCharsets;

/** A reader of the fan-out: every event of each of its sources once, in that source's order. */
final class Subscriber extends Wire {

    private final Meter meter;
    private final Interest interest;

    /** The sequence number that the next event of each source must have. */
    private final int[] expected;

    volatile boolean open;
    volatile boolean synced;
    volatile boolean gone;

    /** All that came in before this one comes from a subscription before: {@link #returning}. */
    private int target = Integer.MAX_VALUE;

    private boolean keepsIds;

    /** The id of the event before the last empty line, where ids are kept. */
    volatile String lastId = "";

    Subscriber(Meter meter, Interest interest) {
        super(Payload.LENGTH);
        this.meter = meter;
        this.interest = interest;
        this.expected = new int[interest.size()];
    }

    /** A subscriber that has had all events of the first source before {@code next}, and has caught up with {@code target}. */
    static Subscriber returning(Meter meter, int next, int target) {
        Subscriber subscriber = new Subscriber(meter, new Interest.All(1));
        subscriber.expected[0] = next;
        subscriber.target = target;
        return subscriber;
    }

    Subscriber keepingIds() {
        keepsIds = true;
        return this;
    }

    Interest interest() {
        return interest;
    }

    @Override
    void head(int status) {
        if (status == 200) {
            open = true;
        } else {
            meter.refused++;
        }
    }

    @Override
    void id(byte[] from, int at, int length) {
        if (keepsIds) {
            lastId = new String(from, at, length, StandardCharsets.UTF_8);
        }
    }

    @Override
    void data(byte[] from, int at, int length, long now) {
        int source = length == Payload.LENGTH ? Payload.source(from, at) : -1;
        if (source == Payload.SYNC) {
            synced = true;
            return;
        }
        int place = source < 0 ? -1 : interest.place(source);
        if (place < 0) {
            meter.foreign++;
            return;
        }
        int sequence = (int) Payload.sequence(from, at);
        int wanted = expected[place];
        if (sequence < wanted) {
            meter.disordered++;
            return;
        }
        meter.lost += sequence - wanted;
        expected[place] = sequence + 1;
        meter.events++;
        if (sequence + 1 >= target) {
            target = Integer.MAX_VALUE;
            meter.caughtUp(now);
        }
        if (meter.measuring) {
            meter.measured++;
            meter.latency.record(now - Payload.nanos(from, at));
        }
    }

    @Override
    void end() {
        gone = true;
    }

    /** How many of the events that each source sent did not come, after the last publisher had its last answer. */
    long missing(int[] sent) {
        long missing = 0;
        for (int place = 0; place < expected.length; place++) {
            missing += Math.max(0, sent[interest.source(place)] - expected[place]);
        }
        return missing;
    }
}
