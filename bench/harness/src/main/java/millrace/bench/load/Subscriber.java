package millrace.bench.load;

/** A reader of the fan-out: every event of every publisher once, in that publisher's order. */
final class Subscriber extends Wire {

    private final Meter meter;

    /** The sequence number that each publisher's next event must have; -1 before the first, which may be any. */
    private final int[] expected;

    volatile boolean open;
    volatile boolean synced;
    volatile boolean gone;

    Subscriber(Meter meter, int publishers) {
        super(Payload.LENGTH);
        this.meter = meter;
        this.expected = new int[publishers + 1];
        expected[publishers] = -1;
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
    void data(byte[] from, int at, int length, long now) {
        int publisher = length == Payload.LENGTH ? Payload.publisher(from, at) : -1;
        if (publisher < 0 || publisher >= expected.length) {
            meter.foreign++;
            return;
        }
        int sequence = (int) Payload.sequence(from, at);
        int wanted = expected[publisher];
        if (sequence == wanted) {
            expected[publisher] = sequence + 1;
        } else if (wanted < 0 || sequence > wanted) {
            meter.lost += wanted < 0 ? 0 : sequence - wanted;
            expected[publisher] = sequence + 1;
        } else {
            meter.disordered++;
            return;
        }
        if (publisher == expected.length - 1) {
            synced = true;
            return;
        }
        meter.events++;
        if (meter.measuring) {
            meter.measured++;
            meter.latency.record(now - Payload.nanos(from, at));
        }
    }

    @Override
    void end() {
        gone = true;
    }

    /** How many of the events that were published did not come, after the last publisher had its last answer. */
    long missing(int[] sent) {
        long missing = 0;
        for (int i = 0; i < sent.length; i++) {
            missing += Math.max(0, sent[i] - expected[i]);
        }
        return missing;
    }
}
