package millrace.web;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import millrace.auth.AccessException;
import millrace.auth.Principal;
import millrace.chat.ApiError;
import millrace.chat.Caller;
import millrace.chat.RefusedException;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.problem.ProblemException;
import millrace.topic.Topic;
import org.jspecify.annotations.Nullable;

/**
 * Who may use the chat: who shows one of the keys, or a token that may publish to the topic that the settings name, users
 * of the container with the role, and in demo mode everybody on this machine. Nobody by default: an open relay spends its operator's money.
 */
final class ChatAccess {

    private final boolean demo;
    private final String role;
    private final List<byte[]> keyDigests;
    private final @Nullable Topic topic;
    private final HubAccess tokens;

    ChatAccess(Config config, HubAccess tokens) {
        this.tokens = tokens;
        String name = config.get(Settings.CHAT_TOPIC);
        this.topic = name.isEmpty() ? null : Topic.of(name);
        this.demo = config.get(Settings.DEMO);
        this.role = config.get(Settings.CHAT_ROLE);
        this.keyDigests = config.get(Settings.CHAT_API_KEYS).stream()
                .map(ChatAccess::digest)
                .toList();
    }

    Caller require(HttpServletRequest request) throws RefusedException {
        String user = request.getRemoteUser();
        if (user != null && !role.isEmpty() && request.isUserInRole(role)) {
            return new Caller(user, user);
        }
        String key = bearer(request);
        if (key != null) {
            byte[] shown = digest(key);
            boolean known = false;
            for (byte[] digest : keyDigests) {
                known |= MessageDigest.isEqual(digest, shown); // all of them: the time tells nothing
            }
            if (known) {
                return new Caller(null, "key " + HexFormat.of().formatHex(shown, 0, 8));
            }
            String subject = subjectOfTokenForChat(request);
            if (subject != null) {
                return new Caller(null, "subject " + subject);
            }
        }
        if (demo) { // DemoFilter has seen to it that this is our own machine
            return new Caller(null, request.getRemoteAddr());
        }
        throw new RefusedException(ApiError.unauthorized());
    }

    /** Whoever holds several tokens counts once; a token without a subject counts for itself. */
    private @Nullable String subjectOfTokenForChat(HttpServletRequest request) {
        if (topic == null) {
            return null;
        }
        try {
            Principal principal = tokens.publisher(request);
            return principal.mayPublish(List.of(topic)) ? principal.subject() : null;
        } catch (AccessException | ProblemException noneOfOurs) {
            return null;
        }
    }

    private static @Nullable String bearer(HttpServletRequest request) {
        String header = request.getHeader("Authorization");
        return header != null && header.toLowerCase(Locale.ROOT).startsWith("bearer ")
                ? header.substring(7).strip()
                : null;
    }

    /** Digests have one length, so that comparing them does not tell that of the keys. */
    private static byte[] digest(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException everyJavaHasIt) {
            throw new LinkageError(everyJavaHasIt.getMessage(), everyJavaHasIt);
        }
    }
}
