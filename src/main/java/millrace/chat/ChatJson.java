package millrace.chat;

import jakarta.json.JsonConfig;
import jakarta.json.JsonReaderFactory;
import jakarta.json.spi.JsonProvider;
import java.util.Map;

/** The JSON provider of this room, looked up once: each {@code Json.createX} of the API looks it up again. */
final class ChatJson {

    static final JsonProvider PROVIDER = JsonProvider.provider();

    /**
     * Refuses objects with a key twice: the upstream might read the other one, another model for instance than the one
     * that was checked here.
     */
    static final JsonReaderFactory STRICT =
            PROVIDER.createReaderFactory(Map.of(JsonConfig.KEY_STRATEGY, JsonConfig.KeyStrategy.NONE));

    private ChatJson() {}

    /** A text as a JSON string, with its quotes. */
    static String quote(String text) {
        return PROVIDER.createValue(text).toString();
    }
}
