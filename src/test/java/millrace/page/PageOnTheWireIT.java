package millrace.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import millrace.harness.ContainerTest;
import millrace.harness.OnContainers;
import millrace.harness.Server;

/** What each container sends for the page: the JSP compiled by its own compiler, the assets by its default servlet. */
@OnContainers
class PageOnTheWireIT {

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @ContainerTest
    void thePageComesWithItsPolicyAndNoTextLeftToEvaluate(Server server) throws Exception {
        HttpResponse<String> page = get(server, "/");

        assertEquals(200, page.statusCode(), page.body());
        assertTrue(page.body().startsWith("<!doctype html>"), page.body());
        assertTrue(page.body().contains("<html lang=\"en\" data-demo=\"true\">"), page.body());
        assertFalse(page.body().contains("${"), "an expression was not evaluated");
        assertEquals("text/html;charset=utf-8", contentType(page));
        assertEquals(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                        + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
                page.headers().firstValue("Content-Security-Policy").orElse(null));
        assertFalse(page.headers().firstValue("Set-Cookie").isPresent(), "the page needs no session");
    }

    @ContainerTest
    void thePageHasNoInlineScriptHandlerOrStyle(Server server) throws Exception {
        String page = get(server, "/").body();

        assertFalse(page.matches("(?is).*<style.*"), page);
        assertFalse(page.matches("(?is).*<[^>]+\\s(on\\w+|style)\\s*=.*"), page);
        assertFalse(page.matches("(?is).*<script(?![^>]*\\ssrc=).*"), page);
    }

    @ContainerTest
    void scriptsAndStylesComeWithTheTypesThatModulesNeed(Server server) throws Exception {
        for (String script : List.of("main.js", "lib/uPlot.esm.js", "lib/marked.esm.js", "lib/purify.es.js")) {
            HttpResponse<String> answer = get(server, "/page/" + script);
            assertEquals(200, answer.statusCode(), script);
            assertTrue(contentType(answer).matches("(text|application)/javascript.*"), script + contentType(answer));
            assertEquals(
                    "nosniff",
                    answer.headers().firstValue("X-Content-Type-Options").orElse(null));
            assertEquals(
                    "no-cache", answer.headers().firstValue("Cache-Control").orElse(null));
        }
        for (String style : List.of("page.css", "lib/uPlot.min.css")) {
            assertTrue(contentType(get(server, "/page/" + style)).startsWith("text/css"), style);
        }
        assertTrue(contentType(get(server, "/page/mark.svg")).startsWith("image/svg+xml"));
    }

    @ContainerTest
    void theSourceOfThePageIsNotServed(Server server) throws Exception {
        for (String path : List.of("/WEB-INF/index.jsp", "/index.jsp", "/page/index.jsp")) {
            assertEquals(404, get(server, path).statusCode(), path);
        }
    }

    private static String contentType(HttpResponse<String> answer) {
        return answer.headers().firstValue("Content-Type").orElse("").toLowerCase(java.util.Locale.ROOT);
    }

    private static HttpResponse<String> get(Server server, String path) throws IOException, InterruptedException {
        return HTTP.send(HttpRequest.newBuilder(server.uri(path)).build(), HttpResponse.BodyHandlers.ofString());
    }
}
