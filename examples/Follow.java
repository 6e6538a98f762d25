import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;

/**
 * Follows a stream with nothing but the JDK: reads events, reconnects after a cut with the last event id, and stops at
 * the status 204, by which a server says that nothing more will come.
 *
 * <p>{@code java Follow.java http://127.0.0.1:8080/sse/v1}
 */
class Follow {

    public static void main(String[] args) throws Exception {
        URI uri = URI.create(args.length > 0 ? args[0] : "http://127.0.0.1:8080/sse/v1");
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1) // over cleartext it would ask to upgrade first
                .build();
        String lastEventId = "";
        long retryMillis = 2000;
        while (true) {
            HttpRequest.Builder request = HttpRequest.newBuilder(uri).header("Accept", "text/event-stream");
            if (!lastEventId.isEmpty()) {
                request.header("Last-Event-ID", lastEventId);
            }
            try {
                var response = client.send(request.build(), BodyHandlers.ofInputStream());
                if (response.statusCode() == 204) {
                    System.out.println("the end");
                    return;
                }
                if (response.statusCode() != 200) {
                    throw new IllegalStateException(
                            response.statusCode() + " " + new String(response.body().readAllBytes(), StandardCharsets.UTF_8));
                }
                var lines = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
                StringBuilder data = new StringBuilder();
                String id = lastEventId;
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.isEmpty()) {
                        lastEventId = id;
                        if (!data.isEmpty()) {
                            System.out.println(id + " " + data.substring(0, data.length() - 1));
                            data.setLength(0);
                        }
                    } else if (line.startsWith("data:")) {
                        data.append(line.substring(line.startsWith("data: ") ? 6 : 5)).append('\n');
                    } else if (line.startsWith("id:")) {
                        id = line.substring(3).strip();
                    } else if (line.startsWith("retry:")) {
                        retryMillis = Long.parseLong(line.substring(6).strip());
                    }
                }
            } catch (IOException cut) {
                // comes back below
            }
            Thread.sleep(retryMillis);
        }
    }
}
