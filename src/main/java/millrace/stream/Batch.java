package millrace.stream;

import org.jspecify.annotations.Nullable;

/**
 * What one drainer writes next: the events {@code from} to {@code next - 1} of a channel, side by side. Readers that
 * stand at the same number share one gathering: a thousand of them cost one copy. Used by one thread.
 */
final class Batch {

    /**
     * Bytes gathered at most. Containers copy an array of up to 8 KiB within {@code write}, so that it can be used
     * again at once; Tomcat needs no second round for it. A longer single event is handed over as it is.
     */
    static final int MAX_BYTES = 8000;

    private static final byte[] NO_SCRATCH = {};

    private final int maxBytes;

    /** Made when two events are to lie side by side: a single one, and bytes for one reader alone, go as they are. */
    private byte[] scratch = NO_SCRATCH;

    private @Nullable Channel channel;
    private long from;

    /** The number after the last event in here. */
    long next;

    /** {@link EncodedEvent#sequence} of the last event in here. */
    long lastSequence;

    byte[] bytes = scratch;
    int length;
    private boolean alone;

    Batch() {
        this(MAX_BYTES);
    }

    private Batch(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** A batch that takes one event at a time, as it is, and so needs no memory of its own. */
    static Batch ofOne() {
        return new Batch(0);
    }

    boolean holds(Channel ofChannel, long fromNumber) {
        return channel == ofChannel && from == fromNumber;
    }

    void begin(Channel ofChannel, long fromNumber) {
        channel = ofChannel;
        from = fromNumber;
        next = fromNumber;
        bytes = scratch;
        length = 0;
    }

    /** Takes one more event; false if it no longer fits. */
    boolean take(EncodedEvent event) {
        if (length == 0) {
            bytes = event.bytes; // alone, it goes as it is
            alone = true;
        } else {
            if (length + event.length() > maxBytes) {
                return false;
            }
            if (alone) {
                if (scratch.length == 0) {
                    scratch = new byte[maxBytes];
                }
                System.arraycopy(bytes, 0, scratch, 0, length);
                bytes = scratch;
                alone = false;
            }
            System.arraycopy(event.bytes, 0, scratch, length, event.length());
        }
        length += event.length();
        next++;
        lastSequence = event.sequence();
        return true;
    }

    /** Forgets the channel, so that it can be collected. */
    void clear() {
        channel = null;
        bytes = scratch;
        length = 0;
    }
}
