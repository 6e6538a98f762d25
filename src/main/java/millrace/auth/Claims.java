package millrace.auth;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonConfig;
import jakarta.json.JsonException;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonReaderFactory;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParserFactory;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import millrace.topic.HubUrl;
import millrace.topic.Selector;
import millrace.topic.SelectorException;
import org.jspecify.annotations.Nullable;

/**
 * The claims of a token whose signature has been verified (or, for {@link #issuer} alone, is about to be). A claim of the
 * wrong type makes the token invalid; so does a claim that comes twice, for two readers may not see two tokens.
 */
final class Claims {

    private static final String MERCURE_DETAIL = "https://mercure.rocks/authorization-detail";
    private static final int MAX_DETAILS = 100;
    private static final int MAX_SELECTORS = 100;
    private static final int MAX_SELECTORS_V0 = 1_000;
    private static final int MAX_SELECTOR_BYTES = 4_096;

    /** The end of the year 9999, in seconds since 1970. */
    private static final BigDecimal MAX_TIME = BigDecimal.valueOf(253_402_300_799L);

    private static final JsonParserFactory PARSERS = Json.createParserFactory(Map.of());
    private static final JsonReaderFactory READERS =
            Json.createReaderFactory(Map.of(JsonConfig.KEY_STRATEGY, JsonConfig.KeyStrategy.NONE));

    private final JsonObject claims;

    private Claims(JsonObject claims) {
        this.claims = claims;
    }

    static Claims parse(byte[] payload) throws AccessException {
        String text = new String(payload, StandardCharsets.UTF_8); // a decoder for a stream makes 8 KB of its own
        try (JsonReader reader = READERS.createReader(new StringReader(text));
                JsonParser parser = PARSERS.createParser(new StringReader(text))) {
            JsonObject claims = reader.readObject();
            // the reader does not notice what stands behind the object, and the parser no claim that comes twice
            parser.next();
            parser.skipObject();
            if (parser.hasNext()) {
                throw AccessException.invalidToken("something stands behind the claims");
            }
            return new Claims(claims);
        } catch (JsonException | IllegalStateException | NoSuchElementException notJson) {
            throw AccessException.invalidToken("the claims are no JSON object, or a claim comes twice");
        } catch (RuntimeException tooDeep) {
            // what Parsson throws when values are nested too deeply, and it throws nothing more special
            throw AccessException.invalidToken("the claims cannot be read");
        }
    }

    @Nullable
    String issuer() throws AccessException {
        return text("iss");
    }

    /** Whom the token is about; {@code null} when it does not say. */
    @Nullable
    String subject() throws AccessException {
        String subject = text("sub");
        return subject == null ? text("client_id") : subject;
    }

    /**
     * A moment, RFC 7519 section 2, "NumericDate". It may be any number: many a writer means milliseconds, or a date that
     * never comes. What lies outside of the years 1970 to 9999 is taken for the end that it lies beyond.
     */
    @Nullable
    Instant time(String name) throws AccessException {
        JsonValue value = claims.get(name);
        if (value == null) {
            return null;
        }
        if (!(value instanceof JsonNumber number)) {
            throw AccessException.invalidToken("the claim " + name + " is no number");
        }
        // a part of a second is cut off, so that a stream never ends too late
        BigDecimal seconds = number.bigDecimalValue().min(MAX_TIME).max(BigDecimal.ZERO);
        return Instant.ofEpochSecond(seconds.longValue());
    }

    boolean hasAudience(String audience) throws AccessException {
        JsonValue value = claims.get("aud");
        if (value instanceof JsonString one) {
            return one.getString().equals(audience);
        }
        return value != null && strings(value, "aud").contains(audience);
    }

    /** What a token of 0.x grants: the claim {@code mercure}, or the one whose name is a URL, which wins. */
    MercureClaim mercure() throws AccessException {
        JsonValue value = claims.get("https://mercure.rocks/");
        if (value == null) {
            value = claims.get("mercure");
        }
        if (value == null) {
            return new MercureClaim(Set.of(), Set.of(), null);
        }
        if (!(value instanceof JsonObject mercure)) {
            throw AccessException.invalidToken("the claim mercure is no object");
        }
        return new MercureClaim(
                templates(mercure, "publish"), templates(mercure, "subscribe"), notNull(mercure.get("payload")));
    }

    /** The claim of 0.x. */
    record MercureClaim(
            Set<Selector> publish,
            Set<Selector> subscribe,
            @Nullable JsonValue payload) {}

    private static Set<Selector> templates(JsonObject mercure, String name) throws AccessException {
        JsonValue value = notNull(mercure.get(name));
        if (value == null) {
            return Set.of();
        }
        List<String> texts = strings(value, "mercure." + name);
        if (texts.size() > MAX_SELECTORS_V0) {
            throw AccessException.invalidToken("mercure." + name + " has more than " + MAX_SELECTORS_V0 + " selectors");
        }
        Set<Selector> selectors = new HashSet<>();
        for (String text : texts) {
            try {
                selectors.add(Selector.ofTemplate(checkedLength(text)));
            } catch (SelectorException unusable) {
                throw AccessException.invalidToken("mercure." + name + ": " + unusable.getMessage());
            }
        }
        return selectors;
    }

    /** What a token of 1.0 grants. One bad Mercure entry is a bad token; entries of other types are not ours to judge. */
    List<Grant> authorizationDetails(HubUrl hub) throws AccessException {
        JsonValue value = claims.get("authorization_details");
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof JsonArray details)) {
            throw AccessException.invalidToken("authorization_details is no array");
        }
        List<Grant> grants = new ArrayList<>();
        int selectors = 0;
        for (JsonValue entry : details) {
            if (!(entry instanceof JsonObject detail) || !(detail.get("type") instanceof JsonString type)) {
                throw AccessException.invalidToken("an authorization detail is no object with a type");
            }
            if (type.getString().equals(MERCURE_DETAIL)) {
                JsonArray topics = nonEmptyArray(detail, "topics");
                selectors += topics.size();
                // counted before they are compiled
                if (grants.size() == MAX_DETAILS || selectors > MAX_SELECTORS) {
                    throw AccessException.invalidToken("more than " + MAX_DETAILS + " authorization details or topics");
                }
                grants.add(grant(detail, topics, hub));
            }
        }
        return grants;
    }

    private static Grant grant(JsonObject detail, JsonArray topics, HubUrl hub) throws AccessException {
        List<String> actions = strings(nonEmptyArray(detail, "actions"), "actions");
        Set<Selector> selectors = new HashSet<>();
        for (JsonValue topic : topics) {
            selectors.add(selector(topic, hub));
        }
        JsonValue payload = detail.get("payload");
        if (payload != null && !(payload instanceof JsonObject)) {
            throw AccessException.invalidToken("the payload of an authorization detail is no object");
        }
        return new Grant(actions.contains("publish"), actions.contains("subscribe"), selectors, payload);
    }

    private static Selector selector(JsonValue topic, HubUrl hub) throws AccessException {
        if (!(topic instanceof JsonObject object)
                || !(object.get("match") instanceof JsonString match)
                || match.getString().isEmpty()) {
            throw AccessException.invalidToken("a topic of an authorization detail is no object with a match");
        }
        JsonValue type = object.get("match_type");
        if (type != null && !(type instanceof JsonString)) {
            throw AccessException.invalidToken("the match_type of a topic is no string");
        }
        try {
            String text = checkedLength(match.getString());
            return switch (type == null ? "exact" : ((JsonString) type).getString()) {
                case "exact" -> Selector.ofExact(text);
                case "urlpattern" -> Selector.ofUrlPattern(text, hub);
                default -> throw AccessException.invalidToken("the match_type of a topic is unknown");
            };
        } catch (SelectorException unusable) {
            throw AccessException.invalidToken("a topic of an authorization detail: " + unusable.getMessage());
        }
    }

    private static JsonArray nonEmptyArray(JsonObject detail, String name) throws AccessException {
        if (detail.get(name) instanceof JsonArray array && !array.isEmpty()) {
            return array;
        }
        throw AccessException.invalidToken(name + " of an authorization detail is no array, or empty");
    }

    private static List<String> strings(JsonValue value, String name) throws AccessException {
        List<String> strings = new ArrayList<>();
        if (value instanceof JsonArray array) {
            for (JsonValue item : array) {
                if (!(item instanceof JsonString string)) {
                    throw AccessException.invalidToken(name + " holds something that is no string");
                }
                strings.add(string.getString());
            }
            return strings;
        }
        throw AccessException.invalidToken(name + " is no array");
    }

    private static String checkedLength(String text) throws AccessException {
        if (text.length() > MAX_SELECTOR_BYTES || text.getBytes(StandardCharsets.UTF_8).length > MAX_SELECTOR_BYTES) {
            throw AccessException.invalidToken("a selector has more than " + MAX_SELECTOR_BYTES + " bytes");
        }
        return text;
    }

    private static @Nullable JsonValue notNull(@Nullable JsonValue value) {
        return JsonValue.NULL.equals(value) ? null : value;
    }

    private @Nullable String text(String name) throws AccessException {
        JsonValue value = claims.get(name);
        if (value == null) {
            return null;
        }
        if (value instanceof JsonString string) {
            return string.getString();
        }
        throw AccessException.invalidToken("the claim " + name + " is no string");
    }
}
