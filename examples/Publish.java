import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Publishes an update to the hub, with the JDK alone: java Publish.java URL TOPIC DATA, the token in the environment. */
class Publish {

    public static void main(String[] args) throws Exception {
        String id = "urn:uuid:" + UUID.randomUUID(); // an id of our own: readers can tell if we have to send it again
        HttpRequest.Builder update = HttpRequest.newBuilder(URI.create(args[0] + "/.well-known/mercure"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "topic=" + encoded(args[1]) + "&data=" + encoded(args[2]) + "&id=" + encoded(id)));
        if (System.getenv("TOKEN") != null) { // the demo needs none
            update.header("Authorization", "Bearer " + System.getenv("TOKEN"));
        }
        HttpResponse<String> answer =
                HttpClient.newHttpClient().send(update.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) { // 503: nothing was delivered, so publish again
            throw new IllegalStateException(answer.statusCode() + " " + answer.body());
        }
        System.out.println("published, and on disk: " + answer.body());
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
