package millrace.log;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The bytes that many logs together may hold. Any thread. */
public final class ByteBudget {

    private final @Nullable ByteBudget whole;
    private final long maxBytes;
    private final AtomicLong used = new AtomicLong();

    public ByteBudget(long maxBytes) {
        this(null, maxBytes);
    }

    /** A part of a larger budget: what counts here counts there too. */
    public ByteBudget(@Nullable ByteBudget whole, long maxBytes) {
        this.whole = whole;
        this.maxBytes = maxBytes;
    }

    /** Counts that many more, or less. */
    public void add(long bytes) {
        for (ByteBudget part = this; part != null; part = part.whole) {
            part.used.addAndGet(bytes);
        }
    }

    /** Whether this part alone is exceeded. */
    public boolean isExceededHere() {
        return used.get() > maxBytes;
    }

    /** Whether this part or the whole is exceeded. */
    public boolean isExceeded() {
        return isExceededHere() || (whole != null && whole.isExceeded());
    }

    /** Bytes held now. */
    public long used() {
        return used.get();
    }
}
