package millrace.auth;

import jakarta.json.JsonValue;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import millrace.topic.Selector;
import millrace.topic.Topic;
import org.jspecify.annotations.Nullable;

/**
 * Who asks, and what it may. Immutable.
 *
 * @param subject stands for the token's subject or the container's user in limits and comparisons; a hash, safe to keep
 *     and to log; {@code null} for the anonymous
 * @param dialect what the token spoke; where there is no token, what the hub prefers
 * @param maySubscribe whether it may open a subscription at all; what it sees then is its {@link #view}
 * @param tokenPayload presence tells this of every subscription ({@link Dialect#V0}); a grant's own payload otherwise
 * @param expiry when its streams have to be closed at the latest; {@code null} for never
 */
public record Principal(
        @Nullable String subject,
        Dialect dialect,
        boolean maySubscribe,
        List<Grant> grants,
        @Nullable JsonValue tokenPayload,
        @Nullable Instant expiry) {

    public Principal {
        grants = List.copyOf(grants);
    }

    static Principal anonymous(Dialect dialect, boolean maySubscribe) {
        return new Principal(null, dialect, maySubscribe, List.of(), null, null);
    }

    public boolean isAnonymous() {
        return subject == null;
    }

    /** Whether every one of these topics is granted for publishing. */
    public boolean mayPublish(Collection<Topic> topics) {
        for (Topic topic : topics) {
            if (grants.stream().noneMatch(grant -> grant.publish() && grant.covers(topic))) {
                return false;
            }
        }
        return !topics.isEmpty();
    }

    /** Whether it may publish to anything at all. */
    public boolean mayPublishSomething() {
        return grants.stream()
                .anyMatch(grant -> grant.publish() && !grant.selectors().isEmpty());
    }

    /** What it may see: the key under which equal subscribers share. */
    public View view() {
        Set<Selector> selectors = new HashSet<>();
        for (Grant grant : grants) {
            if (grant.subscribe()) {
                selectors.addAll(grant.selectors());
            }
        }
        return selectors.isEmpty() ? View.PUBLIC : new View(selectors);
    }

    /** What presence tells about a subscription with this selector; {@code null} for nothing. */
    public @Nullable JsonValue payload(Selector subscription) {
        if (tokenPayload != null) {
            return tokenPayload;
        }
        if (grants.stream().allMatch(grant -> grant.payload() == null)) {
            return null;
        }
        Topic written = Topic.of(subscription.text());
        for (Grant grant : grants) {
            if (grant.subscribe() && grant.covers(written)) {
                return grant.payload();
            }
        }
        return null;
    }
}
