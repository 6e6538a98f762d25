package millrace.bench.load;

/**
 * A reader of request streams: the data of event {@code i} of a response begins with the number {@code i}, may go on with a
 * space and the nanoTime at which the server made it, and the response ends after the last one that was asked for.
 */
final class RequestReader extends Wire {

    private final Meter meter;
    private final int wanted;
    private int next;

    /** Set at the end of a response, taken back by the reader's loop when it has sent the next request. */
    boolean askAgain;

    RequestReader(Meter meter, int wanted) {
        super(0);
        this.meter = meter;
        this.wanted = wanted;
    }

    @Override
    void head(int status) {
        if (status != 200) {
            meter.refused++;
        }
        next = 0;
    }

    @Override
    void data(byte[] from, int at, int length, long now) {
        int i = at;
        int end = at + length;
        int number = 0;
        while (i < end && from[i] >= '0' && from[i] <= '9') {
            number = number * 10 + from[i++] - '0';
        }
        if (i == at) {
            return; // the data of a closing event
        }
        if (number != next) {
            if (number > next) {
                meter.lost += number - next;
            } else {
                meter.disordered++;
            }
        }
        next = number + 1;
        meter.events++;
        if (meter.measuring) {
            meter.measured++;
            if (i + 1 < end) {
                long nanos = 0;
                for (i++; i < end && from[i] >= '0' && from[i] <= '9'; i++) {
                    nanos = nanos * 10 + from[i] - '0';
                }
                meter.latency.record(now - nanos);
            }
        }
    }

    @Override
    void end() {
        meter.lost += wanted - next;
        meter.responses++;
        askAgain = true;
    }

    /** The connection was closed within a response: what did not come any more is lost. */
    void cut() {
        meter.ended++;
        meter.lost += Math.max(0, wanted - next);
        next = wanted;
    }
}
