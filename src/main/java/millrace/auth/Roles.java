package millrace.auth;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import millrace.config.Config;
import millrace.config.ConfigException;
import millrace.config.Setting;
import millrace.config.Settings;
import millrace.topic.Selector;
import millrace.topic.SelectorException;
import org.jspecify.annotations.Nullable;

/** What the container's users may, by their roles. Immutable. */
final class Roles {

    private final List<String> publish;
    private final List<String> subscribe;
    private final Map<String, Set<Selector>> topics;

    private Roles(List<String> publish, List<String> subscribe, Map<String, Set<Selector>> topics) {
        this.publish = publish;
        this.subscribe = subscribe;
        this.topics = topics;
    }

    static Roles of(Config config) {
        Map<String, Set<Selector>> topics = new LinkedHashMap<>();
        for (String entry : config.get(Settings.HUB_ROLE_TOPICS)) {
            int space = entry.indexOf(' ');
            if (space < 0) {
                throw unusable(Settings.HUB_ROLE_TOPICS, "write a role, a space and a selector: 'staff /staff/{id}'");
            }
            try {
                topics.computeIfAbsent(entry.substring(0, space), role -> new HashSet<>())
                        .add(Selector.ofTemplate(entry.substring(space).strip()));
            } catch (SelectorException tooComplex) {
                throw unusable(Settings.HUB_ROLE_TOPICS, String.valueOf(tooComplex.getMessage()));
            }
        }
        return new Roles(config.get(Settings.HUB_PUBLISH_ROLES), config.get(Settings.HUB_SUBSCRIBE_ROLES), topics);
    }

    /** {@code null} when none of the user's roles says anything about the hub. */
    @Nullable
    Principal principal(AccessRequest.User user, Dialect dialect, boolean anonymousMaySubscribe) {
        boolean mayPublish = publish.stream().anyMatch(user.inRole());
        Set<Selector> seen = new HashSet<>();
        topics.forEach((role, selectors) -> {
            if (user.inRole().test(role)) {
                seen.addAll(selectors);
            }
        });
        boolean maySubscribe = !seen.isEmpty() || subscribe.stream().anyMatch(user.inRole());
        if (!mayPublish && !maySubscribe) {
            return null;
        }
        List<Grant> grants = new ArrayList<>();
        if (mayPublish) {
            grants.add(new Grant(true, false, Set.of(Selector.everything()), null));
        }
        if (!seen.isEmpty()) {
            grants.add(new Grant(false, true, seen, null));
        }
        return new Principal(
                TokenReader.hash("user", user.name()),
                dialect,
                maySubscribe || anonymousMaySubscribe,
                grants,
                null,
                null);
    }

    private static ConfigException unusable(Setting<?> setting, String what) {
        return new ConfigException(setting.key() + ": " + what);
    }
}
