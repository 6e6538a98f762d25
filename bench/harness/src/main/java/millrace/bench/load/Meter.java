package millrace.bench.load;

/** What one reader thread has seen. The thread writes, the main thread looks at the volatile fields while it runs. */
final class Meter {

    /** Whether deliveries count now: set by the main thread for the time of the measurement. */
    volatile boolean measuring;

    /** All deliveries so far, written once per turn of the reader's loop. */
    volatile long published;

    final Histogram latency = new Histogram();

    // Written by the reader thread alone; the main thread reads them when it has joined that thread.
    long events;
    long measured;
    long lost;
    long disordered;
    long foreign;
    long ended;
    long refused;
    long responses;
}
