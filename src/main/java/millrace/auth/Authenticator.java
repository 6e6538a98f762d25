package millrace.auth;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import millrace.config.Config;
import millrace.config.ConfigException;
import millrace.config.Setting;
import millrace.config.Settings;
import millrace.topic.HubUrl;
import millrace.topic.Topic;
import org.jspecify.annotations.Nullable;

/**
 * Tells who sent a request. Made once at the start, closed at the end; any thread may ask, and nothing blocks: keys are
 * fetched by threads of their own.
 */
public final class Authenticator implements AutoCloseable {

    private static final Duration PAUSE_BETWEEN_FETCHES = Duration.ofSeconds(30);

    private final TokenReader tokens;
    private final Roles roles;
    private final Set<Dialect> dialects;
    private final boolean tokenInUrl;
    private final boolean anonymous;
    private final boolean hasKeys;
    private final List<KeySource> sources;

    private Authenticator(
            TokenReader tokens,
            Roles roles,
            Set<Dialect> dialects,
            boolean tokenInUrl,
            boolean anonymous,
            boolean hasKeys,
            List<KeySource> sources) {
        this.tokens = tokens;
        this.roles = roles;
        this.dialects = dialects;
        this.tokenInUrl = tokenInUrl;
        this.anonymous = anonymous;
        this.hasKeys = hasKeys;
        this.sources = sources;
    }

    /**
     * Reads all settings of this room, and the keys that lie in files.
     *
     * @param demo whose tokens are taken too; {@code null} outside demo mode
     * @throws ConfigException when a setting cannot be used; the message names it, and holds no key
     */
    public static Authenticator open(Config config, InstantSource clock, @Nullable DemoTokens demo) {
        List<KeySource> sources = new ArrayList<>();
        try {
            Set<Dialect> dialects = dialects(config);
            KeySource publisher = given(config, Settings.HUB_PUBLISHER_KEY, sources);
            KeySource subscriber = given(config, Settings.HUB_SUBSCRIBER_KEY, sources);
            Map<String, KeySource> issuers = issuers(config, sources);
            String hub = config.get(Settings.HUB_URL);
            if (!issuers.isEmpty() && hub.isEmpty()) {
                throw unusable(
                        Settings.HUB_URL, "has to be set with " + Settings.HUB_ISSUERS.key() + ": tokens name it");
            }
            HubUrl hubUrl = hub.isEmpty() ? null : hubUrl(hub);
            requireKnownAlgorithms(config);
            TokenReader.Keys keys = new TokenReader.Keys(
                    publisher,
                    subscriber == null ? publisher : subscriber,
                    issuers,
                    dialects,
                    hubUrl,
                    hub.isEmpty() ? null : hub,
                    demo);
            return new Authenticator(
                    new TokenReader(keys, clock),
                    Roles.of(config),
                    dialects,
                    config.get(Settings.HUB_TOKEN_IN_URL),
                    config.get(Settings.HUB_ANONYMOUS) || demo != null,
                    publisher != null || !issuers.isEmpty() || demo != null,
                    List.copyOf(sources));
        } catch (ConfigException unusable) {
            sources.forEach(KeySource::close);
            throw unusable;
        }
    }

    /**
     * Who sent this request. A token counts before the container's user; who presents nothing is anonymous.
     *
     * @throws AccessException when what it presents is not valid; an invalid token is never taken for none
     */
    public Principal authenticate(AccessRequest request, Purpose purpose) throws AccessException {
        boolean v1 = dialects.contains(Dialect.V1);
        BearerToken token = BearerToken.find(request, dialects.contains(Dialect.V0), v1, tokenInUrl);
        if (token != null) {
            if (token.ambient()) {
                requireAllowedOrigin(request);
            }
            return tokens.read(token.value(), purpose);
        }
        Principal user = request.user() == null ? null : roles.principal(request.user(), preferred(), anonymous);
        if (user != null) {
            requireAllowedOrigin(request);
            return user;
        }
        return Principal.anonymous(preferred(), anonymous);
    }

    /** Refuses who may not publish all of these topics, and tells the operator what to set if nobody ever may. */
    public void requirePublish(Principal principal, Collection<Topic> topics) throws AccessException {
        if (principal.mayPublish(topics)) {
            return;
        }
        if (!hasKeys) {
            throw AccessException.publishingIsOff("Publishing is off, since this hub has no keys: set "
                    + Settings.HUB_PUBLISHER_KEY.key() + ", " + Settings.HUB_ISSUERS.key() + " or "
                    + Settings.HUB_PUBLISH_ROLES.key() + ".");
        }
        throw AccessException.insufficient(principal, "This needs a grant to publish to every topic of the update.");
    }

    /** Refuses who may not open subscriptions. */
    public void requireSubscribe(Principal principal) throws AccessException {
        if (!principal.maySubscribe()) {
            throw AccessException.insufficient(principal, "Subscribing needs a token here.");
        }
    }

    /** What the hub speaks where a request does not say; also decides the status of what cannot be read. */
    public Dialect preferred() {
        return dialects.contains(Dialect.V1) ? Dialect.V1 : Dialect.V0;
    }

    public Set<Dialect> dialects() {
        return dialects;
    }

    @Override
    public void close() {
        sources.forEach(KeySource::close);
    }

    private void requireAllowedOrigin(AccessRequest request) throws AccessException {
        if (request.mayBeForged()) {
            throw AccessException.invalidRequest(
                    preferred(),
                    "A request that changes something and is authorized by a cookie needs an allowed Origin ("
                            + Settings.ORIGINS.key() + ").");
        }
    }

    private static Set<Dialect> dialects(Config config) {
        return switch (config.get(Settings.HUB_PROTOCOL)) {
            case "0.x" -> EnumSet.of(Dialect.V0);
            case "1.0" -> EnumSet.of(Dialect.V1);
            default -> EnumSet.allOf(Dialect.class);
        };
    }

    private static @Nullable KeySource given(Config config, Setting<String> setting, List<KeySource> opened) {
        String text = config.get(setting);
        if (text.isEmpty()) {
            return null;
        }
        Set<String> allowed = Set.copyOf(config.get(Settings.HUB_ALGORITHMS));
        try {
            return text.startsWith("file:") || text.startsWith("https:") || text.startsWith("http:")
                    ? rotating(config, text, allowed, true, opened)
                    : KeySource.of(KeyReader.given(text, allowed, true));
        } catch (IllegalArgumentException | IOException bad) {
            throw unusable(setting, bad.getMessage());
        }
    }

    private static Map<String, KeySource> issuers(Config config, List<KeySource> opened) {
        Set<String> allowed = Set.copyOf(config.get(Settings.HUB_ALGORITHMS));
        Map<String, KeySource> issuers = new HashMap<>();
        for (String entry : config.get(Settings.HUB_ISSUERS)) {
            int space = entry.indexOf(' ');
            if (space < 0) {
                throw unusable(
                        Settings.HUB_ISSUERS, "write an issuer, a space and the place of its keys: '" + entry + "'");
            }
            try {
                KeySource before = issuers.put(
                        entry.substring(0, space),
                        rotating(config, entry.substring(space).strip(), allowed, false, opened));
                if (before != null) {
                    throw new IllegalArgumentException("an issuer is named twice: '" + entry + "'");
                }
            } catch (IllegalArgumentException | IOException bad) {
                throw unusable(Settings.HUB_ISSUERS, bad.getMessage());
            }
        }
        return Map.copyOf(issuers);
    }

    private static KeySource rotating(
            Config config, String place, Set<String> allowed, boolean secretText, List<KeySource> opened)
            throws IOException {
        Duration interval = config.get(Settings.HUB_KEY_REFRESH);
        KeySource source;
        if (place.startsWith("file:")) {
            RotatingKeys.Fetch fetch = KeyFetch.file(Path.of(place.substring("file:".length())));
            source = RotatingKeys.startingWith(
                    place, fetch, text -> KeyReader.given(text, allowed, secretText), interval);
        } else {
            URI url = URI.create(place);
            boolean loopback = List.of("localhost", "127.0.0.1", "[::1]").contains(String.valueOf(url.getHost()));
            if (url.getHost() == null || !(place.startsWith("https:") || (place.startsWith("http:") && loopback))) {
                throw new IllegalArgumentException("keys come from file:, https: or, on this machine, http: places");
            }
            source = new RotatingKeys(
                    place,
                    KeyFetch.url(url),
                    text -> KeyReader.published(text, allowed),
                    interval,
                    PAUSE_BETWEEN_FETCHES);
        }
        opened.add(source);
        return source;
    }

    private static HubUrl hubUrl(String text) {
        try {
            return HubUrl.of(text);
        } catch (IllegalArgumentException bad) {
            throw unusable(Settings.HUB_URL, bad.getMessage());
        }
    }

    private static void requireKnownAlgorithms(Config config) {
        for (String algorithm : config.get(Settings.HUB_ALGORITHMS)) {
            if (!VerificationKey.ALGORITHMS.contains(algorithm)) {
                throw unusable(
                        Settings.HUB_ALGORITHMS, "'" + algorithm + "' is not one of " + VerificationKey.ALGORITHMS);
            }
        }
    }

    private static ConfigException unusable(Setting<?> setting, @Nullable String what) {
        return new ConfigException(setting.key() + ": " + what);
    }
}
