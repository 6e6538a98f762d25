package millrace.auth;

import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import millrace.config.Config;
import millrace.topic.Topic;

/** What the tests of this room begin with. */
final class TestHub {

    static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    static final long LATER = NOW.getEpochSecond() + 60;
    static final InstantSource CLOCK = InstantSource.fixed(NOW);
    static final String SECRET = "a secret of more than 32 bytes, for tests";
    static final Signer HS256 = Signer.secret("HS256", SECRET);
    static final String HUB = "https://hub.example/.well-known/mercure";

    private TestHub() {}

    static Config config(String... keysAndValues) {
        Properties properties = new Properties();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            properties.setProperty(keysAndValues[i], keysAndValues[i + 1]);
        }
        return Config.load(properties, Map.of(), Map.of());
    }

    static Authenticator open(String... keysAndValues) {
        return Authenticator.open(config(keysAndValues), CLOCK, null);
    }

    /** A hub with one key for 0.x. */
    static Authenticator openV0() {
        return open("millrace.hub.publisher-key", SECRET);
    }

    static AccessRequest bearer(String token) {
        return request(Map.of("authorization", List.of("Bearer " + token)));
    }

    static AccessRequest nothing() {
        return request(Map.of());
    }

    /** Keys: authorization, url, forged, and the names of the cookies. */
    static AccessRequest request(Map<String, List<String>> parts) {
        Map<String, List<String>> cookies = new HashMap<>(parts);
        cookies.keySet().retainAll(List.of(AccessRequest.COOKIE_V0, AccessRequest.COOKIE_V1));
        return new AccessRequest(
                parts.containsKey("forged"),
                parts.getOrDefault("authorization", List.of()),
                cookies,
                parts.getOrDefault("url", List.of()),
                null);
    }

    static List<Topic> topics(String... texts) {
        return List.of(texts).stream().map(Topic::of).toList();
    }
}
