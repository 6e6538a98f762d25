package millrace.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.servlet.http.HttpServletRequest;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who is taken for an EventSource, by what each client sends. */
class EventSourceClientTest {

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            client                      | method | accept                               | cache    | dest     | lost  | byType
            Chromium and Firefox        | GET    | text/event-stream                    | no-cache | empty    | true  | true
            Firefox over plain http     | GET    | text/event-stream                    | no-cache | -        | true  | true
            npm eventsource             | GET    | text/event-stream                    | no-cache | -        | true  | true
            fetch-event-source          | GET    | text/event-stream                    | -        | empty    | true  | false
            Jersey                      | GET    | text/event-stream                    | -        | -        | true  | false
            with parameters             | GET    | Text/Event-Stream;charset=utf-8, */* | No-Cache | Empty    | true  | true
            httpx-sse                   | GET    | text/event-stream                    | no-store | -        | true  | false
            MCP                         | GET    | application/json, text/event-stream  | -        | -        | false | false
            a page's fetch()            | GET    | */*                                  | no-cache | empty    | false | false
            curl                        | GET    | */*                                  | -        | -        | false | false
            nothing                     | GET    | -                                    | -        | -        | false | false
            a link that is followed     | GET    | text/event-stream                    | no-cache | document | false | false
            fetch-event-source that posts | POST | text/event-stream                    | no-cache | empty    | false | false
            HEAD                        | HEAD   | text/event-stream                    | no-cache | empty    | false | false
            """, useHeadersInDisplayName = true)
    void whoIsOne(
            String client, String method, String accept, String cache, String dest, boolean lost, boolean byType) {
        HttpServletRequest request = request(method, accept, cache, dest);
        assertEquals(lost, EventSourceClient.isLostByAStatus(request), client);
        assertEquals(byType, EventSourceClient.dispatchesByType(request), client);
    }

    private static HttpServletRequest request(String method, String accept, String cache, String dest) {
        return (HttpServletRequest) Proxy.newProxyInstance(
                EventSourceClientTest.class.getClassLoader(),
                new Class<?>[] {HttpServletRequest.class},
                (self, called, arguments) -> switch (called.getName()) {
                    case "getMethod" -> method;
                    case "getHeader" -> header((String) arguments[0], accept, cache, dest);
                    case "getHeaders" -> {
                        String value = header((String) arguments[0], accept, cache, dest);
                        yield Collections.enumeration(value == null ? List.of() : List.of(value));
                    }
                    default -> throw new UnsupportedOperationException(called.getName());
                });
    }

    private static String header(String name, String accept, String cache, String dest) {
        return switch (name) {
            case "Accept" -> accept;
            case "Cache-Control" -> cache;
            case "Sec-Fetch-Dest" -> dest;
            default -> null;
        };
    }
}
