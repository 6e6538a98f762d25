package millrace.auth;

import static millrace.auth.TestHub.request;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BearerTokenTest {

    private static final Map<String, List<String>> ALL = Map.of(
            "authorization",
            List.of("Bearer header"),
            "url",
            List.of("url"),
            AccessRequest.COOKIE_V0,
            List.of("cookie0"),
            AccessRequest.COOKIE_V1,
            List.of("cookie1"));

    @Test
    void theHeaderCountsBeforeTheUrlAndTheUrlBeforeTheCookies() throws AccessException {
        assertEquals(new BearerToken("header", false), find(ALL, true, true, true));
        assertEquals(new BearerToken("url", false), find(without("authorization"), true, true, true));
        assertEquals(new BearerToken("cookie1", true), find(without("authorization"), true, true, false));
        assertEquals(new BearerToken("cookie0", true), find(without("authorization"), true, false, false));
        assertEquals(new BearerToken("cookie1", true), find(without("authorization"), false, true, false));
        assertEquals(
                new BearerToken("cookie0", true),
                find(Map.of(AccessRequest.COOKIE_V0, List.of("cookie0")), true, true, false));
        assertNull(find(Map.of(), true, true, true));
    }

    @Test
    void theUrlIsLookedAtOnlyWhereTheSettingAndTheDialectAllow() throws AccessException {
        Map<String, List<String>> url = Map.of("url", List.of("t"));
        assertNull(find(url, true, true, false));
        assertNull(find(url, false, true, true));
    }

    @Test
    void theCookieOfADialectThatIsOffIsNotLookedAt() throws AccessException {
        assertNull(find(Map.of(AccessRequest.COOKIE_V0, List.of("t")), false, true, false));
        assertNull(find(Map.of(AccessRequest.COOKIE_V1, List.of("t")), true, false, false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Bearer t", "bearer t", "BEARER t", "Bearer   t", "Bearer t "})
    void theSchemeIsComparedWithoutCase(String header) throws AccessException {
        assertEquals(new BearerToken("t", false), find(Map.of("authorization", List.of(header)), true, true, false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "t", "Bearer\tt", "Bearert"})
    void aMalformedHeaderIs400AndThe0xDialectSays401(String header) {
        Map<String, List<String>> parts =
                Map.of("authorization", List.of(header), AccessRequest.COOKIE_V1, List.of("t"));
        AccessException modern = assertThrows(AccessException.class, () -> find(parts, true, true, false));
        assertEquals(400, modern.problem().status());
        assertEquals("Bearer error=\"invalid_request\"", modern.challenge(null));
        AccessException old = assertThrows(AccessException.class, () -> find(parts, true, false, false));
        assertEquals(401, old.problem().status());
    }

    @Test
    void twoDifferentValuesOfOneCarrierAreRefused() throws AccessException {
        for (String carrier : List.of("authorization", "url", AccessRequest.COOKIE_V0, AccessRequest.COOKIE_V1)) {
            assertThrows(
                    AccessException.class,
                    () -> find(Map.of(carrier, List.of("Bearer a", "Bearer b")), true, true, true),
                    carrier);
        }
        assertEquals(
                new BearerToken("a", true),
                find(Map.of(AccessRequest.COOKIE_V1, List.of("a", "a")), true, true, false));
    }

    @Test
    void anEmptyCookieIsNoneAndAnEmptyUrlTokenIsRefused() throws AccessException {
        assertNull(find(Map.of(AccessRequest.COOKIE_V1, List.of("")), true, true, false));
        assertThrows(AccessException.class, () -> find(Map.of("url", List.of("")), true, true, true));
    }

    @Test
    void anotherSchemeIsLeftToTheContainerWhereItKnowsItsUser() throws AccessException {
        AccessRequest basic = new AccessRequest(
                false, List.of("Basic YTpi"), Map.of(), List.of(), new AccessRequest.User("a", role -> false));
        assertNull(BearerToken.find(basic, true, true, false));
    }

    private static BearerToken find(Map<String, List<String>> parts, boolean v0, boolean v1, boolean inUrl)
            throws AccessException {
        return BearerToken.find(request(parts), v0, v1, inUrl);
    }

    private static Map<String, List<String>> without(String carrier) {
        Map<String, List<String>> parts = new java.util.HashMap<>(ALL);
        parts.remove(carrier);
        return parts;
    }
}
