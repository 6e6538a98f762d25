package millrace.chat;

import millrace.sse.Event;
import millrace.stream.EventSink;
import millrace.stream.StreamClosedException;

/** OpenAI's chat completions: the chunks of the upstream as they came. */
final class ChunksFace implements Face {

    @Override
    public void say(String chunk, boolean says, EventSink events) throws InterruptedException, StreamClosedException {
        events.send(chunk);
    }

    @Override
    public void complete(EventSink events) throws InterruptedException, StreamClosedException {
        events.send("[DONE]");
    }

    @Override
    public void fail(ApiError error, EventSink events) throws InterruptedException, StreamClosedException {
        events.send(Event.of("error", error.json())); // LangChain4j reads no other
    }
}
