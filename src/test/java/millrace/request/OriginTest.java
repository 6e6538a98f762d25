package millrace.request;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Properties;
import millrace.config.Config;
import millrace.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 6454: when two origins are the same, and when a page is of the host that its request was sent to. */
class OriginTest {

    @ParameterizedTest
    @CsvSource({
        "https://x, https://x:443",
        "http://x, http://x:80",
        "https://x, https://x:",
        "https://App.Example, HTTPS://app.example",
        "https://[::1], https://[::1]:443",
        "https://[2001:DB8::1]:8443, https://[2001:db8::1]:8443",
        "ws://x:80, ws://x",
        "wss://x:443, wss://x",
        "capacitor://localhost, capacitor://localhost",
    })
    void theseAreTheSame(String one, String other) {
        assertNotNull(Origin.parse(one));
        assertEquals(Origin.parse(one), Origin.parse(other));
    }

    @ParameterizedTest
    @CsvSource({
        "https://x, http://x",
        "https://x, https://x:80",
        "http://x, http://x:443",
        "https://x, https://x:8443",
        "https://x, https://x.", // a name of its own to a browser
        "https://x, wss://x",
        "https://x, https://sub.x",
        "https://x.example, https://x.example.evil",
    })
    void theseAreNot(String one, String other) {
        assertNotNull(Origin.parse(one));
        assertNotNull(Origin.parse(other));
        assertNotEquals(Origin.parse(one), Origin.parse(other));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "",
                "*",
                "://",
                "https://",
                "https:x",
                "x",
                "//x",
                "https://x/",
                "https://x/path",
                "https://x?q",
                "https://x#f",
                "https://x\\y",
                "https://u@x",
                "https://u:p@x",
                "https://*.x",
                "https://a, https://b",
                "https://a https://b",
                "https://x:port",
                "https://x:65536",
                "https://x:999999",
                "https://x:-1",
                "https://x:1:2",
                "https://::1",
                "https://[::1",
                "https://[x]",
                "1http://x",
                "h ttp://x"
            })
    void theseAreNone(String text) {
        assertNull(Origin.parse(text));
    }

    @ParameterizedTest
    @CsvSource({
        "https://x, x:443",
        "https://x:443, x",
        "http://x, x:80",
        "http://x, X",
        "https://x, x", // behind a proxy that ends TLS
        "http://x:8080, x:8080",
        "http://[::1]:8080, [::1]:8080",
        "https://[::1], [::1]:443",
        "http://x., x.",
        "http://127.0.0.1:9, 127.0.0.1:9",
    })
    void aPageOfTheHostThatWasAskedIsOurOwn(String origin, String host) {
        assertTrue(Origins.isOwn(Origin.parse(origin), host));
    }

    @ParameterizedTest
    @CsvSource({
        "https://x, x:80",
        "http://x, x:443",
        "http://x:8080, x",
        "http://x, x:8080",
        "http://x, x.",
        "http://x, ''",
        "http://localhost, 127.0.0.1",
        "http://x, y",
        "ws://x, x", // no page comes by these
        "capacitor://localhost, localhost",
        "chrome-extension://x, x",
        "ftp://x, x",
    })
    void aPageOfAnotherHostIsNot(String origin, String host) {
        assertFalse(Origins.isOwn(Origin.parse(origin), host));
    }

    @ParameterizedTest
    @CsvSource({
        "https://app.example/page?x=1, https://app.example",
        "https://app.example, https://app.example",
        "https://app.example:443/, https://app.example",
        "https://evil.example/https://app.example/, https://evil.example",
        "https://evil/?https://app.example, https://evil",
        "https://app.example\\@evil, https://app.example", // as browsers read it
    })
    void theOriginOfAnAddress(String address, String origin) {
        assertNotNull(Origin.parse(origin));
        assertEquals(Origin.parse(origin), Origin.ofAddress(address));
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://app.example@evil.example/", "app.example", "", "about:blank", "https://"})
    void anAddressWithoutAnOrigin(String address) {
        assertNull(Origin.ofAddress(address));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*",
                "null",
                "https://app.example/",
                "app.example",
                "https://*.example",
                "https://u@app.example",
                "https://"
            })
    void aSettingThatIsNoExactOriginStopsTheStart(String text) {
        for (String key : new String[] {"millrace.origins", "millrace.hub.origins"}) {
            Properties properties = new Properties();
            properties.setProperty(key, "https://good.example, " + text);
            Config config = Config.load(properties, Map.of(), Map.of());
            ConfigException refused = assertThrows(ConfigException.class, () -> Origins.ofHub(config));
            assertTrue(String.valueOf(refused.getMessage()).startsWith(key + ":"), refused.getMessage());
            assertTrue(String.valueOf(refused.getMessage()).contains("'" + text + "'"), refused.getMessage());
        }
    }

    @Test
    void originsAddedByAServletAreCheckedToo() {
        assertThrows(
                IllegalArgumentException.class,
                () -> Origins.none().and("https://app.example", "https://app.example/"));
    }
}
