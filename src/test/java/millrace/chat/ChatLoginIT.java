package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.harness.Setup;

/** The chat for the users of the container: a role decides who may ask, and an answer is its asker's alone. */
@OnContainers(
        value = {Container.TOMCAT_11, Container.JETTY_12_1},
        setup = Setup.LOGIN,
        properties = {
            "millrace.demo=false",
            "millrace.history=memory",
            "millrace.chat.role=staff",
            "millrace.guide.pace=2",
        })
class ChatLoginIT {

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final String QUESTION =
            "{\"model\":\"guide\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";

    @ContainerTest
    void onlyTheRoleOfTheSettingMayAsk(Server server) throws Exception {
        HttpResponse<String> refused = send("nemo", ask(server));
        assertEquals(401, refused.statusCode());
        assertTrue(refused.body().contains("invalid_api_key"), refused.body());
        assertEquals(
                401,
                send("nemo", HttpRequest.newBuilder(server.uri("/v1/models"))).statusCode());

        assertEquals(
                200,
                send("kim", HttpRequest.newBuilder(server.uri("/v1/models"))).statusCode());
        assertEquals(202, send("kim", ask(server)).statusCode());
    }

    @ContainerTest
    void anAnswerIsReadAndStoppedByItsAskerAloneWhoeverKnowsItsId(Server server) throws Exception {
        HttpResponse<String> accepted = send("kim", ask(server));
        String run = accepted.uri()
                .resolve(accepted.headers().firstValue("Content-Location").orElseThrow())
                .getPath();

        assertEquals(404, send("sam", HttpRequest.newBuilder(server.uri(run))).statusCode());
        assertEquals(
                404,
                send("sam", HttpRequest.newBuilder(server.uri(run)).DELETE()).statusCode());

        assertEquals(
                204,
                send("kim", HttpRequest.newBuilder(server.uri(run)).DELETE()).statusCode());
        assertEquals(200, send("kim", HttpRequest.newBuilder(server.uri(run))).statusCode());
    }

    private static HttpRequest.Builder ask(Server server) {
        return HttpRequest.newBuilder(server.uri("/v1/chat/completions"))
                .header("Content-Type", "application/json")
                .header("Prefer", "respond-async")
                .POST(HttpRequest.BodyPublishers.ofString(QUESTION));
    }

    private static HttpResponse<String> send(String user, HttpRequest.Builder request) throws Exception {
        String credentials = Base64.getEncoder().encodeToString((user + ":secret").getBytes(StandardCharsets.UTF_8));
        return HTTP.send(
                request.header("Authorization", "Basic " + credentials).build(), HttpResponse.BodyHandlers.ofString());
    }
}
