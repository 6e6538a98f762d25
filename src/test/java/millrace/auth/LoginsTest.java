package millrace.auth;

import static millrace.auth.TestHub.HS256;
import static millrace.auth.TestHub.SECRET;
import static millrace.auth.TestHub.open;
import static millrace.auth.TestHub.request;
import static millrace.auth.TestHub.topics;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import millrace.config.ConfigException;
import org.junit.jupiter.api.Test;

/** What a browser sends by itself: cookies with tokens, and the logins of the container's users. */
class LoginsTest {

    @Test
    void aChangeThatMayBeForgedIsNotAuthorizedByACookieAndStillByAHeader() throws AccessException {
        Authenticator hub = open("millrace.hub.publisher-key", SECRET);
        String token = HS256.sign("{\"mercure\":{\"publish\":[\"*\"]}}");
        Map<String, List<String>> cookie = Map.of(AccessRequest.COOKIE_V0, List.of(token));
        Map<String, List<String>> forged = Map.of(AccessRequest.COOKIE_V0, List.of(token), "forged", List.of("yes"));
        AccessException refusal =
                assertThrows(AccessException.class, () -> hub.authenticate(request(forged), Purpose.PUBLISH));
        assertEquals(400, refusal.problem().status());
        assertTrue(hub.authenticate(request(cookie), Purpose.PUBLISH).mayPublish(topics("a")));
        Map<String, List<String>> header =
                Map.of("authorization", List.of("Bearer " + token), "forged", List.of("yes"));
        assertTrue(hub.authenticate(request(header), Purpose.PUBLISH).mayPublish(topics("a")));
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
        assertThrows(AccessException.class, () -> hub.authenticate(user(true, "editor"), Purpose.PUBLISH), "forged");
    }

    @Test
    void aRoleWithoutASelectorStopsTheStart() {
        assertThrows(ConfigException.class, () -> open("millrace.hub.role-topics", "staff"));
    }

    private static AccessRequest user(boolean forged, String role) {
        return new AccessRequest(forged, List.of(), Map.of(), List.of(), new AccessRequest.User("alice", role::equals));
    }
}
