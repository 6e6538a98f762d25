package millrace.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.harness.Setup;

/** Models are found by their names in paths, escaped as clients escape them, where the container lets that through. */
@OnContainers
class ModelPathsIT {

    @ContainerTest
    void aModelIsFoundByItsNameHoweverItIsEscaped(Container container) throws Exception {
        Map<String, String> settings = Map.of(
                "millrace.chat.upstreams", "x=http://127.0.0.1:9/v1",
                "millrace.chat.models", "x=org/model-1,x=50%+ü&b=c,x=a%2Fb");
        try (Server server = Server.start(container, Setup.ENCODED_SLASHES, 0, settings);
                HttpClient http = HttpClient.newHttpClient()) {
            assertModel("org/model-1", http, server.uri("/v1/models/org%2Fmodel-1"));
            assertModel("org/model-1", http, server.uri("/v1/models/org%2fmodel%2D1"));
            assertModel("org/model-1", http, server.uri("/v1/models/org/model-1"));
            assertModel("50%+ü&b=c", http, server.uri("/v1/models/50%25+%C3%BC&b=c"));
            assertModel("50%+ü&b=c", http, server.uri("/v1/models/50%25%2B%C3%BC%26b%3Dc"));
            assertModel("a%2Fb", http, server.uri("/v1/models/a%252Fb"));
            assertEquals(404, get(http, server.uri("/v1/models/org%2Fmodel-2")).statusCode());
        }
    }

    private static void assertModel(String id, HttpClient http, URI uri) throws Exception {
        HttpResponse<String> answer = get(http, uri);
        assertEquals(200, answer.statusCode(), uri + ": " + answer.body());
        assertTrue(answer.body().startsWith("{\"id\":\"" + id + "\","), answer.body());
    }

    private static HttpResponse<String> get(HttpClient http, URI uri) throws Exception {
        return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }
}
