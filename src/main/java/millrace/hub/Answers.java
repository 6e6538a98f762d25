package millrace.hub;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import millrace.history.HistoryException;
import org.jspecify.annotations.Nullable;

/** Publishers that wait for their answer. Any thread. */
final class Answers {

    /** For answers to publishers that still wait when everything else has ended. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

    private final Set<Unanswered> unanswered = ConcurrentHashMap.newKeySet();

    private static final class Unanswered {
        final CompletableFuture<?> published;
        final CompletableFuture<Void> answered = new CompletableFuture<>();

        Unanswered(CompletableFuture<?> published) {
            this.published = published;
        }
    }

    /** Calls the answer on a thread of its own, which may block, when it is known how the publish went. */
    <T> void add(CompletableFuture<T> published, BiConsumer<@Nullable T, @Nullable Throwable> answer) {
        Unanswered publisher = new Unanswered(published);
        unanswered.add(publisher);
        var unused = published.whenComplete((stored, failure) -> Thread.ofVirtual()
                .name("hub-answer")
                .start(() -> {
                    try {
                        answer.accept(stored, failure);
                    } finally {
                        unanswered.remove(publisher);
                        publisher.answered.complete(null);
                    }
                }));
    }

    /** Waits until all are answered, for a bounded time each. */
    void close() {
        if (!areAnswered()) {
            // a disk that does not answer: then its publishers are told that nothing is known of their updates
            unanswered.forEach(publisher ->
                    publisher.published.completeExceptionally(new HistoryException("The disk does not answer.")));
            areAnswered();
        }
    }

    private boolean areAnswered() {
        try {
            CompletableFuture.allOf(unanswered.stream()
                            .map(publisher -> publisher.answered)
                            .toArray(CompletableFuture<?>[]::new))
                    .get(LONGEST_WAIT.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException late) {
            return false;
        }
    }
}
