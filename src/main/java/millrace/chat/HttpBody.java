package millrace.chat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response of the JDK's HTTP client, taken piece by piece by one thread. It asks the connection for a few
 * pieces ahead and no more, so a thread that does not take stops the sender. Unlike the JDK's own body stream it can wait
 * with a limit, and it can be closed before the response has come.
 *
 * <p>A piece is a token, often enough, so what is done for each is little: demand is never used up while the thread keeps
 * up (else the client would have to wake its selector), and the thread waits without a timer of its own.
 */
final class HttpBody implements HttpResponse.BodySubscriber<HttpBody>, UpstreamBody {

    private sealed interface Piece {}

    private record Bytes(List<ByteBuffer> buffers) implements Piece {}

    private record End(@Nullable Throwable failure) implements Piece {}

    /** Pieces that may be on their way or wait; each is what one read of the connection brought, up to 48 KiB. */
    private static final int AHEAD = 4;

    private final ScheduledExecutorService clock;

    /** At most {@link #AHEAD} pieces of bytes and the end. */
    private final Queue<Piece> pieces = new ConcurrentLinkedQueue<>();

    /** The taking thread while it waits. */
    private volatile @Nullable Thread waiting;

    /** When it began to (nanoTime); means nothing while nobody waits. */
    private volatile long waitingSince;

    private final ReentrantLock lock = new ReentrantLock();

    // under the lock
    private Flow.@Nullable Subscription subscription;
    private @Nullable Future<?> alarm;
    private boolean closed;

    // of the taking thread
    private int taken;
    private boolean hasAlarm;
    private @Nullable End end;

    /** @param clock wakes who waits for too long; what it runs is short and does not block */
    HttpBody(ScheduledExecutorService clock) {
        this.clock = clock;
    }

    @Override
    public @Nullable List<ByteBuffer> take(Duration limit, @Nullable Duration shorter)
            throws IOException, InterruptedException {
        Piece piece = end != null ? end : pieces.poll();
        return switch (piece != null ? piece : await(limit, shorter)) {
            case Bytes bytes -> {
                if (++taken == AHEAD / 2) {
                    taken = 0;
                    request(AHEAD / 2);
                }
                yield bytes.buffers();
            }
            case End last -> {
                end = last;
                if (last.failure() != null) {
                    throw new IOException("the upstream's answer was cut off", last.failure());
                }
                yield null;
            }
        };
    }

    private Piece await(Duration limit, @Nullable Duration shorter) throws InterruptedException, HttpTimeoutException {
        long since = System.nanoTime();
        waitingSince = since;
        waiting = Thread.currentThread(); // before the queue is looked at: who adds later sees it
        try {
            if (!hasAlarm) {
                hasAlarm = true;
                setAlarm(limit.toNanos(), limit.toNanos());
            }
            while (true) {
                Piece piece = pieces.poll();
                if (piece != null) {
                    return piece;
                }
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                long waited = System.nanoTime() - since;
                Duration over = shorter != null && waited >= shorter.toNanos() ? shorter : limit;
                if (waited >= over.toNanos()) {
                    throw new HttpTimeoutException("the upstream sent nothing for " + over.toSeconds() + " s");
                }
                if (shorter == null) {
                    LockSupport.park(this);
                } else {
                    LockSupport.parkNanos(this, shorter.toNanos() - waited);
                }
            }
        } finally {
            waiting = null;
        }
    }

    /** One alarm for all waits of the same limit: at each it would cost as much as the rest of the wait. */
    private void setAlarm(long nanos, long limit) {
        lock.lock();
        try {
            if (!closed) {
                alarm = clock.schedule(() -> look(limit), nanos, TimeUnit.NANOSECONDS);
            }
        } catch (RejectedExecutionException stopping) {
            // then whoever waits is interrupted
        } finally {
            lock.unlock();
        }
    }

    private void look(long limit) {
        Thread waiter = waiting;
        long left = waiter == null ? limit : limit - (System.nanoTime() - waitingSince);
        if (left <= 0) {
            LockSupport.unpark(waiter); // it looks at the time itself
        }
        setAlarm(left <= 0 ? limit : left, limit);
    }

    private void add(Piece piece) {
        pieces.add(piece);
        Thread waiter = waiting;
        if (waiter != null) {
            LockSupport.unpark(waiter);
        }
    }

    /** Closes the connection unless the body is at its end. From any thread, also before the body begins. */
    @Override
    public void close() {
        Flow.Subscription current;
        lock.lock();
        try {
            closed = true;
            current = subscription;
            if (alarm != null) {
                alarm.cancel(false);
            }
        } finally {
            lock.unlock();
        }
        if (current != null) {
            current.cancel(); // not under our lock: the client has locks of its own
        }
        add(new End(new IOException("closed")));
    }

    @Override
    public void finish(Duration farewell) {
        try {
            var unused = clock.schedule(this::close, farewell.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException stopping) {
            close();
        }
    }

    /** At once: the response counts as arrived with its headers. */
    @Override
    public CompletionStage<HttpBody> getBody() {
        return CompletableFuture.completedFuture(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        boolean late;
        lock.lock();
        try {
            late = closed;
            subscription = given;
        } finally {
            lock.unlock();
        }
        if (late) {
            given.cancel();
        } else {
            given.request(AHEAD);
        }
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        add(new Bytes(buffers));
    }

    @Override
    public void onError(Throwable failure) {
        add(new End(failure));
    }

    @Override
    public void onComplete() {
        add(new End(null));
    }

    private void request(int more) {
        Flow.Subscription current;
        lock.lock();
        try {
            current = subscription;
        } finally {
            lock.unlock();
        }
        if (current != null) {
            current.request(more);
        }
    }
}
