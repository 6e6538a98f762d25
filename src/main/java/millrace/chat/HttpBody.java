package millrace.chat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response of the JDK's HTTP client, taken piece by piece by one thread. It asks the connection for the
 * next piece only when the last was taken, so a thread that does not take stops the sender. Unlike the JDK's own body
 * stream it can wait with a limit, and it can be closed before the response has come.
 */
final class HttpBody implements HttpResponse.BodySubscriber<HttpBody>, AutoCloseable {

    private sealed interface Piece {}

    private record Bytes(List<ByteBuffer> buffers) implements Piece {}

    private record End(@Nullable Throwable failure) implements Piece {}

    /** At most one piece of bytes and the end: no more are asked for. */
    private final BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();

    private final ReentrantLock lock = new ReentrantLock();

    // under the lock
    private Flow.@Nullable Subscription subscription;
    private boolean closed;

    // of the taking thread
    private @Nullable End end;

    /**
     * Waits for the next bytes; {@code null} when the body has come to its proper end.
     *
     * @throws HttpTimeoutException when none came in that time
     * @throws IOException when the connection broke, or this was closed
     */
    @Nullable
    List<ByteBuffer> take(Duration limit) throws IOException, InterruptedException {
        Piece piece = end != null ? end : pieces.poll(limit.toNanos(), TimeUnit.NANOSECONDS);
        return switch (piece) {
            case null -> throw new HttpTimeoutException("the upstream sent nothing for " + limit.toSeconds() + " s");
            case Bytes bytes -> {
                request();
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

    /** Closes the connection unless the body is at its end. From any thread, also before the body begins. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (subscription != null) {
                subscription.cancel();
            }
        } finally {
            lock.unlock();
        }
        pieces.add(new End(new IOException("closed")));
    }

    /**
     * Gives the body that long to come to its end, so that the connection can be used again, and closes it then. Does not
     * wait.
     */
    void finish(Duration farewell) {
        CompletableFuture.delayedExecutor(farewell.toNanos(), TimeUnit.NANOSECONDS, Runnable::run)
                .execute(this::close);
    }

    /** At once: the response counts as arrived with its headers. */
    @Override
    public CompletionStage<HttpBody> getBody() {
        return CompletableFuture.completedFuture(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        lock.lock();
        try {
            if (closed) {
                given.cancel();
                return;
            }
            subscription = given;
        } finally {
            lock.unlock();
        }
        given.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        pieces.add(new Bytes(buffers));
    }

    @Override
    public void onError(Throwable failure) {
        pieces.add(new End(failure));
    }

    @Override
    public void onComplete() {
        pieces.add(new End(null));
    }

    private void request() {
        Flow.Subscription current;
        lock.lock();
        try {
            current = subscription;
        } finally {
            lock.unlock();
        }
        if (current != null) {
            current.request(1);
        }
    }
}
