package millrace.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import millrace.harness.Container;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;
import millrace.web.RawConnection.Head;

/** Bad input gets a clear answer: a problem with a stable type, no stack trace, and nothing in the log. */
@OnContainers
class BadInputIT {

    @ContainerTest
    void anUnknownPathIsAProblem(Server server) throws Exception {
        for (String path : List.of(
                "/nothing",
                "/sse",
                "/sse/v2",
                "/sse/v1/more",
                "/streams",
                "/streams/",
                "/streams/cut",
                "/health",
                "/health/",
                "/health/x",
                "/WEB-INF/web.xml",
                "/META-INF/MANIFEST.MF",
                "/error/x")) {
            assertProblem(404, "not-found", HttpRequest.newBuilder(server.uri(path)));
        }
    }

    @ContainerTest
    void whatTheContainerAnswersItselfKeepsItsStatus(Server server) throws Exception {
        assertBlank(
                412,
                HttpRequest.newBuilder(server.uri("/page/page.css"))
                        .header("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"));
        assertBlank(416, HttpRequest.newBuilder(server.uri("/page/page.css")).header("Range", "bytes=9999999-"));
        HttpRequest brew = HttpRequest.newBuilder(server.uri("/"))
                .method("BREW", BodyPublishers.noBody())
                .build();
        // only the status: Jetty sends nobody to an error page for such a method
        assertEquals(501, Following.HTTP.send(brew, BodyHandlers.discarding()).statusCode());
    }

    private static void assertBlank(int status, HttpRequest.Builder request) throws Exception {
        var response = Following.HTTP.send(request.build(), BodyHandlers.ofString());
        assertEquals(status, response.statusCode(), response.body());
        assertEquals("{\"type\":\"about:blank\",\"status\":" + status + "}\n", response.body());
        assertEquals(
                "application/problem+json",
                response.headers().firstValue("Content-Type").orElse("").split(";", 2)[0]);
    }

    @ContainerTest
    void anUnknownMethodIsAProblemThatNamesTheKnownOnes(Server server) throws Exception {
        for (String method : List.of("PUT", "DELETE", "PATCH", "OPTIONS", "BREW")) {
            try (var connection = new RawConnection(server.uri("/"))) {
                connection.request(method, "/sse/v1");
                Head head = connection.head();
                Problems.assertProblem(405, "method-not-allowed", head, connection.body());
                assertEquals("GET, HEAD, POST", head.header("Allow"));
            }
        }
        assertProblem(
                405,
                "method-not-allowed",
                HttpRequest.newBuilder(server.uri("/sse/no_sse")).GET());
        assertProblem(405, "method-not-allowed", post(server, "/health/live", "", "text/plain"));
    }

    @ContainerTest
    void aParameterThatIsUnknownOrOutOfBoundsIsNamed(Server server) throws Exception {
        for (String query : List.of(
                "n=-1",
                "n=0",
                "n=1e9",
                "n=1000000000",
                "n=",
                "n=1.5",
                "n=%20",
                "interval=abc",
                "interval=-1",
                "interval=99999999999999999999",
                "n=%EF%BC%91")) {
            JsonObject problem =
                    assertProblem(400, "bad-parameter", HttpRequest.newBuilder(server.uri("/sse/v1?" + query)));
            String name = query.substring(0, query.indexOf('='));
            assertTrue(problem.getString("detail").contains(name), problem.toString());
        }
        for (String query : List.of("m=1", "N=3", "%00=1", "n=3&x", "=1")) {
            assertProblem(400, "bad-parameter", HttpRequest.newBuilder(server.uri("/sse/v1?" + query)));
        }
        JsonObject huge = assertProblem(
                400, "bad-parameter", HttpRequest.newBuilder(server.uri("/sse/v1?n=" + "9".repeat(3_000))));
        assertTrue(huge.getString("detail").length() < 300, "what was sent is not sent back whole");
    }

    @ContainerTest
    void aQueryThatIsNoUtf8OrBadlyEscapedIsAProblem(Server server) throws Exception {
        for (String query : List.of("n=%FF", "n=%C3", "n=%zz", "n=%", "n=%4", "%ED%A0%80=1")) {
            try (var connection = new RawConnection(server.uri("/"))) {
                connection.request("GET", "/sse/v1?" + query);
                Head head = connection.head();
                Problems.assertProblem(400, "bad-parameter", head, connection.body());
            }
        }
    }

    @ContainerTest
    void aBodyThatIsTooLargeIsRefusedWhetherItsLengthIsToldOrNot(Server server) throws Exception {
        byte[] large = "n=3&".repeat(20_000).getBytes(ISO_8859_1);
        String form = "application/x-www-form-urlencoded";
        assertProblem(413, "body-too-large", post(server, "/sse/v1", BodyPublishers.ofByteArray(large), form));
        assertProblem(
                413,
                "body-too-large",
                post(
                        server,
                        "/sse/v1",
                        BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(large)),
                        form));
        try (var connection = new RawConnection(server.uri("/"))) {
            connection.send("POST /sse/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + form
                    + "\r\nContent-Length: 99999999999\r\n\r\nn=3");
            Problems.assertProblem(413, "body-too-large", connection.head(), connection.body());
        }
    }

    @ContainerTest
    void aBodyOfAnotherTypeIsRefused(Server server) throws Exception {
        for (String type :
                List.of("text/plain", "multipart/form-data; boundary=x", "application/xml", "x bogus", "/")) {
            assertProblem(415, "unsupported-media-type", post(server, "/sse/v1", "n=3", type));
        }
        assertProblem(
                415,
                "unsupported-media-type",
                HttpRequest.newBuilder(server.uri("/sse/v1")).POST(BodyPublishers.ofString("n=3")));
    }

    @ContainerTest
    void malformedJsonIsAnsweredWithItsPosition(Server server) throws Exception {
        JsonObject problem = assertProblem(400, "malformed-json", json(server, "{\n  \"n\": 3,\n  oops\n}"));
        assertEquals(3, problem.getInt("line"));
        assertTrue(problem.getInt("column") >= 3 && problem.getInt("column") <= 5, problem.toString());
        for (String text :
                List.of("{", "{\"n\":", "{\"n\": 3", "nope", "{\"n\": 3} {", "[1,", "\"", "{\"n\": 03}", " ")) {
            assertProblem(400, "malformed-json", json(server, text));
        }
        for (String text : List.of("[]", "3", "null", "\"n\"")) {
            assertProblem(400, "bad-body", json(server, text));
        }
        for (String text :
                List.of("{\"n\": null}", "{\"n\": 1e999999999}", "{\"n\": 1.5}", "{\"n\": {}}", "{\"x\": 1}")) {
            assertProblem(400, "bad-parameter", json(server, text));
        }
        assertProblem(400, "malformed-json", json(server, "[".repeat(60_000)));
    }

    @ContainerTest
    void aBodyThatIsNoUtf8IsAProblem(Server server) throws Exception {
        byte[] bad = "{\"n\": 3, \"\u00ff\": 1}".getBytes(ISO_8859_1);
        assertProblem(
                400, "malformed-json", post(server, "/sse/v1", BodyPublishers.ofByteArray(bad), "application/json"));
        byte[] form = "n=3\u00ff".getBytes(ISO_8859_1);
        assertProblem(
                400,
                "bad-parameter",
                post(server, "/sse/v1", BodyPublishers.ofByteArray(form), "application/x-www-form-urlencoded"));
    }

    @ContainerTest
    void aPostFromAnotherSitesPageIsRefused(Server server) throws Exception {
        for (String path : List.of("/sse/v1", "/sse/no_sse")) {
            for (String origin :
                    List.of("https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example")) {
                assertProblem(
                        403, "forbidden", post(server, path, "", "text/plain").header("Origin", origin));
            }
            assertProblem(
                    403, "forbidden", post(server, path, "", "text/plain").header("Sec-Fetch-Site", "cross-site"));
        }
    }

    @ContainerTest
    void demoModeServesNobodyWhoMayComeFromElsewhere(Server server) throws Exception {
        for (String header :
                List.of("Host: evil.example", "Host: localhost.evil.example:80", "Host: 127.0.0.1.evil.example")) {
            try (var connection = new RawConnection(server.uri("/"))) {
                connection.send("GET /sse/v1 HTTP/1.1\r\n" + header + "\r\n\r\n");
                Problems.assertProblem(403, "forbidden", connection.head(), connection.body());
            }
        }
        for (String header : List.of("Forwarded: for=1.2.3.4", "X-Forwarded-For: 127.0.0.1", "Via: 1.1 proxy")) {
            try (var connection = new RawConnection(server.uri("/"))) {
                connection.request("GET", "/sse/v1", header);
                Problems.assertProblem(403, "forbidden", connection.head(), connection.body());
            }
        }
    }

    /** Of requests that never reach us: the containers' own answers, but the run command's Tomcat is ours. */
    @ContainerTest
    void whatTheContainerItselfRefusesTellsNothingOfTheInside(Server server) throws Exception {
        for (String request : List.of(
                "GET /sse/v1?n=\\ HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET /sse/v1 HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " + "x".repeat(40_000) + "\r\n\r\n",
                "POST /sse/v1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")) {
            try (var connection = new RawConnection(server.uri("/"))) {
                connection.send(request);
                Head head = connection.head();
                String body = new String(connection.body(), ISO_8859_1);
                assertTrue(head.status() >= 400 && head.status() < 500, head + body);
                if (server.container() == Container.TOMCAT_11) {
                    assertFalse(body.contains("Exception") || body.contains("Tomcat"), body);
                }
                assertFalse(body.contains("millrace."), body);
            }
        }
    }

    @ContainerTest
    void nothingOfThisIsInTheLog(Server server) throws Exception {
        int before = server.log().length();
        anUnknownPathIsAProblem(server);
        aParameterThatIsUnknownOrOutOfBoundsIsNamed(server);
        aQueryThatIsNoUtf8OrBadlyEscapedIsAProblem(server);
        aBodyThatIsTooLargeIsRefusedWhetherItsLengthIsToldOrNot(server);
        malformedJsonIsAnsweredWithItsPosition(server);
        aBodyThatIsNoUtf8IsAProblem(server);
        aPostFromAnotherSitesPageIsRefused(server);
        for (int i = 0; i < 5; i++) {
            try (var connection = new RawConnection(server.uri("/"))) {
                connection.request("GET", "/sse/v1?n=1000&interval=1");
                connection.head();
                connection.read(new byte[100]);
                connection.reset();
            }
        }
        Thread.sleep(300);
        String since = server.log().substring(before);
        assertFalse(since.contains("millrace") || since.contains("Exception"), since);
    }

    private static HttpRequest.Builder json(Server server, String text) {
        return post(server, "/sse/v1", text, "application/json");
    }

    private static HttpRequest.Builder post(Server server, String path, String body, String type) {
        return post(server, path, BodyPublishers.ofString(body), type);
    }

    private static HttpRequest.Builder post(Server server, String path, BodyPublisher body, String type) {
        return HttpRequest.newBuilder(server.uri(path))
                .header("Content-Type", type)
                .POST(body);
    }

    private static JsonObject assertProblem(int status, String type, HttpRequest.Builder request) throws Exception {
        return Problems.assertProblem(status, type, Following.HTTP.send(request.build(), BodyHandlers.ofByteArray()));
    }
}
