package millrace.chat;

import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import java.io.StringReader;
import millrace.sse.Event;
import millrace.stream.EventSink;
import millrace.stream.StreamClosedException;

/** The plain form: the text of each delta, in whole characters, and nothing else. */
final class TextFace implements Face {

    private final WholeCharacters text = new WholeCharacters();

    @Override
    public void say(String chunk, boolean says, EventSink events) throws InterruptedException, StreamClosedException {
        if (says) {
            send(events, text.add(contentOf(chunk)));
        }
    }

    @Override
    public void complete(EventSink events) throws InterruptedException, StreamClosedException {
        send(events, text.rest());
    }

    @Override
    public void fail(ApiError error, EventSink events) throws InterruptedException, StreamClosedException {
        send(events, text.rest());
        events.send(Event.of("problem", error.toProblem().toJson()));
    }

    private static void send(EventSink events, String text) throws InterruptedException, StreamClosedException {
        if (!text.isEmpty()) {
            events.send(text);
        }
    }

    private static String contentOf(String chunk) {
        try (JsonReader reader = ChatJson.PROVIDER.createReader(new StringReader(chunk))) {
            JsonObject choice = reader.readObject().getJsonArray("choices").getJsonObject(0);
            return choice.getJsonObject("delta").get("content") instanceof JsonString text ? text.getString() : "";
        } catch (RuntimeException otherShape) { // an event that has no text for us, whatever else it is
            return "";
        }
    }
}
