package millrace.log;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import millrace.sse.Event;

/**
 * An event as it goes over the wire, encoded once and shared by every log and every reader. Its bytes are never changed: a
 * container may keep the array until it has written it.
 */
public final class EncodedEvent {

    private static final AtomicIntegerFieldUpdater<EncodedEvent> HOLDERS =
            AtomicIntegerFieldUpdater.newUpdater(EncodedEvent.class, "holders");

    private final byte[] bytes;
    private final long position;

    @SuppressWarnings("unused") // by HOLDERS
    private volatile int holders;

    /**
     * @param bytes whole blocks of the wire format; must not be changed afterwards
     * @param position what its source knows it by, e.g. its place in the history; rising within a log
     */
    public EncodedEvent(byte[] bytes, long position) {
        this.bytes = bytes;
        this.position = position;
    }

    /** An event that its source knows by no position. */
    public static EncodedEvent of(Event event) {
        return new EncodedEvent(event.encode(), 0);
    }

    public byte[] bytes() {
        return bytes;
    }

    public long position() {
        return position;
    }

    /** Length on the wire, in bytes. */
    public int length() {
        return bytes.length;
    }

    /** One more page is this array; true for the first, which then counts its bytes. */
    boolean hold() {
        return HOLDERS.getAndIncrement(this) == 0;
    }

    /** One page less is this array; true for the last. */
    boolean letGo() {
        return HOLDERS.getAndDecrement(this) == 1;
    }
}
