package millrace.stream;

/** Blocking code that feeds a stream, on a virtual thread of its own. Interrupted when the stream ends before it does. */
@FunctionalInterface
public interface Producer {
    void produce(EventSink events) throws Exception;
}
