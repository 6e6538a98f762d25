package millrace.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import millrace.harness.Server;

/** A client of the hub without a library: forms, tokens of 0.x, streams. */
final class HubClient {

    static final String KEY = "a secret of at least thirty-two bytes";

    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final Server server;

    HubClient(Server server) {
        this.server = server;
    }

    /** A token of 0.x that ends in an hour. */
    static String token(String subject, String publish, String subscribe) {
        return token(subject, publish, subscribe, Instant.now().getEpochSecond() + 3600);
    }

    /** @param publish a JSON array's members, e.g. {@code "\"*\""} */
    static String token(String subject, String publish, String subscribe, long expiry) {
        String header = BASE64.encodeToString("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes(UTF_8));
        String claims = BASE64.encodeToString(
                "{\"sub\":\"%s\",\"exp\":%d,\"mercure\":{\"publish\":[%s],\"subscribe\":[%s],\"payload\":{\"name\":\"%s\"}}}"
                        .formatted(subject, expiry, publish, subscribe, subject)
                        .getBytes(UTF_8));
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(KEY.getBytes(UTF_8), "HmacSHA256"));
            String signed = header + "." + claims;
            return signed + "." + BASE64.encodeToString(mac.doFinal(signed.getBytes(UTF_8)));
        } catch (GeneralSecurityException impossible) {
            throw new AssertionError(impossible);
        }
    }

    static String bearer(String subject, String publish, String subscribe) {
        return "Bearer " + token(subject, publish, subscribe);
    }

    /** Names and values in turn, percent-encoded. */
    static String form(String... namesAndValues) {
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            pairs.add(URLEncoder.encode(namesAndValues[i], UTF_8) + "="
                    + URLEncoder.encode(namesAndValues[i + 1], UTF_8));
        }
        return String.join("&", pairs);
    }

    URI hub(String... query) {
        return server.uri("/.well-known/mercure" + (query.length == 0 ? "" : "?" + form(query)));
    }

    /** Publishes with a token that may publish everything, and fails if that is refused. */
    String publish(String... fields) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer = post(form(fields), "Authorization", bearer("publisher", "\"*\"", ""));
        if (answer.statusCode() != 200) {
            throw new AssertionError(answer.statusCode() + " " + new String(answer.body(), UTF_8));
        }
        return new String(answer.body(), UTF_8);
    }

    HttpResponse<byte[]> post(String body, String... headers) throws IOException, InterruptedException {
        return send("POST", hub(), body, "application/x-www-form-urlencoded", headers);
    }

    HttpResponse<byte[]> get(URI uri, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return Following.HTTP.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    HttpResponse<byte[]> send(String method, URI uri, String body, String type, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .header("Content-Type", type);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return Following.HTTP.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }
}
