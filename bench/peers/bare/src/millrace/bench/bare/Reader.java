package millrace.bench.bare;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;

/**
 * One open response. The drainer alone writes to it; the container's callback only says that it may be written to again.
 * {@code awaiting} is set before the container is asked, because it may call back before the one who asked has its answer.
 */
abstract class Reader implements WriteListener {

    final Drainer drainer;
    private final AsyncContext context;
    private final ServletOutputStream out;
    private volatile boolean awaiting = true;
    private boolean unflushed = true; // the head of the response
    private boolean ended;

    Reader(Drainer drainer, AsyncContext context, ServletOutputStream out) {
        this.drainer = drainer;
        this.context = context;
        this.out = out;
    }

    /** The next event, or null where there is none now. */
    abstract byte[] next();

    /** The next event was taken. */
    abstract void advance();

    /** Nothing will follow. */
    abstract boolean isComplete();

    /** Nobody reads any more. */
    abstract void leave();

    @Override
    public final void onWritePossible() {
        awaiting = false;
        drainer.woken(this);
    }

    @Override
    public final void onError(Throwable failure) {
        leave();
        complete();
    }

    /** Writes what there is, as long as the container takes it. Called by the drainer. */
    final void drain(byte[] batch) {
        if (ended || awaiting) {
            return;
        }
        try {
            while (true) {
                if (unflushed) {
                    if (!isReady()) {
                        return;
                    }
                    unflushed = false;
                    out.flush();
                }
                byte[] event = next();
                if (event == null) {
                    if (isComplete()) {
                        leave();
                        complete();
                    }
                    return;
                }
                if (!isReady()) {
                    return;
                }
                unflushed = true;
                write(event, batch);
            }
        } catch (IOException | RuntimeException gone) {
            leave();
            complete();
        }
    }

    private void write(byte[] first, byte[] batch) throws IOException {
        advance();
        byte[] event = next();
        if (event == null || first.length + event.length > batch.length) {
            out.write(first, 0, first.length);
            return;
        }
        System.arraycopy(first, 0, batch, 0, first.length);
        int length = first.length;
        do {
            System.arraycopy(event, 0, batch, length, event.length);
            length += event.length;
            advance();
            event = next();
        } while (event != null && length + event.length <= batch.length);
        out.write(batch, 0, length);
    }

    private boolean isReady() {
        awaiting = true;
        if (out.isReady()) {
            awaiting = false;
            return true;
        }
        return false;
    }

    private void complete() {
        ended = true;
        try {
            context.complete();
        } catch (RuntimeException already) {
            // the container was first
        }
    }

    /** Reads a ring from a number on. */
    static final class OfRing extends Reader {
        private final Ring ring;
        private long next;

        OfRing(Drainer drainer, AsyncContext context, ServletOutputStream out, Ring ring, long next) {
            super(drainer, context, out);
            this.ring = ring;
            this.next = next;
        }

        @Override
        byte[] next() {
            return next < ring.end() ? ring.get(next) : null;
        }

        @Override
        void advance() {
            next++;
        }

        @Override
        boolean isComplete() {
            return false;
        }

        @Override
        void leave() {
            ring.readers.remove(this);
        }
    }
}
