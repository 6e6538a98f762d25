package millrace.chat;

import java.time.Duration;
import java.util.Locale;

/** What upstreams do, as seen in practice; one script each. The answer that is meant is always "Hello". */
public enum UpstreamRow {
    COMPLETE("a complete answer", exchange -> {
        exchange.stream();
        hello(exchange);
        exchange.finish();
        exchange.done();
        exchange.end();
    }),
    DECORATED("comments, `id:`, `retry:`, `event: message`, CRLF", exchange -> {
        exchange.stream();
        exchange.chunk(": ping\r\n\r\nretry: 1000\r\nid: 7\r\nevent: message\r\ndata: " + text("Hel") + "\r\n\r\n");
        exchange.chunk("id: 8\r\ndata: " + text("lo") + "\r\n\r\n: ping\r\n\r\n");
        exchange.finish();
        exchange.done();
        exchange.end();
    }),
    NO_CONTENT_TYPE("no `Content-Type`", exchange -> {
        exchange.head(200);
        hello(exchange);
        exchange.finish();
        exchange.done();
        exchange.end();
    }),
    PING("`event: ping` with data `{}`", exchange -> {
        exchange.stream();
        exchange.text("Hel");
        exchange.chunk("event: ping\ndata: {}\n\n");
        exchange.text("lo");
        exchange.finish();
        exchange.done();
        exchange.end();
    }),
    ERROR_NULL("a chunk with `\"error\": null`", exchange -> {
        exchange.stream();
        exchange.text("Hel");
        exchange.data(text("lo").replaceFirst("\\{", "{\"error\":null,"));
        exchange.finish();
        exchange.done();
        exchange.end();
    }),
    ERROR_DATA("`data: {\"error\":…}` in mid-stream, then `[DONE]`", exchange -> {
        exchange.stream();
        exchange.text("Hel");
        exchange.data(error());
        exchange.done();
        exchange.end();
    }),
    ERROR_FIRST("`data: {\"error\":…}` with code 400 as the first event", exchange -> {
        exchange.stream();
        exchange.data(error());
        exchange.end();
    }),
    ERROR_EVENT("`event: error` in mid-stream", exchange -> {
        exchange.stream();
        exchange.text("Hel");
        exchange.chunk("event: error\ndata: " + error() + "\n\n");
        exchange.end();
    }),
    CUT("the connection is cut in mid-answer", exchange -> {
        exchange.stream();
        exchange.text("Hel");
        exchange.cut();
    }),
    LONE_DONE("cut short, but with `[DONE]`", exchange -> {
        exchange.stream();
        exchange.text("Hel");
        exchange.done();
        exchange.end();
    }),
    CLEAN_END("clean end, no finish reason, no `[DONE]`", exchange -> {
        exchange.stream();
        exchange.text("Hel");
        exchange.end();
    }),
    NO_DONE("finish reason, but no `[DONE]`", exchange -> {
        exchange.stream();
        hello(exchange);
        exchange.finish();
        exchange.end();
    }),
    HELD("`[DONE]`, then the connection is held for 3 s", exchange -> {
        exchange.stream();
        hello(exchange);
        exchange.finish();
        exchange.done();
        if (!exchange.closedWithin(Duration.ofSeconds(3))) {
            exchange.end();
        }
    }),
    USAGE("usage chunk with `choices: []`", exchange -> {
        exchange.stream();
        hello(exchange);
        exchange.finish();
        exchange.data(usage("[]"));
        exchange.done();
        exchange.end();
    }),
    USAGE_NULL("usage chunk with `choices: null`", exchange -> {
        exchange.stream();
        hello(exchange);
        exchange.finish();
        exchange.data(usage("null"));
        exchange.done();
        exchange.end();
    }),
    REASONING_CONTENT("`reasoning_content`", exchange -> {
        exchange.stream();
        exchange.delta("{\"role\":\"assistant\",\"reasoning_content\":\"Hm\"}");
        hello(exchange);
        exchange.finish();
        exchange.done();
        exchange.end();
    }),
    REASONING("`reasoning`", exchange -> {
        exchange.stream();
        exchange.delta("{\"role\":\"assistant\",\"reasoning\":\"Hm\"}");
        hello(exchange);
        exchange.finish();
        exchange.done();
        exchange.end();
    }),
    TOOL_CALL("a tool call in pieces", exchange -> {
        exchange.stream();
        exchange.delta("{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"call_1\","
                + "\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"\"}}]}");
        exchange.delta("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"city\\\":\"}}]}");
        exchange.delta("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"Köln\\\"}\"}}]}");
        exchange.data(ScriptedUpstream.Exchange.chunkJson("{}", "\"tool_calls\""));
        exchange.done();
        exchange.end();
    }),
    TOO_MANY("429 with `Retry-After`", exchange -> {
        exchange.head(429, "Content-Type: application/json", "Retry-After-Ms: 10");
        exchange.chunk(
                "{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\",\"param\":null,\"code\":null}}");
        exchange.end();
    }),
    LATE("first byte after 4 s, client's time-out 2 s", exchange -> {
        if (!exchange.closedWithin(Duration.ofSeconds(4))) {
            exchange.stream();
            hello(exchange);
            exchange.finish();
            exchange.done();
            exchange.end();
        }
    }),
    SLOW("headers at once, text over 4 s, client's time-out 2 s", exchange -> {
        exchange.stream();
        for (String piece : "H e l l o".split(" ", -1)) {
            exchange.text(piece);
            if (exchange.closedWithin(Duration.ofMillis(800))) {
                return;
            }
        }
        exchange.finish();
        exchange.done();
        exchange.end();
    });

    private final String description;
    private final ScriptedUpstream.Script script;

    UpstreamRow(String description, ScriptedUpstream.Script script) {
        this.description = description;
        this.script = script;
    }

    /** The model whose name makes the upstream do this. */
    public String model() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** One phrase of Markdown. */
    public String description() {
        return description;
    }

    /** An upstream with all of these. */
    public static ScriptedUpstream upstream() throws Exception {
        ScriptedUpstream upstream = new ScriptedUpstream();
        for (UpstreamRow row : values()) {
            upstream.on(row.model(), row.script);
        }
        return upstream;
    }

    /** All models, as the setting wants them. */
    public static String modelsOf(String upstream) {
        StringBuilder models = new StringBuilder();
        for (UpstreamRow row : values()) {
            models.append(models.isEmpty() ? "" : ",")
                    .append(upstream)
                    .append('=')
                    .append(row.model());
        }
        return models.toString();
    }

    private static void hello(ScriptedUpstream.Exchange exchange) throws Exception {
        exchange.text("Hel");
        exchange.text("lo");
    }

    private static String text(String content) {
        return ScriptedUpstream.Exchange.chunkJson("{\"content\":\"" + content + "\"}", "null");
    }

    private static String error() {
        return "{\"error\":{\"message\":\"it broke\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":400}}";
    }

    private static String usage(String choices) {
        return "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":"
                + choices + ",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}";
    }
}
