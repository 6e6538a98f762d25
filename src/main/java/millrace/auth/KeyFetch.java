package millrace.auth;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Fetches key material from a file or from a URL, bounded in size and in time. */
final class KeyFetch {

    private static final int MAX_BYTES = 512 * 1024;
    private static final Duration MAX_TIME = Duration.ofSeconds(10);

    private KeyFetch() {}

    static RotatingKeys.Fetch file(Path path) {
        return () -> {
            try (InputStream in = Files.newInputStream(path)) {
                byte[] bytes = in.readNBytes(MAX_BYTES + 1);
                if (bytes.length > MAX_BYTES) {
                    throw new IOException("more than " + MAX_BYTES + " bytes");
                }
                return new String(bytes, StandardCharsets.UTF_8);
            }
        };
    }

    /** Follows no redirect: keys come from the place that the operator named, or not at all. */
    static RotatingKeys.Fetch url(URI url) {
        return () -> {
            try (HttpClient client = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(MAX_TIME)
                    .build()) {
                HttpRequest request = HttpRequest.newBuilder(url)
                        .header("Accept", "application/jwk-set+json, application/json")
                        .timeout(MAX_TIME)
                        .build();
                CompletableFuture<HttpResponse<String>> answer = client.sendAsync(request, KeyFetch::bounded);
                try {
                    // the request's own time ends with the headers; this one covers a body that trickles
                    HttpResponse<String> response = answer.get(MAX_TIME.toMillis(), TimeUnit.MILLISECONDS);
                    if (response.statusCode() != 200) {
                        throw new IOException("status " + response.statusCode());
                    }
                    return response.body();
                } catch (ExecutionException failed) {
                    throw new IOException(String.valueOf(failed.getCause()), failed);
                } catch (TimeoutException tooSlow) {
                    throw new IOException("no answer within " + MAX_TIME.toSeconds() + " s", tooSlow);
                } finally {
                    // a close alone would wait for what still runs
                    client.shutdownNow();
                }
            }
        };
    }

    private static HttpResponse.BodySubscriber<String> bounded(HttpResponse.ResponseInfo info) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        return BodySubscribers.mapping(
                BodySubscribers.ofByteArrayConsumer(part -> part.ifPresent(bytes -> {
                    if (body.size() + bytes.length > MAX_BYTES) {
                        throw new IllegalStateException("more than " + MAX_BYTES + " bytes");
                    }
                    body.writeBytes(bytes);
                })),
                nothing -> body.toString(StandardCharsets.UTF_8));
    }
}
