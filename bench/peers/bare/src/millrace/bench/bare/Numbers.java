package millrace.bench.bare;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import java.nio.charset.StandardCharsets;

/** A request stream: so many events, all at once or one at each interval. */
final class Numbers extends Reader {

    private final int count;
    private final long between;
    private final long start = System.nanoTime();
    private int taken;
    private byte[] made;

    Numbers(Drainer drainer, AsyncContext context, ServletOutputStream out, int count, long between) {
        super(drainer, context, out);
        this.count = count;
        this.between = between;
    }

    @Override
    byte[] next() {
        if (made == null && taken < count && (between == 0 || System.nanoTime() - start >= taken * between)) {
            made = ("data: " + taken + " " + System.nanoTime() + "\n\n").getBytes(StandardCharsets.US_ASCII);
        }
        return made;
    }

    @Override
    void advance() {
        taken++;
        made = null;
    }

    @Override
    boolean isComplete() {
        return taken == count;
    }

    @Override
    void leave() {
        drainer.paced.remove(this);
    }
}
