package millrace.chat;

import jakarta.json.spi.JsonProvider;

/** The JSON provider of this room, looked up once: each {@code Json.createX} of the API looks it up again. */
final class ChatJson {

    static final JsonProvider PROVIDER = JsonProvider.provider();

    private ChatJson() {}

    /** A text as a JSON string, with its quotes. */
    static String quote(String text) {
        return PROVIDER.createValue(text).toString();
    }
}
