package millrace.stream;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import millrace.sse.Event;

/**
 * An event as it goes over the wire, encoded once and shared by every channel and every reader. The bytes are never
 * changed: a container may keep the array until it has written it.
 */
public final class EncodedEvent {

    private static final AtomicIntegerFieldUpdater<EncodedEvent> HOLDERS =
            AtomicIntegerFieldUpdater.newUpdater(EncodedEvent.class, "holders");

    final byte[] bytes;
    private final long sequence;

    @SuppressWarnings("unused") // by HOLDERS
    private volatile int holders;

    /**
     * @param bytes whole blocks of the wire format; must not be changed afterwards
     * @param sequence what its source knows it by, e.g. its place in the history; rising within a channel
     */
    public EncodedEvent(byte[] bytes, long sequence) {
        this.bytes = bytes;
        this.sequence = sequence;
    }

    /** An event that its source knows by no sequence. */
    public static EncodedEvent of(Event event) {
        return new EncodedEvent(event.encode(), 0);
    }

    public long sequence() {
        return sequence;
    }

    /** Length on the wire, in bytes. */
    public int length() {
        return bytes.length;
    }

    /** One more channel holds this; true for the first, which then counts its bytes. */
    boolean hold() {
        return HOLDERS.getAndIncrement(this) == 0;
    }

    /** One channel less holds this; true for the last. */
    boolean letGo() {
        return HOLDERS.getAndDecrement(this) == 1;
    }
}
