package millrace.chat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;

/**
 * What upstreams do, as seen in practice; one script each. The answer that is meant is always "Hello". The question names
 * the client that asks ({@link #question}), so that an upstream can tell what it saw of each.
 */
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
    PING_EMPTY("`event: ping` with empty data", exchange -> {
        exchange.stream();
        exchange.text("Hel");
        exchange.chunk("event: ping\ndata:\n\n");
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
    MORE_TEXT("finish reason, then more text, then the connection is cut", exchange -> {
        exchange.stream();
        exchange.text("Hel");
        exchange.finish();
        exchange.text("lo, ");
        exchange.closedWithin(Duration.ofMillis(200)); // what a cut catches up with the JDK's client throws away
        exchange.cut();
    }),
    COMMENTS_FOR_EVER("finish reason, no `[DONE]`, comments for 6 s", exchange -> {
        exchange.stream();
        hello(exchange);
        exchange.finish();
        for (int i = 0; i < 60; i++) {
            exchange.chunk(": still here\n\n");
            if (exchange.closedWithin(Duration.ofMillis(100))) {
                return;
            }
        }
        exchange.end();
    }),
    DATA_NULL("`data: null`", exchange -> {
        exchange.stream();
        exchange.text("Hel");
        exchange.data("null");
        exchange.text("lo");
        exchange.finish();
        exchange.done();
        exchange.end();
    }),
    NAMED("chunks under `event: delta`", exchange -> {
        exchange.stream();
        exchange.chunk("event: delta\ndata: " + text("Hel") + "\n\n");
        exchange.chunk("event: delta\ndata: " + text("lo") + "\n\n");
        exchange.finish();
        exchange.done();
        exchange.end();
    }),
    GZIP("`Content-Encoding: gzip`, asked for or not", exchange -> {
        exchange.head(200, "Content-Type: text/event-stream", "Content-Encoding: gzip");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(("data: " + text("Hello") + "\n\ndata: " + ScriptedUpstream.Exchange.chunkJson("{}", "\"stop\"")
                            + "\n\ndata: [DONE]\n\n")
                    .getBytes(StandardCharsets.UTF_8));
        }
        exchange.chunkBytes(bytes.toByteArray());
        exchange.end();
    }),
    ERROR_JSON("200 with `application/json` and an error of code 400", exchange -> {
        exchange.head(200, "Content-Type: application/json");
        exchange.chunk(error());
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
    TOO_MANY("429 with `Retry-After`, and how often it was asked", exchange -> {
        saw(exchange, "+");
        exchange.head(429, "Content-Type: application/json", "Retry-After: 1");
        exchange.chunk(
                "{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\",\"param\":null,\"code\":null}}");
        exchange.end();
    }),
    ASKED("a complete answer, and what it was asked with", exchange -> {
        String accept = exchange.headers().get("accept");
        saw(
                exchange,
                (accept == null ? "no `Accept`" : "`Accept: " + accept + "`")
                        + (exchange.body().contains("include_usage") ? ", wants usage" : "")
                        + (exchange.headers().containsKey("upgrade") ? ", wants HTTP/2" : ""));
        exchange.stream();
        hello(exchange);
        exchange.finish();
        exchange.done();
        exchange.end();
    }),
    STOPPED("token after token, and the client stops after the first", exchange -> {
        exchange.stream();
        long start = System.nanoTime();
        boolean closed = false;
        try {
            for (int i = 0; !closed && i < 60; i++) {
                exchange.text(i == 0 ? "Hel" : "lo");
                closed = exchange.closedWithin(Duration.ofMillis(50));
            }
        } catch (IOException reset) {
            closed = true;
        }
        boolean soon = System.nanoTime() - start < Duration.ofSeconds(1).toNanos();
        saw(exchange, closed ? soon ? "closed within 1 s" : "closed late" : "not closed");
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

    /** What the client of that name asks. */
    static String question(String client) {
        return "Say hello to " + client + "!";
    }

    /** What the upstream saw of that client, or an empty text where it does not look; to be asked once. */
    String seen(String client) throws InterruptedException {
        BlockingQueue<String> notes = notes(model(), client);
        return switch (this) {
            case TOO_MANY -> {
                int attempts = notes.size();
                notes.clear();
                yield "asked " + attempts + (attempts == 1 ? " time" : " times");
            }
            case ASKED, STOPPED -> {
                String note = notes.poll(10, TimeUnit.SECONDS);
                yield note == null ? "not seen" : note;
            }
            default -> "";
        };
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

    private static final Map<String, BlockingQueue<String>> NOTES = new ConcurrentHashMap<>();
    private static final Pattern MODEL = Pattern.compile("\"model\"\\s*:\\s*\"([^\"]*)\"");
    private static final Pattern CLIENT = Pattern.compile("Say hello to (\\w+)!");

    private static void saw(ScriptedUpstream.Exchange exchange, String what) {
        notes(first(MODEL, exchange.body()), first(CLIENT, exchange.body())).add(what);
    }

    private static String first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : "";
    }

    private static BlockingQueue<String> notes(String model, String client) {
        return NOTES.computeIfAbsent(model + " " + client, none -> new LinkedBlockingQueue<>());
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
