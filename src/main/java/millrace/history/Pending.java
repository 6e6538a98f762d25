package millrace.history;

import java.util.concurrent.CompletableFuture;

/** An update on its way to the disk. */
final class Pending {
    final Update update;
    final byte[] event;

    /** As it stands in a {@link Frame}. */
    final byte[] record;

    final CompletableFuture<Stored> future = new CompletableFuture<>();

    Pending(Update update, byte[] event, byte[] record) {
        this.update = update;
        this.event = event;
        this.record = record;
    }
}
