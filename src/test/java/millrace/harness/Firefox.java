package millrace.harness;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A headless Firefox with a fresh profile, driven over WebDriver BiDi, which it speaks by itself over a WebSocket. One
 * page. Not thread-safe; close it.
 */
public final class Firefox implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Pattern LISTENING = Pattern.compile("WebDriver BiDi listening on (ws://\\S+)");

    private final Process process;
    private final HttpClient http = HttpClient.newHttpClient();
    private final WebSocket socket;
    private final String page;
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonObject>> waiting = new ConcurrentHashMap<>();

    private Firefox(Process process, URI bidi) throws Exception {
        this.process = process;
        this.socket = http.newWebSocketBuilder()
                .buildAsync(URI.create(bidi + "/session"), new Answers())
                .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        command("session.new", "{\"capabilities\":{}}");
        page = command("browsingContext.getTree", "{}")
                .getJsonArray("contexts")
                .getJsonObject(0)
                .getString("context");
    }

    /**
     * Starts one; takes some seconds. Skips the calling test where it is not installed.
     *
     * @param connectionsPerHost as many streams of one host as it keeps open; its own limit is six
     */
    public static Firefox start(int connectionsPerHost) throws Exception {
        Path program = Tool.FIREFOX.path();
        Path profiles = Files.createDirectories(Container.TARGET.resolve("browser"));
        Path profile = Files.createTempDirectory(profiles, "firefox");
        Files.writeString(profile.resolve("user.js"), """
                user_pref("network.http.max-persistent-connections-per-server", %d);
                user_pref("datareporting.policy.dataSubmissionEnabled", false);
                user_pref("app.normandy.enabled", false);
                user_pref("network.captive-portal-service.enabled", false);
                user_pref("network.connectivity-service.enabled", false);
                user_pref("browser.safebrowsing.update.enabled", false);
                user_pref("extensions.update.enabled", false);
                user_pref("app.update.disabledForTesting", true);
                """.formatted(connectionsPerHost));
        Path log = profile.resolve("firefox.log");
        Process started = new ProcessBuilder(
                        program.toString(),
                        "--headless",
                        "--no-remote",
                        "--profile",
                        profile.toString(),
                        "--remote-debugging-port=0",
                        "about:blank")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
        try {
            return new Firefox(started, bidi(started, log));
        } catch (Exception failed) {
            started.destroyForcibly();
            throw failed;
        }
    }

    private static URI bidi(Process started, Path log) throws Exception {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            boolean alive = started.isAlive();
            String text = Files.readString(log, StandardCharsets.UTF_8);
            Matcher address = LISTENING.matcher(text);
            if (address.find()) {
                return URI.create(address.group(1));
            }
            if (!alive || System.nanoTime() - deadline > 0) {
                throw new IOException("Firefox " + (alive ? "does not listen: " : "ended: ") + text);
            }
            Thread.sleep(50);
        }
    }

    /** Loads a page and returns when it has loaded. */
    public void open(URI address) throws Exception {
        String parameters = Json.createObjectBuilder()
                .add("context", page)
                .add("url", address.toString())
                .add("wait", "complete")
                .build()
                .toString();
        command("browsingContext.navigate", parameters);
    }

    /** Runs JavaScript in the page: an expression whose value is a text. */
    public String js(String expression) throws Exception {
        String parameters = Json.createObjectBuilder()
                .add("expression", expression)
                .add("target", Json.createObjectBuilder().add("context", page))
                .add("awaitPromise", true)
                .build()
                .toString();
        JsonObject answer = command("script.evaluate", parameters);
        if (!answer.getString("type").equals("success")) {
            throw new AssertionError(answer.toString());
        }
        return answer.getJsonObject("result").getString("value", "");
    }

    private JsonObject command(String method, String parameters) throws Exception {
        int id = ids.incrementAndGet();
        CompletableFuture<JsonObject> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        socket.sendText("{\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + parameters + "}", true)
                .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        JsonObject message = answer.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        if (!message.getString("type").equals("success")) {
            throw new AssertionError(method + ": " + message);
        }
        return message.getJsonObject("result");
    }

    @Override
    public void close() throws Exception {
        socket.abort();
        List<ProcessHandle> children = process.descendants().toList();
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        children.forEach(ProcessHandle::destroyForcibly);
        http.close();
    }

    /** Gives each answer to who waits for it; events are not looked at. */
    private final class Answers implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                JsonObject message =
                        Json.createReader(new StringReader(text.toString())).readObject();
                text.setLength(0);
                if (message.containsKey("id") && message.get("id").getValueType() == JsonValue.ValueType.NUMBER) {
                    CompletableFuture<JsonObject> answer = waiting.remove(message.getInt("id"));
                    if (answer != null) {
                        answer.complete(message);
                    }
                }
            }
            from.request(1);
            return null;
        }

        @Override
        public void onError(WebSocket from, Throwable error) {
            waiting.values().forEach(answer -> answer.completeExceptionally(error));
        }
    }
}
