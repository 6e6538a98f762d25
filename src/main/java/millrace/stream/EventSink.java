package millrace.stream;

import millrace.sse.Event;

/**
 * Where a producer puts its events. Used by one thread or several; events of one thread stay in order.
 *
 * <p>Blocks while the client is slower than the producer and the window is full: that is the back-pressure.
 */
public interface EventSink {

    /**
     * Sends one event. In a resumable stream the event's own id is replaced by one that names run and position.
     *
     * @throws StreamClosedException once the stream has ended
     * @throws InterruptedException once the stream has ended, if the thread is the producer's own
     */
    void send(Event event) throws StreamClosedException, InterruptedException;

    /** Sends an event of the type {@code message}. */
    default void send(String data) throws StreamClosedException, InterruptedException {
        send(Event.of(data));
    }

    default void send(String type, String data) throws StreamClosedException, InterruptedException {
        send(Event.of(type, data));
    }
}
