package millrace.stream;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Bytes for one reader alone, first in, first out. Any thread adds; the owner of the write loop takes. */
final class OwnBytes {

    private @Nullable ArrayDeque<byte[]> waiting;

    /** Whether there are some: most looks find none, and take no lock. */
    private volatile boolean some;

    synchronized void add(byte[] blocks) {
        if (waiting == null) {
            waiting = new ArrayDeque<>(2);
        }
        waiting.add(blocks);
        some = true;
    }

    byte @Nullable [] poll() {
        return some ? take() : null;
    }

    private synchronized byte @Nullable [] take() {
        byte[] first = waiting == null ? null : waiting.poll();
        some = waiting != null && !waiting.isEmpty();
        if (!some) {
            waiting = null; // most streams have such bytes at their start alone
        }
        return first;
    }

    synchronized void discard() {
        waiting = null;
        some = false;
    }
}
