package millrace.config;

import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The catalogue of all settings, grouped by room. The table in the README is checked against it by a test, so a
 * setting that is added here is added there.
 */
public final class Settings {

    public static final Setting<Boolean> DEMO = Setting.flag(
            "millrace.demo",
            false,
            "Opens everything for trying out, to requests that come from this machine to this machine only.");

    public static final Setting<Duration> HEARTBEAT = Setting.duration(
            "millrace.heartbeat",
            "15s",
            Duration.ofMillis(100),
            "A stream that was silent for so long gets a comment, which also finds lost clients.");
    public static final Setting<Duration> STALL_TIMEOUT = Setting.duration(
            "millrace.stall-timeout",
            "30s",
            Duration.ofMillis(100),
            "A client that takes no byte for so long while bytes wait for it is ended.");
    public static final Setting<Duration> DRAIN_TIME = Setting.duration(
            "millrace.drain-time",
            "5s",
            "Over this time the ends of open streams are spread when the application stops.");
    public static final Setting<Duration> RETRY = Setting.duration(
            "millrace.retry",
            "2s",
            "The reconnection time told to clients at the start of a stream, give or take a third.");
    public static final Setting<Duration> RESTART_TIME = Setting.duration(
            "millrace.restart-time",
            "10s",
            "How long a restart takes from the end of the drain on: clients are told to stay away for so long, since an EventSource that finds a proxy's 502 or a container's 404 gives up for good.");

    public static final Setting<List<String>> CHAT_UPSTREAMS = Setting.words(
            "millrace.chat.upstreams",
            "",
            "OpenAI-compatible servers as name=base URL, for example openai=https://api.openai.com/v1.");
    public static final Setting<List<String>> CHAT_UPSTREAM_KEYS = Setting.words(
            "millrace.chat.upstream-keys",
            "",
            "The API keys of those servers as name=key; a server without one gets none.");
    public static final Setting<List<String>> CHAT_MODELS = Setting.words(
            "millrace.chat.models", "", "The models of those servers as name=model, at least one of each server.");
    public static final Setting<Duration> CHAT_UPSTREAM_SILENCE = Setting.duration(
            "millrace.chat.upstream-silence", "2m", "An upstream that sends no byte for so long is given up.");
    public static final Setting<Long> CHAT_MAX_REQUEST =
            Setting.bytes("millrace.chat.max-request", "4m", "The largest body of a chat request.");
    public static final Setting<Long> CHAT_MAX_EVENT =
            Setting.bytes("millrace.chat.max-event", "1m", "The largest single event that is taken from an upstream.");
    public static final Setting<Long> CHAT_MAX_ANSWER = Setting.bytes(
            "millrace.chat.max-answer", "16m", "The largest whole answer that is taken from an upstream.");
    public static final Setting<List<String>> CHAT_API_KEYS = Setting.words(
            "millrace.chat.api-keys", "", "Whoever shows one of these keys as a bearer token may use the chat.");
    public static final Setting<String> CHAT_ROLE = Setting.text(
            "millrace.chat.role", "millrace-chat", "Users of the container who have this role may use the chat.");
    public static final Setting<String> CHAT_TOPIC = Setting.text(
            "millrace.chat.topic",
            "",
            "Tokens that may publish to this topic may use the chat, for example urn:chat; empty: none may.");
    public static final Setting<Integer> GUIDE_PACE = Setting.number(
            "millrace.guide.pace",
            30,
            0,
            1_000_000,
            "How many tokens a second the offline model says; 0 is as many as it can.");

    public static final Setting<Long> WINDOW = Setting.bytes(
            "millrace.window", "256k", "Bytes that the producer of a request stream may be ahead of its client.");
    public static final Setting<Long> BUDGET =
            Setting.bytes("millrace.budget", "256m", "Bytes of events that all channels together hold in memory.");
    public static final Setting<Integer> DRAINERS =
            Setting.number("millrace.drainers", 0, 0, 256, "Threads that write to clients; 0: one per processor.");
    public static final Setting<Long> MAX_BODY =
            Setting.bytes("millrace.max-body", "64k", "The largest request body that a stream's servlet takes.");
    public static final Setting<Duration> BODY_TIME = Setting.duration(
            "millrace.body-time", "60s", "A request body that has not come whole after so long is refused.");
    public static final Setting<Integer> MAX_STREAMS = Setting.number(
            "millrace.max-streams", 0, 0, Integer.MAX_VALUE, "Streams open at once, in all; 0: no limit of our own.");
    public static final Setting<Integer> MAX_STREAMS_PER_ADDRESS = Setting.number(
            "millrace.max-streams-per-address",
            0,
            0,
            Integer.MAX_VALUE,
            "Streams open at once for one client address; 0: no limit.");
    public static final Setting<List<String>> PROXIES = Setting.words(
            "millrace.proxies", "", "Addresses of proxies whose X-Forwarded-For is believed; nobody's by default.");

    public static final Setting<List<String>> ORIGINS = Setting.words(
            "millrace.origins",
            "",
            "The exact origins of pages on other hosts that may use streams, chat and hub, with cookies and logins:"
                    + " 'https://app.example, ...'.");

    public static final Setting<Duration> RUN_GRACE =
            Setting.duration("millrace.run-grace", "30s", "A run that nobody reads for so long is cancelled.");
    public static final Setting<Duration> RUN_KEPT =
            Setting.duration("millrace.run-kept", "5m", "An ended run can be read again for so long.");
    public static final Setting<Integer> MAX_RUNS = Setting.number(
            "millrace.max-runs", 10_000, 1, 10_000_000, "Runs held at once, in all, ended ones included.");
    public static final Setting<Integer> MAX_RUNS_PER_USER = Setting.number(
            "millrace.max-runs-per-user",
            1_000,
            1,
            10_000_000,
            "Runs held at once for one user, or for one client address where the user is not known.");
    public static final Setting<Long> RUN_BYTES =
            Setting.bytes("millrace.run-bytes", "4m", "Bytes of events that one run holds.");
    public static final Setting<Long> RUN_BYTES_PER_USER =
            Setting.bytes("millrace.run-bytes-per-user", "32m", "Bytes of events that the runs of one user hold.");
    public static final Setting<Long> RUN_BYTES_TOTAL =
            Setting.bytes("millrace.run-bytes-total", "128m", "Bytes of events that all runs together hold.");
    public static final Setting<Integer> RUN_EVENTS =
            Setting.number("millrace.run-events", 100_000, 1, 10_000_000, "Events that one run holds.");
    public static final Setting<Boolean> EXAMPLES =
            Setting.flag("millrace.examples", true, "Serves the examples /sse/v1 and /sse/no_sse.");

    public static final Setting<String> METRICS_TOKEN = Setting.text(
            "millrace.metrics-token", "", "A bearer token that may read /metrics from elsewhere; empty: none.");
    public static final Setting<String> METRICS_ROLE = Setting.text(
            "millrace.metrics-role", "", "A role of the container whose users may read /metrics; empty: none.");
    public static final Setting<String> HISTORY = new Setting<>(
            "millrace.history",
            "file:",
            "memory, or file:PATH",
            "Where published updates are kept: a directory, or this process's memory; file: alone is millrace/APPLICATION/history in"
                    + " the server's own directory, or else in .millrace of the user's home.",
            Settings::parseHistory);
    public static final Setting<Integer> HISTORY_EVENTS = Setting.number(
            "millrace.history-events", 100_000, 1, 100_000_000, "The history keeps at most so many updates.");
    public static final Setting<Long> HISTORY_BYTES = Setting.bytes(
            "millrace.history-bytes",
            "256m",
            1,
            "The history keeps at most so many bytes; on disk up to an eighth more for a while.");
    public static final Setting<Duration> HISTORY_AGE =
            Setting.duration("millrace.history-age", "0s", "The history keeps updates for so long; 0s for any time.");

    public static final Setting<String> HUB_PROTOCOL = Setting.choice(
            "millrace.hub.protocol",
            "both",
            List.of("0.x", "1.0", "both"),
            "Which forms of the Mercure protocol's tokens are taken.");
    public static final Setting<String> HUB_URL = Setting.text(
            "millrace.hub.url",
            "",
            "The hub's public URL, which tokens of 1.0 name as their audience and relative topics are resolved against.");
    public static final Setting<String> HUB_PUBLISHER_KEY = Setting.text(
            "millrace.hub.publisher-key",
            "",
            "What verifies publishers' tokens of 0.x: a secret of 32 bytes at least, a PEM public key, or a file: or https: place of a JWK set.");
    public static final Setting<String> HUB_SUBSCRIBER_KEY = Setting.text(
            "millrace.hub.subscriber-key",
            "",
            "What verifies subscribers' tokens of 0.x, in the same forms; not set: the publishers' key.");
    public static final Setting<List<String>> HUB_ISSUERS = Setting.words(
            "millrace.hub.issuers",
            "",
            "Who may issue tokens of 1.0, each with the place of its keys: 'https://login.example https://login.example/jwks.json, ...'.");
    public static final Setting<List<String>> HUB_ALGORITHMS = Setting.words(
            "millrace.hub.algorithms",
            "EdDSA, ES256, RS256, HS256",
            "The signature algorithms that tokens may use, of HS, RS, PS and ES with 256, 384 and 512, and EdDSA.");
    public static final Setting<Duration> HUB_KEY_REFRESH = Setting.duration(
            "millrace.hub.key-refresh",
            "10m",
            "How long keys from a file or a URL are used before they are fetched again.");
    public static final Setting<Boolean> HUB_TOKEN_IN_URL = Setting.flag(
            "millrace.hub.token-in-url",
            false,
            "Takes tokens of 0.x from the URL parameter 'authorization' too, where they end up in logs.");
    public static final Setting<Boolean> HUB_ANONYMOUS = Setting.flag(
            "millrace.hub.anonymous", false, "Lets everyone subscribe to public updates, without a token.");
    public static final Setting<List<String>> HUB_PUBLISH_ROLES = Setting.words(
            "millrace.hub.publish-roles", "", "Users of the container with one of these roles may publish everything.");
    public static final Setting<List<String>> HUB_SUBSCRIBE_ROLES = Setting.words(
            "millrace.hub.subscribe-roles",
            "",
            "Users of the container with one of these roles may subscribe to public updates.");
    public static final Setting<List<String>> HUB_ROLE_TOPICS = Setting.words(
            "millrace.hub.role-topics",
            "",
            "Which private topics users of the container see, a role and a selector each: 'staff /staff/{id}, admin *'.");
    public static final Setting<List<String>> HUB_ORIGINS =
            Setting.words("millrace.hub.origins", "", "More such origins, whose pages may use the hub alone.");

    public static final Setting<Integer> HUB_CHANNEL_EVENTS = Setting.number(
            "millrace.hub.channel-events",
            10_000,
            16,
            10_000_000,
            "Events that are kept in memory for the subscribers of one subscription; who is farther behind reads the history.");
    public static final Setting<Long> HUB_CHANNEL_BYTES =
            Setting.bytes("millrace.hub.channel-bytes", "4m", "Bytes that are kept for them.");
    public static final Setting<Long> HUB_BACKLOG_BYTES = Setting.bytes(
            "millrace.hub.backlog-bytes",
            "32m",
            "Bytes of history that all subscribers who are behind share in memory.");
    public static final Setting<String> HUB_CHECKPOINT = Setting.choice(
            "millrace.hub.checkpoint",
            "auto",
            List.of("auto", "event", "id", "off"),
            "How quiet subscribers are told a newer cursor: by an event of the type checkpoint, which an EventSource keeps"
                    + " from pages that do not ask for it (auto: only to an EventSource), by a block with an id alone (which"
                    + " Firefox ignores and some other clients take for an event), or not at all.");
    public static final Setting<Boolean> HUB_PRESENCE =
            Setting.flag("millrace.hub.presence", true, "Tells who subscribes, to those whose token grants it.");
    public static final Setting<Duration> HUB_LIFETIME = Setting.duration(
            "millrace.hub.lifetime",
            "4h",
            "A subscription is ended after this time, or up to a quarter less, and comes back; 0s for never.");
    public static final Setting<Integer> HUB_STREAMS_PER_SUBJECT = Setting.number(
            "millrace.hub.streams-per-subject",
            0,
            0,
            Integer.MAX_VALUE,
            "Subscriptions open at once for the subject of one token; 0: no limit.");
    public static final Setting<Integer> HUB_MAX_SELECTORS =
            Setting.number("millrace.hub.max-selectors", 100, 1, 100_000, "Selectors in one subscription.");
    public static final Setting<Integer> HUB_MAX_PATTERNS_EACH = Setting.number(
            "millrace.hub.max-patterns-each",
            50,
            0,
            100_000,
            "Templates and URL Patterns among the selectors of one subscription.");
    public static final Setting<Integer> HUB_MAX_PATTERNS = Setting.number(
            "millrace.hub.max-patterns",
            10_000,
            0,
            10_000_000,
            "Different templates and URL Patterns subscribed to at once, in all.");
    public static final Setting<Integer> HUB_MAX_PATTERNS_REACHED = Setting.number(
            "millrace.hub.max-patterns-reached",
            64,
            0,
            10_000_000,
            "Different templates, and as many URL Patterns, that begin so much alike that one topic may have to be tried on all of them.");
    public static final Setting<Long> HUB_MAX_SELECTOR_BYTES = Setting.bytes(
            "millrace.hub.max-selector-bytes",
            "64m",
            "Bytes of memory that the selectors of all subscriptions together take; equal ones count once.");
    public static final Setting<Integer> HUB_CLIENT_SHARE = Setting.number(
            "millrace.hub.client-share",
            25,
            1,
            100,
            "Percent of the three limits above that one token subject, or one address without a token, may use.");
    public static final Setting<Integer> HUB_MAX_TOPICS =
            Setting.number("millrace.hub.max-topics", 100, 1, 100_000, "Topics of one update.");
    public static final Setting<Integer> HUB_MAX_TOPICS_LENGTH = Setting.number(
            "millrace.hub.max-topics-length",
            8192,
            16,
            104_857_600,
            "Characters of all topics of one update together, each as a whole URL and percent-encoded.");
    public static final Setting<Integer> HUB_MAX_TOPIC_BYTES = Setting.number(
            "millrace.hub.max-topic-bytes", 4096, 16, 1_048_576, "Bytes of one topic or selector, as UTF-8.");
    public static final Setting<Long> HUB_MAX_BODY =
            Setting.bytes("millrace.hub.max-body", "1m", "The largest body of a publish or QUERY request.");
    public static final Setting<Integer> HUB_PUBLISH_RATE = Setting.number(
            "millrace.hub.publish-rate",
            0,
            0,
            1_000_000,
            "Updates a second that one token may publish, on average over ten seconds; 0: no limit.");

    private Settings() {}

    private static String parseHistory(String text) {
        if (!text.equals("memory") && !text.startsWith("file:")) {
            throw new IllegalArgumentException("write memory, file: or file:/a/directory");
        }
        return text;
    }

    /** All settings, in the order of this file. */
    public static List<Setting<?>> all() {
        return Catalogue.ALL;
    }

    private static final class Catalogue {
        static final List<Setting<?>> ALL = collect();

        private static List<Setting<?>> collect() {
            List<Setting<?>> found = new ArrayList<>();
            for (var field : Settings.class.getDeclaredFields()) {
                if (Modifier.isPublic(field.getModifiers()) && field.getType() == Setting.class) {
                    try {
                        found.add((Setting<?>) field.get(null));
                    } catch (IllegalAccessException impossible) {
                        throw new LinkageError(impossible.getMessage(), impossible);
                    }
                }
            }
            return Collections.unmodifiableList(found);
        }
    }
}
