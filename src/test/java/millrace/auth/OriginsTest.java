package millrace.auth;

import static millrace.auth.TestHub.HS256;
import static millrace.auth.TestHub.SECRET;
import static millrace.auth.TestHub.config;
import static millrace.auth.TestHub.open;
import static millrace.auth.TestHub.request;
import static millrace.auth.TestHub.topics;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import millrace.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages of other origins, and the container's users, who are known by what a browser sends by itself too. */
class OriginsTest {

    private static final Origins ORIGINS =
            Origins.of(config("millrace.hub.origins", "https://app.example, http://localhost:3000"));

    @Test
    void onlyTheExactOriginsOfTheSettingAreAllowedAndTheOwn() {
        assertTrue(ORIGINS.allows("https://app.example", null));
        assertTrue(ORIGINS.allows("http://localhost:3000", null));
        assertTrue(ORIGINS.allows("https://own.example", "https://own.example"));
        for (String origin : new String[] {
            "null",
            "",
            "*",
            "http://app.example",
            "https://app.example:443",
            "https://app.example.evil",
            "https://evil-app.example",
            "https://APP.example",
            "https://app.example/",
            "https://app.example, https://evil",
            "https://sub.app.example"
        }) {
            assertFalse(ORIGINS.allows(origin, null), origin);
            assertFalse(ORIGINS.allows(origin, "https://own.example"), origin);
        }
        assertFalse(ORIGINS.allows(null, null));
        assertFalse(ORIGINS.allows("null", "null"));
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
    void whatIsNoExactOriginStopsTheStart(String origin) {
        assertThrows(ConfigException.class, () -> Origins.of(config("millrace.hub.origins", origin)));
    }

    @Test
    void aRefererStandsInForAMissingOriginAndNothingForBoth() {
        assertTrue(ORIGINS.allowsStateChange("https://app.example", null, null));
        assertTrue(ORIGINS.allowsStateChange(null, "https://app.example/page?x=1", null));
        assertTrue(ORIGINS.allowsStateChange(null, "https://app.example", null));
        for (String referer : new String[] {
            "https://evil.example/https://app.example/",
            "https://app.example@evil.example/",
            "https://app.example.evil/",
            "https://evil/?https://app.example",
            "app.example",
            "",
            "https://app.example\\@evil"
        }) {
            boolean isOurs = referer.startsWith("https://app.example\\");
            assertEquals(isOurs, ORIGINS.allowsStateChange(null, referer, null), referer);
        }
        assertFalse(ORIGINS.allowsStateChange("null", "https://app.example/", null), "an Origin is not overruled");
        assertFalse(ORIGINS.allowsStateChange(null, null, "https://own.example"));
    }

    @Test
    void answersToAllowedOriginsNameThemAndAllowCredentials() {
        assertEquals(
                Map.of(
                        "Access-Control-Allow-Origin", "https://app.example",
                        "Access-Control-Allow-Credentials", "true",
                        "Access-Control-Expose-Headers", "Last-Event-ID, Link, Mercure-Last-Event-ID",
                        "Vary", "Origin"),
                ORIGINS.answerHeaders("https://app.example"));
        assertEquals(Map.of("Vary", "Origin"), ORIGINS.answerHeaders("https://evil.example"));
        assertEquals(Map.of("Vary", "Origin"), ORIGINS.answerHeaders("null"));
        assertEquals(Map.of("Vary", "Origin"), ORIGINS.answerHeaders(null));
    }

    @Test
    void preflightsAllowTheHeadersThatClientsSend() {
        Map<String, String> headers = ORIGINS.preflightHeaders("https://app.example", List.of("GET", "POST"));
        assertEquals("GET, POST", headers.get("Access-Control-Allow-Methods"));
        assertEquals(
                Set.of("authorization", "cache-control", "content-type", "last-event-id"),
                Set.of(String.valueOf(headers.get("Access-Control-Allow-Headers"))
                        .split(", ")));
        assertEquals(Map.of("Vary", "Origin"), ORIGINS.preflightHeaders("https://evil.example", List.of("GET")));
    }

    @Test
    void aChangeByCookieNeedsAnAllowedOriginAndByHeaderNone() throws AccessException {
        Authenticator hub = open("millrace.hub.publisher-key", SECRET, "millrace.hub.origins", "https://app.example");
        String token = HS256.sign("{\"mercure\":{\"publish\":[\"*\"]}}");
        Map<String, List<String>> cookie = Map.of(AccessRequest.COOKIE_V0, List.of(token), "method", List.of("POST"));
        for (Map<String, List<String>> more : List.of(
                Map.<String, List<String>>of(),
                Map.of("origin", List.of("https://evil.example")),
                Map.of("origin", List.of("null")),
                Map.of("referer", List.of("https://evil.example/")))) {
            Map<String, List<String>> parts = new HashMap<>(cookie);
            parts.putAll(more);
            AccessException refusal =
                    assertThrows(AccessException.class, () -> hub.authenticate(request(parts), Purpose.PUBLISH));
            assertEquals(400, refusal.problem().status());
        }
        Map<String, List<String>> allowed = new HashMap<>(cookie);
        allowed.put("origin", List.of("https://app.example"));
        assertTrue(hub.authenticate(request(allowed), Purpose.PUBLISH).mayPublish(topics("a")));
        Map<String, List<String>> reading = Map.of(AccessRequest.COOKIE_V0, List.of(token));
        hub.authenticate(request(reading), Purpose.SUBSCRIBE);
        Map<String, List<String>> header =
                Map.of("authorization", List.of("Bearer " + token), "method", List.of("POST"));
        hub.authenticate(request(header), Purpose.PUBLISH);
    }

    @Test
    void rolesOfTheContainerGrantWhatTheSettingsSay() throws AccessException {
        Authenticator hub = open(
                "millrace.hub.publish-roles", "editor",
                "millrace.hub.subscribe-roles", "reader",
                "millrace.hub.role-topics", "staff /staff/{x}, staff /all, admin *");
        Principal editor = hub.authenticate(user(false, "editor"), Purpose.PUBLISH);
        assertTrue(editor.mayPublish(topics("a")));
        assertFalse(editor.view().permits(true, topics("a")));
        Principal reader = hub.authenticate(user(false, "reader"), Purpose.SUBSCRIBE);
        hub.requireSubscribe(reader);
        assertFalse(reader.mayPublish(topics("a")));
        assertEquals(View.PUBLIC, reader.view());
        Principal staff = hub.authenticate(user(false, "staff"), Purpose.SUBSCRIBE);
        hub.requireSubscribe(staff);
        assertTrue(staff.view().permits(true, topics("/staff/1")));
        assertFalse(staff.view().permits(true, topics("/users/1")));
        assertTrue(
                hub.authenticate(user(false, "admin"), Purpose.SUBSCRIBE).view().permits(true, topics("/users/1")));
        Principal stranger = hub.authenticate(user(false, "other"), Purpose.SUBSCRIBE);
        assertTrue(stranger.isAnonymous());
        assertThrows(AccessException.class, () -> hub.requireSubscribe(stranger));
        assertEquals(22, String.valueOf(editor.subject()).length());
        assertThrows(AccessException.class, () -> hub.authenticate(user(true, "editor"), Purpose.PUBLISH), "no Origin");
    }

    @Test
    void aRoleWithoutASelectorStopsTheStart() {
        assertThrows(ConfigException.class, () -> open("millrace.hub.role-topics", "staff"));
    }

    private static AccessRequest user(boolean stateChanging, String role) {
        return new AccessRequest(
                stateChanging,
                List.of(),
                Map.of(),
                List.of(),
                null,
                null,
                null,
                new AccessRequest.User("alice", role::equals));
    }
}
