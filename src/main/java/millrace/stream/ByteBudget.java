package millrace.stream;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The bytes that all channels together may hold. An event counts once, in however many channels it stands. */
final class ByteBudget {

    /** What an event costs beside its bytes: its object, the array's header, its slots. */
    private static final int OVERHEAD = 64;

    private final @Nullable ByteBudget whole;
    private final long maxBytes;
    private final AtomicLong used = new AtomicLong();

    ByteBudget(long maxBytes) {
        this(null, maxBytes);
    }

    /** A part of a larger budget: what counts here counts there too. */
    ByteBudget(@Nullable ByteBudget whole, long maxBytes) {
        this.whole = whole;
        this.maxBytes = maxBytes;
    }

    void add(EncodedEvent event) {
        if (event.hold()) {
            count(event.length() + OVERHEAD);
        }
    }

    void remove(EncodedEvent event) {
        if (event.letGo()) {
            count(-(event.length() + OVERHEAD));
        }
    }

    private void count(long bytes) {
        for (ByteBudget part = this; part != null; part = part.whole) {
            part.used.addAndGet(bytes);
        }
    }

    /** This part itself, whatever the whole. */
    boolean exceededHere() {
        return used.get() > maxBytes;
    }

    boolean exceeded() {
        return exceededHere() || (whole != null && whole.exceeded());
    }

    long used() {
        return used.get();
    }
}
