package millrace.bench.load;

/** What one reader thread has seen. The thread writes, the main thread looks at the volatile fields while it runs. */
final class Meter {

    /** Whether deliveries count now: set by the main thread for the time of the measurement. */
    volatile boolean measuring;

    /** All deliveries so far, written once per turn of the reader's loop. */
    volatile long published;

    /** Replaced by the main thread while nothing is measured. */
    volatile Histogram latency = new Histogram();

    /** Bytes of all answers, heads and chunks included. */
    long bytes;

    // Written by the reader thread alone; the main thread reads them when it has joined that thread.
    long events;
    long measured;
    long lost;
    long disordered;
    long foreign;
    long ended;
    long refused;
    long responses;

    /** Subscribers that have had everything which was there when they came back, and when the last of them had. */
    volatile int caughtUp;

    volatile long lastCaughtUp;

    @SuppressWarnings("NonAtomicVolatileUpdate") // by the reader thread alone
    void caughtUp(long now) {
        lastCaughtUp = now;
        caughtUp++;
    }
}
