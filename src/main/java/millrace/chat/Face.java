package millrace.chat;

import millrace.log.CloseReason;
import millrace.stream.EventSink;
import millrace.stream.StreamClosedException;

/**
 * How an answer looks to its client: turns what an upstream says into events. The run, its stops, limits and rights know
 * nothing of it. One for each generation; what sends is called by the generation's thread alone.
 *
 * <p>An answer is any number of chunks, then it is complete, or fails, or is stopped. What fails before anything was sent
 * is told by a status: for the face it is stopped.
 */
public interface Face {

    /** The chunks of the upstream as they came, then {@code [DONE]}. */
    static Face chunks() {
        return new ChunksFace();
    }

    /** The text of each delta, nothing else. */
    static Face text() {
        return new TextFace();
    }

    /** The id of the run that its events will be in; before anything else. */
    default void runs(String runId) {}

    /**
     * May send what there is to say before the upstream is asked.
     *
     * @return whether it did: then the client is told 200, and what the upstream refuses is a failure in the stream
     */
    default boolean begin(EventSink events) throws InterruptedException, StreamClosedException {
        return false;
    }

    /**
     * @param chunk a {@code chat.completion.chunk}, as it came
     * @param says whether it brings text, reasoning or part of a tool call
     */
    void say(String chunk, boolean says, EventSink events) throws InterruptedException, StreamClosedException;

    /** Every choice has its finish reason, and nothing else will come. */
    void complete(EventSink events) throws InterruptedException, StreamClosedException;

    /** It broke off. */
    void fail(ApiError error, EventSink events) throws InterruptedException, StreamClosedException;

    /** Somebody has cancelled it; says so where the face has a word for it. */
    default void cancel(EventSink events) throws InterruptedException, StreamClosedException {}

    /** It has ended, and nothing can be sent any more: the run was stopped, or the client is told a status. */
    default void stopped(CloseReason why) {}

    /** Whether the connection is to break after {@link #fail}, for clients that would take the cut answer for whole. */
    default boolean cutsOnFailure() {
        return true;
    }
}
