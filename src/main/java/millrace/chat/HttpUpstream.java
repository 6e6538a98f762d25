package millrace.chat;

import static java.lang.System.Logger.Level.WARNING;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** An OpenAI-compatible server, spoken to over HTTP/1.1: there a closed stream is a closed connection. */
final class HttpUpstream implements Upstream {

    private static final System.Logger LOG = System.getLogger("millrace.chat");

    static final int MAX_ERROR_BYTES = 64 << 10;
    private static final int MAX_HEADER_CHARS = 100; // a date has 29
    static final Duration ERROR_BODY_TIME = Duration.ofSeconds(5);
    private static final long WARN_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** What of an upstream's refusal is meant for whoever made the request. */
    private static final List<String> RETRY_HEADERS = List.of("Retry-After", "Retry-After-Ms", "X-Should-Retry");

    /**
     * @param silence an upstream that sends no byte for so long is given up
     * @param maxEventBytes of one event of a stream
     * @param maxAnswerBytes of an answer in one piece
     */
    record Limits(Duration silence, int maxEventBytes, long maxAnswerBytes) {}

    private final String name;
    private final URI completions;
    private final @Nullable Secret key;
    private final List<String> models;
    private final Limits limits;
    private final HttpClient client;
    private final ScheduledExecutorService clock;
    private final AtomicLong lastWarning = new AtomicLong(System.nanoTime() - WARN_EVERY_NANOS);

    /**
     * @param baseUrl with the {@code /v1} that OpenAI's clients expect in it, without a slash at its end
     * @param client not closed by this
     * @param clock not closed by this
     */
    HttpUpstream(
            String name,
            URI baseUrl,
            @Nullable Secret key,
            List<String> models,
            Limits limits,
            HttpClient client,
            ScheduledExecutorService clock) {
        this.name = name;
        this.completions = URI.create(baseUrl + "/chat/completions");
        this.key = key;
        this.models = List.copyOf(models);
        this.limits = limits;
        this.client = client;
        this.clock = clock;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<String> models() {
        return models;
    }

    @Override
    public Answer ask(ChatRequest request) throws RefusedException, IOException, InterruptedException {
        return new StreamedAnswer(
                post(request, "text/event-stream"),
                limits.silence(),
                limits.maxEventBytes(),
                this::masked,
                System::nanoTime);
    }

    @Override
    public byte[] askWhole(ChatRequest request) throws RefusedException, IOException, InterruptedException {
        try (UpstreamBody body = post(request, "application/json")) {
            var all = new ByteArrayOutputStream();
            body.readInto(all, limits.maxAnswerBytes(), limits.silence(), null);
            byte[] answer = all.toByteArray();
            String text = new String(answer, StandardCharsets.UTF_8);
            String masked = masked(text);
            return masked.equals(text) ? answer : masked.getBytes(StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() {}

    private UpstreamBody post(ChatRequest request, String accept)
            throws RefusedException, IOException, InterruptedException {
        HttpRequest.Builder post = HttpRequest.newBuilder(completions)
                .version(HttpClient.Version.HTTP_1_1)
                .header("Content-Type", "application/json")
                .header("Accept", accept)
                .header("Accept-Encoding", "identity") // a compressed token waits for others
                .POST(HttpRequest.BodyPublishers.ofByteArray(request.body()));
        if (key != null) {
            post.header("Authorization", "Bearer " + key.value());
        }
        HttpBody body = new HttpBody(clock);
        // not the exchange's own future: where the body fails at once that fails too, and what came before is lost
        CompletableFuture<HttpResponse.ResponseInfo> head = new CompletableFuture<>();
        CompletableFuture<?> exchange = client.sendAsync(post.build(), info -> {
            head.complete(info);
            return body;
        });
        var unused = exchange.whenComplete((whole, failure) -> {
            if (failure != null) {
                head.completeExceptionally(failure);
            }
        });
        HttpResponse.ResponseInfo response = null;
        try {
            response = head.get(limits.silence().toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException silent) {
            throw new HttpTimeoutException(
                    "the upstream did not answer within " + limits.silence().toSeconds() + " s");
        } catch (ExecutionException failed) {
            warn("upstream " + name + " cannot be reached: " + oneLine(masked(String.valueOf(failed.getCause()))));
            throw new IOException("the upstream server cannot be reached", failed.getCause());
        } finally {
            if (response == null) { // also when interrupted; the response may be arriving at this moment
                exchange.cancel(true);
                body.close();
            }
        }
        UpstreamBody plain = plain(response, body);
        if (response.statusCode() / 100 == 2) {
            if (plain == null) {
                body.close();
                throw new RefusedException(
                        ApiError.upstream(
                                502,
                                "upstream_encoding",
                                "the upstream server compressed its answer in a way that was not asked for and cannot be read"));
            }
            return plain;
        }
        try (body) {
            throw new RefusedException(refusal(response, plain));
        }
    }

    /** Returns {@code null} where its encoding is none that we read. */
    private static @Nullable UpstreamBody plain(HttpResponse.ResponseInfo response, HttpBody body) {
        String encoding = String.join(",", response.headers().allValues("Content-Encoding"));
        return switch (encoding.strip().toLowerCase(Locale.ROOT)) {
            case "", "identity" -> body;
            case "gzip", "x-gzip" -> new InflatedBody(body, true);
            case "deflate" -> new InflatedBody(body, false);
            default -> null;
        };
    }

    private ApiError refusal(HttpResponse.ResponseInfo response, @Nullable UpstreamBody body)
            throws InterruptedException {
        int status = response.statusCode();
        var all = new ByteArrayOutputStream();
        try {
            if (body != null) {
                body.readInto(all, MAX_ERROR_BYTES, ERROR_BODY_TIME, ERROR_BODY_TIME);
            }
        } catch (IOException unreadable) {
            all.reset();
        }
        String text = all.toString(StandardCharsets.UTF_8);
        String masked = masked(text);
        if (status == 401 || status == 403) {
            warn("upstream " + name + " does not accept the key " + key + " (" + status + "): " + oneLine(masked));
            return ApiError.upstreamRefusedKey();
        }
        if (status < 400 || status > 599) {
            warn("upstream " + name + " answered with status " + status + ": is its address right?");
            return ApiError.upstream(502, "upstream_status", "the upstream server answered with status " + status);
        }
        Map<String, String> headers = new HashMap<>();
        for (String header : RETRY_HEADERS) {
            response.headers()
                    .firstValue(header)
                    .filter(value -> value.length() <= MAX_HEADER_CHARS)
                    .ifPresent(value -> headers.put(header, masked(value)));
        }
        return ApiError.passedOn(status, masked, headers);
    }

    /** Whatever the upstream says, its key stays here. */
    private String masked(String text) {
        return key == null ? text : key.maskIn(text);
    }

    /** At most one line in ten seconds: with a wrong key every request would write one. */
    private void warn(String message) {
        long last = lastWarning.get();
        long now = System.nanoTime();
        if (now - last >= WARN_EVERY_NANOS && lastWarning.compareAndSet(last, now)) {
            LOG.log(WARNING, message);
        }
    }

    private static String oneLine(String text) {
        String line = text.replaceAll("[\\s\\p{Cntrl}]+", " ");
        return line.length() <= 500 ? line : line.substring(0, 500) + "…";
    }
}
