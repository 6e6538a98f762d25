package millrace.auth;

import static millrace.auth.TestHub.CLOCK;
import static millrace.auth.TestHub.HS256;
import static millrace.auth.TestHub.LATER;
import static millrace.auth.TestHub.NOW;
import static millrace.auth.TestHub.SECRET;
import static millrace.auth.TestHub.bearer;
import static millrace.auth.TestHub.config;
import static millrace.auth.TestHub.nothing;
import static millrace.auth.TestHub.open;
import static millrace.auth.TestHub.openV0;
import static millrace.auth.TestHub.topics;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import millrace.config.ConfigException;
import millrace.topic.Selector;
import millrace.topic.SelectorException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens of 0.x, and everything that does not depend on the dialect. */
class AuthenticatorV0Test {

    private final Authenticator hub = openV0();

    @Test
    void theMercureClaimGrantsPublishingToEveryTopicThatASelectorCovers() throws AccessException {
        Principal principal = read("{\"mercure\":{\"publish\":[\"https://a/{id}\",\"https://b\"]}}");
        assertTrue(principal.mayPublish(topics("https://a/1", "https://b")));
        assertFalse(principal.mayPublish(topics("https://a/1", "https://c")), "every topic must be covered");
        assertFalse(principal.mayPublish(topics()));
    }

    @Test
    void theNamespacedClaimCountsBeforeTheShortOne() throws AccessException {
        Principal principal =
                read("{\"mercure\":{\"publish\":[\"a\"]},\"https://mercure.rocks/\":{\"publish\":[\"b\"]}}");
        assertTrue(principal.mayPublish(topics("b")));
        assertFalse(principal.mayPublish(topics("a")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{}", "{\"mercure\":{}}", "{\"mercure\":{\"publish\":[]}}", "{\"mercure\":{\"publish\":null}}"})
    void withoutPublishSelectorsNothingMayBePublished(String claims) throws AccessException {
        assertFalse(read(claims).mayPublish(topics("a")));
        assertFalse(read(claims).mayPublishSomething());
    }

    @Test
    void privateUpdatesAreSeenByWhoHasASubscribeGrantOnAnyOfTheirTopics() throws AccessException {
        View view = read("{\"mercure\":{\"subscribe\":[\"https://a/users/1/{x}\"],\"publish\":[\"*\"]}}")
                .view();
        assertTrue(view.permits(true, topics("https://a/books/1", "https://a/users/1/books")));
        assertFalse(view.permits(true, topics("https://a/books/1", "https://a/users/2/books")));
        assertTrue(view.permits(false, topics("https://a/books/1")), "public ones by everyone");
    }

    @Test
    void equalGrantsMakeEqualViewsWhateverElseTheTokensSay() throws AccessException {
        View one = read("{\"sub\":\"1\",\"exp\":" + LATER + ",\"mercure\":{\"subscribe\":[\"/a\",\"/{b}\"]}}")
                .view();
        View other = read("{\"sub\":\"2\",\"mercure\":{\"subscribe\":[\"/{b}\",\"/a\",\"/a\"],\"publish\":[\"c\"]}}")
                .view();
        assertEquals(one, other);
        assertEquals(one.hashCode(), other.hashCode());
        assertNotEquals(one, read("{\"mercure\":{\"subscribe\":[\"/a\"]}}").view());
        assertEquals(View.PUBLIC, read("{}").view());
    }

    @Test
    void thePayloadIsToldOfEverySubscription() throws AccessException, SelectorException {
        Principal principal = read("{\"mercure\":{\"payload\":{\"user\":1}}}");
        assertEquals("{\"user\":1}", String.valueOf(principal.payload(Selector.ofTemplate("/{x}"))));
        assertEquals("7", String.valueOf(read("{\"mercure\":{\"payload\":7}}").payload(Selector.everything())));
        assertNull(read("{\"mercure\":{\"payload\":null}}").payload(Selector.everything()));
    }

    @Test
    void theExpiryIsTheEndOfItsStreams() throws AccessException {
        assertEquals(
                Instant.ofEpochSecond(LATER), read("{\"exp\":" + LATER + "}").expiry());
        assertEquals(
                Instant.ofEpochSecond(LATER), read("{\"exp\":" + LATER + ".9}").expiry(), "never too late");
        assertNull(read("{}").expiry());
    }

    @Test
    void anExpiredTokenIsInvalidWithoutGrace() {
        assertInvalid(HS256.sign("{\"exp\":" + NOW.getEpochSecond() + "}"));
        assertInvalid(HS256.sign("{\"exp\":" + (NOW.getEpochSecond() - 1) + "}"));
        assertInvalid(HS256.sign("{\"exp\":0}"));
    }

    /** RFC 7519 names any number: milliseconds, the largest long, a double. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "253402300800", // the year 10000
                "1795000000000",
                "9223372036854775807",
                "18446744073709551616",
                "1e18",
                "1.7976931348623157e308",
                "1e999999999",
                "99999999999999999999999999999999999999.5"
            })
    void anExpiryFarAheadIsNoReasonToRefuse(String seconds) throws AccessException {
        Instant expiry = read("{\"exp\":" + seconds + "}").expiry();
        assertEquals(Instant.parse("9999-12-31T23:59:59Z"), expiry);
        read("{\"exp\":" + seconds + ",\"iat\":" + seconds + ",\"nbf\":-1e300}");
        assertInvalid(HS256.sign("{\"exp\":-" + seconds + "}"));
        assertInvalid(HS256.sign("{\"nbf\":" + seconds + "}"));
    }

    @Test
    void aTokenIsNotValidBeforeItsTimeGiveOrTakeTheClocks() throws AccessException {
        read("{\"nbf\":0}");
        read("{\"nbf\":-1}");
        read("{\"nbf\":" + NOW.getEpochSecond() + ".75}");
        read("{\"nbf\":" + (NOW.getEpochSecond() + 30) + "}");
        assertInvalid(HS256.sign("{\"nbf\":" + (NOW.getEpochSecond() + 31) + "}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"exp\":\"2999\"}",
                "{\"exp\":null}",
                "{\"exp\":{}}",
                "{\"exp\":true}",
                "{\"exp\":-1}",
                "{\"nbf\":\"0\"}",
                "{\"sub\":1}",
                "{\"client_id\":[]}",
                "{\"mercure\":[]}",
                "{\"mercure\":\"*\"}",
                "{\"mercure\":1}",
                "{\"mercure\":null}",
                "{\"mercure\":{\"publish\":\"*\"}}",
                "{\"mercure\":{\"publish\":[1]}}",
                "{\"mercure\":{\"publish\":[null]}}",
                "{\"mercure\":{\"publish\":{\"0\":\"*\"}}}",
                "{\"mercure\":{\"subscribe\":[[\"*\"]]}}",
                "{\"https://mercure.rocks/\":\"x\"}",
                "[]",
                "\"x\"",
                "1",
                "null",
                "",
                "{",
                "{}{}",
                "{} x",
                "not json",
                "{\"exp\":1,\"exp\":9999999999}",
                "{\"mercure\":{\"publish\":[]},\"mercure\":{\"publish\":[\"*\"]}}",
                "{\"mercure\":{\"publish\":[],\"publish\":[\"*\"]}}",
                "{\"mercure\":{\"publish\":[\"{a:9999}\"]}}"
            })
    void claimsOfTheWrongTypeOrTwiceMakeATokenInvalid(String claims) {
        assertInvalid(HS256.sign(claims));
    }

    @Test
    void deeplyNestedClaimsMakeATokenInvalid() {
        assertInvalid(HS256.sign("{\"x\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}"));
    }

    @Test
    void moreThanAThousandSelectorsMakeATokenInvalid() throws AccessException {
        read("{\"mercure\":{\"publish\":[\"a\"" + ",\"a\"".repeat(999) + "]}}");
        assertInvalid(HS256.sign("{\"mercure\":{\"publish\":[\"a\"" + ",\"a\"".repeat(1_000) + "]}}"));
        assertInvalid(HS256.sign("{\"mercure\":{\"publish\":[\"" + "a".repeat(4_097) + "\"]}}"));
    }

    @Test
    void anOversizedTokenIsInvalid() {
        assertInvalid(HS256.sign("{\"x\":\"" + "a".repeat(TokenReader.MAX_CHARACTERS) + "\"}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"alg\":\"none\"}",
                "{\"alg\":\"None\"}",
                "{\"alg\":\"NONE\"}",
                "{\"alg\":\"nOnE\"}",
                "{\"alg\":\"\"}",
                "{\"alg\":null}",
                "{}",
                "{\"alg\":1}"
            })
    void aTokenWithoutAnAlgorithmIsInvalidSignedOrNot(String header) {
        String signed = HS256.sign(header, "{\"mercure\":{\"publish\":[\"*\"]}}");
        assertInvalid(signed);
        assertInvalid(signed.substring(0, signed.lastIndexOf('.') + 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"RS256", "ES256", "EdDSA"})
    void aPublicKeyIsNeverTakenForASecret(String algorithm) throws GeneralSecurityException {
        Signer real = Signer.pair(algorithm);
        Authenticator asymmetric = open("millrace.hub.publisher-key", real.pem());
        for (String secret : new String[] {real.pem(), real.pem() + "\n", real.jwk("")}) {
            assertInvalid(asymmetric, Signer.secret("HS256", secret).sign("{}"));
        }
        assertInvalid(
                asymmetric,
                Signer.secret("HS256", real.pair().getPublic().getEncoded()).sign("{}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
    void eachAlgorithmVerifiesWithAPemKeyAndWithAJwk(String algorithm) throws Exception {
        Signer signer = Signer.pair(algorithm);
        for (String key :
                new String[] {signer.pem(), signer.jwk(""), "{\"keys\":[" + signer.jwk(",\"kid\":\"1\"") + "]}"}) {
            Authenticator asymmetric =
                    open("millrace.hub.publisher-key", key, "millrace.hub.algorithms", "HS256, " + algorithm);
            assertTrue(asymmetric
                    .authenticate(bearer(signer.sign("{\"mercure\":{\"publish\":[\"*\"]}}")), Purpose.PUBLISH)
                    .mayPublish(topics("a")));
            assertInvalid(asymmetric, Signer.pair(algorithm).sign("{}"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"HS256", "HS384", "HS512"})
    void secretsVerifyWithTheAlgorithmsThatTheyAreLongEnoughFor(String algorithm) throws AccessException {
        String secret = "s".repeat(64);
        Authenticator symmetric =
                open("millrace.hub.publisher-key", secret, "millrace.hub.algorithms", "HS256, HS384, HS512");
        symmetric.authenticate(bearer(Signer.secret(algorithm, secret).sign("{}")), Purpose.PUBLISH);
        Authenticator shorter =
                open("millrace.hub.publisher-key", "s".repeat(32), "millrace.hub.algorithms", "HS256, HS384, HS512");
        if (!algorithm.equals("HS256")) {
            assertInvalid(shorter, Signer.secret(algorithm, "s".repeat(32)).sign("{}"));
        }
    }

    @Test
    void anAlgorithmThatIsNotAllowedIsInvalidThoughTheKeyFits() {
        assertInvalid(Signer.secret("HS512", SECRET + SECRET).sign("{}"));
        assertInvalid(
                open("millrace.hub.publisher-key", SECRET + SECRET),
                Signer.secret("HS384", SECRET + SECRET).sign("{}"));
    }

    @Test
    void aKeyBoundToOneAlgorithmIsNotUsedForAnother() throws GeneralSecurityException {
        Signer rs256 = Signer.pair("RS256");
        Authenticator bound = open(
                "millrace.hub.publisher-key",
                rs256.jwk(",\"alg\":\"RS256\""),
                "millrace.hub.algorithms",
                "RS256, PS256");
        assertInvalid(bound, new Signer("PS256", new byte[0], rs256.pair()).sign("{}"));
    }

    @Test
    void aKeyInTheTokenIsIgnored() throws Exception {
        Signer attacker = Signer.pair("ES256");
        Authenticator asymmetric =
                open("millrace.hub.publisher-key", Signer.pair("ES256").pem());
        String certificate = Signer.base64(new byte[100]);
        for (String more : new String[] {
            "\"jwk\":" + attacker.jwk(""),
            "\"jwk\":" + attacker.jwk(",\"kid\":\"1\"") + ",\"kid\":\"1\"",
            "\"jku\":\"http://127.0.0.1:1/jwks.json\"",
            "\"x5u\":\"http://127.0.0.1:1/cert\"",
            "\"x5c\":[\"" + certificate + "\"]",
            "\"x5t\":\"x\""
        }) {
            assertInvalid(asymmetric, attacker.sign("{\"alg\":\"ES256\"," + more + "}", "{}"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../../../dev/null",
                "/dev/null",
                "file:///etc/passwd",
                "' OR 1=1",
                "http://127.0.0.1/",
                "\\u0000",
                "a",
                ""
            })
    void aKeyIdIsANameAndNothingElse(String kid) throws GeneralSecurityException {
        Signer attacker = Signer.secret("HS256", new byte[32]);
        Authenticator named = open(
                "millrace.hub.publisher-key", Signer.secret("HS256", SECRET).jwk(",\"kid\":\"real\""));
        assertInvalid(named, attacker.sign("{\"alg\":\"HS256\",\"kid\":\"" + kid + "\"}", "{}"));
        assertInvalid(named, HS256.sign("{\"alg\":\"HS256\",\"kid\":\"" + kid + "\"}", "{}"));
    }

    @Test
    void aKeyIdThatFitsOrNoneIsTaken() throws AccessException {
        Authenticator named = open("millrace.hub.publisher-key", HS256.jwk(",\"kid\":\"real\""));
        named.authenticate(bearer(HS256.sign("{\"alg\":\"HS256\",\"kid\":\"real\"}", "{}")), Purpose.PUBLISH);
        named.authenticate(bearer(HS256.sign("{}")), Purpose.PUBLISH);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
                "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}",
                "{\"alg\":\"HS256\",\"b64\":false}",
                "{\"alg\":\"HS256\",\"crit\":[]}",
                "{\"alg\":\"HS256\",\"crit\":\"x\"}"
            })
    void aHeaderThatDemandsAnExtensionIsInvalid(String header) {
        assertInvalid(HS256.sign(header, "{}"));
    }

    @Test
    void aChangedTokenIsInvalid() {
        String token = HS256.sign("{\"mercure\":{\"publish\":[\"a\"]}}");
        String[] parts = token.split("\\.");
        String other = Signer.base64("{\"mercure\":{\"publish\":[\"*\"]}}".getBytes(StandardCharsets.UTF_8));
        assertInvalid(parts[0] + "." + other + "." + parts[2]);
        assertInvalid(parts[0] + "." + parts[1] + ".");
        assertInvalid(parts[0] + "." + parts[1] + "." + parts[2] + ".");
        assertInvalid(parts[0] + "." + parts[1]);
        assertInvalid(token + "=");
        assertInvalid(token + "!");
        assertInvalid("." + token);
        assertInvalid(token.substring(0, token.length() - 4));
        assertInvalid("a.b.c");
        assertInvalid("..");
        assertInvalid("x");
        assertInvalid(parts[0] + "." + parts[1] + ".a.b.c");
    }

    @Test
    void publishersAndSubscribersMayHaveDifferentKeys() throws AccessException {
        Signer other = Signer.secret("HS256", "another secret, also of more than 32 bytes");
        Authenticator two = open(
                "millrace.hub.publisher-key",
                SECRET,
                "millrace.hub.subscriber-key",
                "another secret, also of more than 32 bytes");
        two.authenticate(bearer(HS256.sign("{}")), Purpose.PUBLISH);
        two.authenticate(bearer(other.sign("{}")), Purpose.SUBSCRIBE);
        assertThrows(AccessException.class, () -> two.authenticate(bearer(HS256.sign("{}")), Purpose.SUBSCRIBE));
        assertThrows(AccessException.class, () -> two.authenticate(bearer(other.sign("{}")), Purpose.PUBLISH));
        hub.authenticate(bearer(HS256.sign("{}")), Purpose.SUBSCRIBE);
    }

    @Test
    void theSubjectIsAHashThatTellsOneFromAnother() throws AccessException {
        String one = read("{\"sub\":\"alice\",\"exp\":" + LATER + "}").subject();
        assertEquals(one, read("{\"sub\":\"alice\"}").subject());
        assertNotEquals(one, read("{\"sub\":\"bob\"}").subject());
        assertEquals(22, String.valueOf(one).length());
        assertEquals(
                read("{\"client_id\":\"x\"}").subject(),
                read("{\"client_id\":\"x\",\"jti\":\"2\"}").subject());
        assertNotEquals(
                read("{\"jti\":\"1\"}").subject(), read("{\"jti\":\"2\"}").subject(), "without one by token");
    }

    @Test
    void withoutATokenOneIsAnonymousAndMayDoNothingUnlessASettingSaysSo() throws AccessException {
        Principal anonymous = hub.authenticate(nothing(), Purpose.SUBSCRIBE);
        assertTrue(anonymous.isAnonymous());
        AccessException refusal = assertThrows(AccessException.class, () -> hub.requireSubscribe(anonymous));
        assertEquals(401, refusal.problem().status());
        assertEquals("Bearer resource_metadata=\"https://m\"", refusal.challenge("https://m"));
        assertEquals("Bearer", refusal.challenge(null));
        Authenticator open = open("millrace.hub.publisher-key", SECRET, "millrace.hub.anonymous", "true");
        Principal visitor = open.authenticate(nothing(), Purpose.SUBSCRIBE);
        open.requireSubscribe(visitor);
        assertEquals(View.PUBLIC, visitor.view());
        assertFalse(visitor.mayPublish(topics("a")));
    }

    @Test
    void aMissingGrantIs403AndAMissingTokenIs401() throws AccessException {
        Principal known = read("{\"mercure\":{\"publish\":[\"a\"]}}");
        AccessException forbidden =
                assertThrows(AccessException.class, () -> hub.requirePublish(known, topics("a", "b")));
        assertEquals(403, forbidden.problem().status());
        assertEquals(
                "Bearer error=\"insufficient_scope\", resource_metadata=\"https://m\"",
                forbidden.challenge("https://m"));
        Principal anonymous = hub.authenticate(nothing(), Purpose.PUBLISH);
        assertEquals(
                401,
                assertThrows(AccessException.class, () -> hub.requirePublish(anonymous, topics("a")))
                        .problem()
                        .status());
    }

    @Test
    void withoutAnyKeyPublishingIs403AndNamesTheSetting() throws AccessException {
        Authenticator none = open();
        Principal anonymous = none.authenticate(nothing(), Purpose.PUBLISH);
        AccessException off = assertThrows(AccessException.class, () -> none.requirePublish(anonymous, topics("a")));
        assertEquals(403, off.problem().status());
        assertTrue(
                off.problem().detail().contains("millrace.hub.publisher-key"),
                off.problem().detail());
    }

    @Test
    void whatIsSaidOfABadTokenIsTheSameForAllReasons() {
        Set<String> answers = new java.util.HashSet<>();
        for (String token : List.of(
                "x",
                HS256.sign("{\"exp\":1}"),
                HS256.sign("{\"mercure\":1}"),
                HS256.sign("{\"alg\":\"RS256\"}", "{}"))) {
            AccessException refusal = assertInvalid(token);
            answers.add(refusal.problem().toJson() + refusal.challenge("https://m"));
            assertFalse(refusal.reason().isEmpty());
        }
        assertEquals(1, answers.size(), answers.toString());
    }

    @Test
    void demoTokensAreTakenInDemoModeAndEndSoon() throws AccessException {
        DemoTokens demo = new DemoTokens(CLOCK);
        String token = demo.issue(
                "visitor",
                List.of("/demo/{x}"),
                List.of("*"),
                Json.createObjectBuilder().add("n", 1).build(),
                Duration.ofMinutes(5));
        Authenticator demoHub = Authenticator.open(config("millrace.hub.protocol", "1.0"), CLOCK, demo);
        Principal visitor = demoHub.authenticate(bearer(token), Purpose.PUBLISH);
        assertTrue(visitor.mayPublish(topics("/demo/a")));
        assertFalse(visitor.mayPublish(topics("/other")));
        assertTrue(visitor.view().permits(true, topics("x")));
        assertEquals("{\"n\":1}", String.valueOf(visitor.payload(Selector.everything())));
        assertEquals(NOW.plusSeconds(300), visitor.expiry());
        demoHub.requireSubscribe(demoHub.authenticate(nothing(), Purpose.SUBSCRIBE));
        assertInvalid(hub, token);
        assertInvalid(Authenticator.open(config(), CLOCK, new DemoTokens(CLOCK)), token);
        Authenticator tomorrow = Authenticator.open(config(), () -> NOW.plus(Duration.ofMinutes(5)), demo);
        assertInvalid(tomorrow, token);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "short",
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
                "{\"keys\":[]}",
                "{\"kty\":\"oct\"}",
                "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAA\"}",
                "file:/does/not/exist",
                "http://keys.example/jwks",
                "-----BEGIN "
            })
    void aKeyThatCannotBeUsedStopsTheStartAndIsNotShown(String key) {
        ConfigException refusal = assertThrows(ConfigException.class, () -> open("millrace.hub.publisher-key", key));
        assertTrue(
                String.valueOf(refusal.getMessage()).startsWith("millrace.hub.publisher-key: "), refusal.getMessage());
        assertFalse(String.valueOf(refusal.getMessage()).contains("AAAA"), refusal.getMessage());
    }

    @Test
    void weakOrUnfitKeysAreRefused() throws Exception {
        Signer signer = Signer.pair("ES256");
        for (String more : new String[] {",\"use\":\"enc\"", ",\"key_ops\":[\"encrypt\"]", ",\"alg\":\"ES384\""}) {
            assertThrows(ConfigException.class, () -> open("millrace.hub.publisher-key", signer.jwk(more)), more);
        }
        var generator = java.security.KeyPairGenerator.getInstance("RSA");
        generator.initialize(1024);
        Signer weak = new Signer("RS256", new byte[0], generator.generateKeyPair());
        assertThrows(ConfigException.class, () -> open("millrace.hub.publisher-key", weak.pem()));
    }

    @Test
    void anUnknownAlgorithmOrNoneInTheAllowListStopsTheStart() {
        assertThrows(ConfigException.class, () -> open("millrace.hub.algorithms", "none"));
        assertThrows(ConfigException.class, () -> open("millrace.hub.algorithms", "HS256, RS1"));
        assertThrows(ConfigException.class, () -> open("millrace.hub.protocol", "2.0"));
        assertThrows(ConfigException.class, () -> open("millrace.hub.url", "/relative"));
    }

    private Principal read(String claims) throws AccessException {
        return hub.authenticate(bearer(HS256.sign(claims)), Purpose.PUBLISH);
    }

    private AccessException assertInvalid(String token) {
        return assertInvalid(hub, token);
    }

    static AccessException assertInvalid(Authenticator authenticator, String token) {
        AccessException refusal = assertThrows(
                AccessException.class, () -> authenticator.authenticate(bearer(token), Purpose.PUBLISH), token);
        assertEquals(AccessException.Cause.INVALID_TOKEN, refusal.why(), refusal.reason());
        assertEquals(401, refusal.problem().status());
        assertEquals("Bearer error=\"invalid_token\"", refusal.challenge(null));
        return refusal;
    }
}
