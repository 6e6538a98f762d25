package millrace.auth;

import static millrace.auth.AuthenticatorV0Test.assertInvalid;
import static millrace.auth.TestHub.CLOCK;
import static millrace.auth.TestHub.HUB;
import static millrace.auth.TestHub.LATER;
import static millrace.auth.TestHub.NOW;
import static millrace.auth.TestHub.SECRET;
import static millrace.auth.TestHub.bearer;
import static millrace.auth.TestHub.config;
import static millrace.auth.TestHub.open;
import static millrace.auth.TestHub.topics;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import millrace.config.ConfigException;
import millrace.topic.HubUrl;
import millrace.topic.Selector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Access tokens of 1.0. */
class AuthenticatorV1Test {

    private static final String HEADER = "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"}";
    private static final String MERCURE = "\"type\":\"https://mercure.rocks/authorization-detail\"";

    @TempDir
    private Path folder;

    private Signer issuer;
    private Signer otherIssuer;
    private Authenticator hub;

    @BeforeEach
    void openHubWithTwoIssuers() throws Exception {
        issuer = Signer.pair("EdDSA");
        otherIssuer = Signer.pair("EdDSA");
        Files.writeString(folder.resolve("one.json"), "{\"keys\":[" + issuer.jwk("") + "]}");
        Files.writeString(folder.resolve("two.json"), "{\"keys\":[" + otherIssuer.jwk("") + "]}");
        hub = open(
                "millrace.hub.url", HUB,
                "millrace.hub.publisher-key", SECRET,
                "millrace.hub.issuers",
                        "https://one.example file:" + folder.resolve("one.json") + ", https://two.example file:"
                                + folder.resolve("two.json"));
    }

    @AfterEach
    void closeHub() {
        hub.close();
    }

    @Test
    void authorizationDetailsGrantWhatTheySay() throws Exception {
        Principal principal = read(
                "{" + MERCURE
                        + ",\"actions\":[\"publish\"],\"topics\":[{\"match\":\"https://a/1\"},{\"match\":\"https://b/:x/*\",\"match_type\":\"urlpattern\"}]},"
                        + "{" + MERCURE
                        + ",\"actions\":[\"subscribe\"],\"topics\":[{\"match\":\"/mine/:id\",\"match_type\":\"urlpattern\"}],\"payload\":{\"n\":1}}");
        assertTrue(principal.mayPublish(topics("https://a/1", "https://b/x/y")));
        assertFalse(principal.mayPublish(topics("https://a/2")));
        assertFalse(principal.mayPublish(topics("/mine/1")), "subscribing is not publishing");
        assertTrue(principal.view().permits(true, topics("https://hub.example/mine/7")));
        assertFalse(principal.view().permits(true, topics("https://a/1")));
        assertEquals(Dialect.V1, principal.dialect());
    }

    @Test
    void exactMeansExact() throws Exception {
        Principal principal = read("{" + MERCURE
                + ",\"actions\":[\"publish\"],\"topics\":[{\"match\":\"https://a/{x}\",\"match_type\":\"exact\"}]}");
        assertTrue(principal.mayPublish(topics("https://a/{x}")));
        assertFalse(principal.mayPublish(topics("https://a/1")));
        assertFalse(principal.mayPublish(topics("https://a/%7Bx%7D")));
    }

    @Test
    void aStarGrantsEveryTopicInBothTypes() throws Exception {
        for (String type : new String[] {"exact", "urlpattern"}) {
            assertTrue(read("{" + MERCURE + ",\"actions\":[\"publish\"],\"topics\":[{\"match\":\"*\",\"match_type\":\""
                            + type + "\"}]}")
                    .mayPublish(topics("not a url at all")));
        }
    }

    @Test
    void thePayloadIsThatOfTheFirstSubscribeDetailWhoseTopicsMatchTheSelectorsText() throws Exception {
        Principal principal = read("{" + MERCURE
                + ",\"actions\":[\"publish\"],\"topics\":[{\"match\":\"*\"}],\"payload\":{\"n\":0}},"
                + "{" + MERCURE + ",\"actions\":[\"subscribe\"],\"topics\":[{\"match\":\"/a\"}],\"payload\":{\"n\":1}},"
                + "{" + MERCURE + ",\"actions\":[\"subscribe\"],\"topics\":[{\"match\":\"*\"}],\"payload\":{\"n\":2}}");
        HubUrl url = HubUrl.of(HUB);
        assertEquals("{\"n\":1}", String.valueOf(principal.payload(Selector.ofExact("/a"))));
        assertEquals("{\"n\":2}", String.valueOf(principal.payload(Selector.ofUrlPattern("/:x", url))));
        assertNull(read("{" + MERCURE + ",\"actions\":[\"subscribe\"],\"topics\":[{\"match\":\"/a\"}]}")
                .payload(Selector.ofExact("/a")));
    }

    @Test
    void unknownActionsAndDetailsOfOtherTypesAreIgnored() throws Exception {
        Principal principal = read("{\"type\":\"payment\",\"topics\":7,\"actions\":null},"
                + "{" + MERCURE + ",\"actions\":[\"fly\",\"publish\"],\"topics\":[{\"match\":\"a\",\"more\":1}]},"
                + "{" + MERCURE + ",\"actions\":[\"fly\"],\"topics\":[{\"match\":\"b\"}]}");
        assertTrue(principal.mayPublish(topics("a")));
        assertFalse(principal.mayPublish(topics("b")));
        assertFalse(principal.view().permits(true, topics("b")));
    }

    @Test
    void aTokenWithoutDetailsGrantsNothingAndMaySubscribe() throws Exception {
        Principal principal = hub.authenticate(bearer(issuer.sign(HEADER, claims(""))), Purpose.SUBSCRIBE);
        assertTrue(principal.maySubscribe());
        assertEquals(View.PUBLIC, principal.view());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{MERCURE}",
                "{MERCURE,\"actions\":[],\"topics\":[{\"match\":\"a\"}]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[]}",
                "{MERCURE,\"actions\":[\"publish\"]}",
                "{MERCURE,\"topics\":[{\"match\":\"a\"}]}",
                "{MERCURE,\"actions\":\"publish\",\"topics\":[{\"match\":\"a\"}]}",
                "{MERCURE,\"actions\":[1],\"topics\":[{\"match\":\"a\"}]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[\"a\"]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[null]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":{\"match\":\"a\"}}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{}]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{\"match\":1}]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{\"match\":\"\"}]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{\"match\":\"a\",\"match_type\":\"Exact\"}]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{\"match\":\"a\",\"match_type\":null}]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{\"match\":\"a\",\"match_type\":\"regexp\"}]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{\"match\":\"/(\",\"match_type\":\"urlpattern\"}]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{\"match\":\"a\\u0000\"}]}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{\"match\":\"a\"}],\"payload\":1}",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{\"match\":\"a\"}],\"payload\":null}",
                "{\"type\":1}",
                "{\"type\":null}",
                "{}",
                "1",
                "null",
                "\"x\"",
                "[]",
                "{MERCURE,\"actions\":[\"publish\"],\"topics\":[{\"match\":\"a\",\"match\":\"*\"}]}"
            })
    void oneBadDetailMakesTheWholeTokenInvalid(String detail) {
        String good = "{" + MERCURE + ",\"actions\":[\"publish\"],\"topics\":[{\"match\":\"a\"}]}";
        assertInvalid(
                hub,
                issuer.sign(
                        HEADER,
                        claims(",\"authorization_details\":[" + good + "," + detail.replace("MERCURE", MERCURE)
                                + "]")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "\"x\"", "1", "null", "true"})
    void authorizationDetailsAreAnArray(String details) {
        assertInvalid(hub, issuer.sign(HEADER, claims(",\"authorization_details\":" + details)));
    }

    @Test
    void atMostAHundredDetailsAndAHundredTopicsAreTaken() throws Exception {
        String detail = "{" + MERCURE + ",\"actions\":[\"publish\"],\"topics\":[{\"match\":\"a\"}]}";
        read(detail + ("," + detail).repeat(99));
        assertInvalid(
                hub,
                issuer.sign(
                        HEADER, claims(",\"authorization_details\":[" + detail + ("," + detail).repeat(100) + "]")));
        String many = "{" + MERCURE + ",\"actions\":[\"publish\"],\"topics\":[{\"match\":\"a\"}"
                + ",{\"match\":\"a\"}".repeat(100) + "]}";
        assertInvalid(hub, issuer.sign(HEADER, claims(",\"authorization_details\":[" + many + "]")));
        read("{\"type\":\"other\"}" + ",{\"type\":\"other\"}".repeat(150));
    }

    @Test
    void aKeyIsBoundToItsIssuer() throws Exception {
        assertInvalid(hub, otherIssuer.sign(HEADER, claims("")));
        hub.authenticate(
                bearer(otherIssuer.sign(HEADER, claims("").replace("one.example", "two.example"))), Purpose.PUBLISH);
        assertInvalid(hub, issuer.sign(HEADER, claims("").replace("one.example", "two.example")));
        assertInvalid(hub, issuer.sign(HEADER, claims("").replace("one.example", "three.example")));
        assertInvalid(hub, issuer.sign(HEADER, claims("").replace("https://one.example", "https://one.example/")));
        assertInvalid(hub, issuer.sign(HEADER, claims("").replace("\"https://one.example\"", "1")));
        assertInvalid(hub, issuer.sign(HEADER, claims("").replace("\"iss\"", "\"ISS\"")));
    }

    @Test
    void keysOfOneDialectAreNotKeysOfTheOther() {
        Signer secret = Signer.secret("HS256", SECRET);
        assertInvalid(hub, secret.sign("{\"typ\":\"at+jwt\",\"alg\":\"HS256\"}", claims("")));
        assertInvalid(hub, issuer.sign("{\"alg\":\"EdDSA\"}", "{\"mercure\":{\"publish\":[\"*\"]}}"));
        assertInvalid(hub, issuer.sign("{\"typ\":\"JWT\",\"alg\":\"EdDSA\"}", claims("")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"})
    void theTypeIsComparedWithoutCase(String type) throws Exception {
        hub.authenticate(
                bearer(issuer.sign("{\"typ\":\"" + type + "\",\"alg\":\"EdDSA\"}", claims(""))), Purpose.PUBLISH);
    }

    @Test
    void theAudienceIsTheHub() throws Exception {
        for (String audience : new String[] {
            "\"https://hub.example/\"",
            "[]",
            "\"\"",
            "1",
            "null",
            "[1]",
            "{}",
            "[\"https://other.example\"]",
            "[\"" + HUB + "\",1]"
        }) {
            assertInvalid(hub, issuer.sign(HEADER, claims("").replace("\"" + HUB + "\"", audience)));
        }
        assertInvalid(hub, issuer.sign(HEADER, claims("").replace("\"aud\"", "\"audience\"")));
        hub.authenticate(
                bearer(issuer.sign(HEADER, claims("").replace("\"" + HUB + "\"", "[\"x\",\"" + HUB + "\"]"))),
                Purpose.PUBLISH);
    }

    @Test
    void anExpiryIsNeededAndLiesInTheFuture() {
        assertInvalid(hub, issuer.sign(HEADER, claims("").replace("\"exp\"", "\"expires\"")));
        assertInvalid(hub, issuer.sign(HEADER, claims("").replace("" + LATER, "" + NOW.getEpochSecond())));
        assertInvalid(hub, issuer.sign(HEADER, claims(",\"nbf\":" + LATER)));
    }

    @Test
    void aDialectThatIsSwitchedOffIsInvalid() {
        try (Authenticator old = open("millrace.hub.protocol", "0.x", "millrace.hub.publisher-key", SECRET);
                Authenticator modern = Authenticator.open(
                        config("millrace.hub.protocol", "1.0", "millrace.hub.publisher-key", SECRET), CLOCK, null)) {
            assertInvalid(old, issuer.sign(HEADER, claims("")));
            assertInvalid(modern, Signer.secret("HS256", SECRET).sign("{}"));
        }
    }

    @Test
    void issuersNeedTheHubsUrlAndAPlaceOfTheirKeys() {
        String file = "file:" + folder.resolve("one.json");
        assertThrows(ConfigException.class, () -> open("millrace.hub.issuers", "https://a " + file));
        for (String issuers : new String[] {
            "https://a",
            "https://a http://keys.example/",
            "https://a ftp://keys.example/",
            "https://a file:/none",
            "https://a " + file + ", https://a " + file
        }) {
            ConfigException refusal = assertThrows(
                    ConfigException.class, () -> open("millrace.hub.url", HUB, "millrace.hub.issuers", issuers));
            assertTrue(String.valueOf(refusal.getMessage()).startsWith("millrace.hub.issuers: "), refusal.getMessage());
        }
    }

    @Test
    void aBrokenFileOfAnIssuerIsNotTakenForASecret() throws Exception {
        Path broken = folder.resolve("broken.json");
        Files.writeString(broken, "<html><title>503 Service Unavailable</title></html>");
        assertThrows(
                ConfigException.class,
                () -> open("millrace.hub.url", HUB, "millrace.hub.issuers", "https://a file:" + broken));
    }

    private Principal read(String details) throws AccessException {
        return hub.authenticate(
                bearer(issuer.sign(HEADER, claims(",\"authorization_details\":[" + details + "]"))), Purpose.PUBLISH);
    }

    private static String claims(String more) {
        return "{\"iss\":\"https://one.example\",\"aud\":\"" + HUB + "\",\"exp\":" + LATER + more + "}";
    }
}
