package millrace.chat;

import jakarta.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import millrace.config.Config;
import millrace.config.ConfigException;
import millrace.config.Setting;
import millrace.config.Settings;
import org.jspecify.annotations.Nullable;

/** Who answers for which model: the servers of the settings, and the guide. Any thread may ask. */
public final class Upstreams implements AutoCloseable {

    private static final Duration CONNECT_TIME = Duration.ofSeconds(10);

    private final Map<String, Upstream> byModel = new LinkedHashMap<>();
    private final long created;
    private final ExecutorService threads;
    private final ScheduledExecutorService clock;

    /** By scheme. */
    private final Map<String, HttpClient> clients = new HashMap<>();

    /**
     * @param documentation Markdown by file name, what the guide knows
     * @throws ConfigException when the settings name a server or a model that does not fit with the others
     */
    public Upstreams(Config config, Map<String, String> documentation, Clock clock) {
        this.created = clock.instant().getEpochSecond();
        this.threads = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("chat-http-", 0).factory());
        ScheduledThreadPoolExecutor alarms = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("chat-clock").factory());
        alarms.setRemoveOnCancelPolicy(true);
        this.clock = alarms;
        try {
            for (Upstream upstream : configured(config)) {
                add(upstream);
            }
            add(new Guide(documentation, config.get(Settings.GUIDE_PACE), clock));
        } catch (RuntimeException bad) {
            close();
            throw bad;
        }
    }

    Upstream forModel(String model) throws RefusedException {
        Upstream upstream = byModel.get(model);
        if (upstream == null) {
            throw new RefusedException(ApiError.unknownModel(model));
        }
        return upstream;
    }

    /** For clients that name none: the first of the settings, the guide if there is none. */
    public String defaultModel() {
        return byModel.keySet().iterator().next();
    }

    /** The answer to {@code GET /v1/models}. */
    public String modelsJson() {
        var data = ChatJson.PROVIDER.createArrayBuilder();
        byModel.forEach((model, upstream) -> data.add(entry(model, upstream)));
        return ChatJson.PROVIDER
                .createObjectBuilder()
                .add("object", "list")
                .add("data", data)
                .build()
                .toString();
    }

    /** The answer to {@code GET /v1/models/{id}}. */
    public String modelJson(String model) throws RefusedException {
        return entry(model, forModel(model)).toString();
    }

    /** Breaks off whatever is still on its way. */
    @Override
    public void close() {
        clients.values().forEach(HttpClient::shutdownNow);
        threads.shutdownNow();
        clock.shutdownNow();
    }

    private JsonObject entry(String model, Upstream upstream) {
        return ChatJson.PROVIDER
                .createObjectBuilder()
                .add("id", model)
                .add("object", "model")
                .add("created", created)
                .add("owned_by", upstream.name())
                .build();
    }

    private void add(Upstream upstream) {
        for (String model : upstream.models()) {
            if (byModel.putIfAbsent(model, upstream) != null) {
                throw new ConfigException(
                        Settings.CHAT_MODELS.key() + " names the model '" + model + "', which is already taken");
            }
        }
    }

    /**
     * Whatever the client has to do between the socket and {@link HttpBody} it does on its selector's thread: that is
     * little, and a thread for each token costs more. Not so over TLS, where a handshake takes milliseconds in which all
     * other streams would wait.
     */
    private HttpClient clientFor(URI base) {
        String scheme = base.getScheme().toLowerCase(Locale.ROOT);
        return clients.computeIfAbsent(
                scheme,
                any -> HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(CONNECT_TIME)
                        .executor(scheme.equals("https") ? threads : Upstreams::runHere)
                        .build());
    }

    /** What it throws would end the selector's thread, and all streams with it. */
    static void runHere(Runnable task) {
        try {
            task.run();
        } catch (Throwable bug) {
            System.getLogger("millrace.chat").log(System.Logger.Level.ERROR, "the HTTP client failed", bug);
        }
    }

    private List<Upstream> configured(Config config) {
        if (config.get(Settings.CHAT_UPSTREAM_SILENCE).isZero()) {
            throw new ConfigException(Settings.CHAT_UPSTREAM_SILENCE.key() + " must be more than 0");
        }
        var limits = new HttpUpstream.Limits(
                config.get(Settings.CHAT_UPSTREAM_SILENCE),
                Math.clamp(config.get(Settings.CHAT_MAX_EVENT), 1, Integer.MAX_VALUE - 8),
                config.get(Settings.CHAT_MAX_ANSWER));
        Map<String, List<String>> urls = byName(config, Settings.CHAT_UPSTREAMS, "https://api.example/v1");
        Map<String, List<String>> keys = byName(config, Settings.CHAT_UPSTREAM_KEYS, "key");
        Map<String, List<String>> models = byName(config, Settings.CHAT_MODELS, "model");
        requireKnown(Settings.CHAT_UPSTREAM_KEYS, keys, urls);
        requireKnown(Settings.CHAT_MODELS, models, urls);
        List<Upstream> upstreams = new ArrayList<>();
        urls.forEach((name, url) -> {
            URI base = baseUrl(name, only(Settings.CHAT_UPSTREAMS, name, url));
            List<String> own = models.get(name);
            if (own == null) {
                throw new ConfigException(
                        Settings.CHAT_MODELS.key() + " names no model of the upstream '" + name + "'");
            }
            upstreams.add(new HttpUpstream(name, base, key(name, keys.get(name)), own, limits, clientFor(base), clock));
        });
        return upstreams;
    }

    private static Map<String, List<String>> byName(Config config, Setting<List<String>> setting, String example) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        List<String> entries = config.get(setting);
        for (int i = 0; i < entries.size(); i++) {
            int equals = entries.get(i).indexOf('=');
            if (equals < 1 || equals == entries.get(i).length() - 1) {
                // the entry itself may hold a key and is not quoted
                throw new ConfigException(setting.key() + ": entry " + (i + 1) + " is not of the form name=" + example);
            }
            values.computeIfAbsent(entries.get(i).substring(0, equals).strip(), none -> new ArrayList<>())
                    .add(entries.get(i).substring(equals + 1).strip());
        }
        return values;
    }

    private static void requireKnown(
            Setting<?> setting, Map<String, List<String>> named, Map<String, List<String>> upstreams) {
        for (String name : named.keySet()) {
            if (!upstreams.containsKey(name)) {
                throw new ConfigException(setting.key() + " speaks of the upstream '" + name + "', which "
                        + Settings.CHAT_UPSTREAMS.key() + " does not name");
            }
        }
    }

    private static String only(Setting<?> setting, String name, List<String> values) {
        if (values.size() != 1) {
            throw new ConfigException(setting.key() + " names the upstream '" + name + "' twice");
        }
        return values.getFirst();
    }

    private static URI baseUrl(String name, String url) {
        String where = Settings.CHAT_UPSTREAMS.key() + ": the address of '" + name + "' ";
        try {
            URI base = URI.create(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
            boolean isHttp = "http".equalsIgnoreCase(base.getScheme()) || "https".equalsIgnoreCase(base.getScheme());
            if (!isHttp || base.getHost() == null || base.getRawUserInfo() != null || base.getRawQuery() != null) {
                throw new ConfigException(where + "must be an http or https address without user and query");
            }
            return base;
        } catch (IllegalArgumentException noUri) {
            throw new ConfigException(where + "is no URI");
        }
    }

    private static @Nullable Secret key(String name, @Nullable List<String> keys) {
        if (keys == null) {
            return null;
        }
        try {
            return new Secret(only(Settings.CHAT_UPSTREAM_KEYS, name, keys));
        } catch (IllegalArgumentException bad) {
            throw new ConfigException(Settings.CHAT_UPSTREAM_KEYS.key() + ": the key of '" + name + "' cannot be used: "
                    + bad.getMessage());
        }
    }
}
