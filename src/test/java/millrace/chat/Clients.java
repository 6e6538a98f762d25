package millrace.chat;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What real clients report of one streamed answer, in one phrase each. */
final class Clients {

    static final Duration TIMEOUT = Duration.ofSeconds(2);

    private Clients() {}

    /** The official Java client. */
    static String openAiJava(URI base, UpstreamRow row) {
        boolean hasTimeout = row == UpstreamRow.LATE || row == UpstreamRow.SLOW;
        OpenAIClient client = OpenAIOkHttpClient.builder()
                .baseUrl(base.toString())
                .apiKey("key")
                .maxRetries(row == UpstreamRow.TOO_MANY ? 2 : 0)
                .timeout(hasTimeout ? TIMEOUT : Duration.ofSeconds(30))
                .build();
        Report report = new Report();
        ChatCompletionCreateParams question = ChatCompletionCreateParams.builder()
                .model(row.model())
                .addUserMessage(UpstreamRow.question("java"))
                .build();
        try (StreamResponse<ChatCompletionChunk> answer =
                client.chat().completions().createStreaming(question)) {
            for (Iterator<ChatCompletionChunk> chunks = answer.stream().iterator();
                    !(row == UpstreamRow.STOPPED && report.hasText()) && chunks.hasNext(); ) {
                for (ChatCompletionChunk.Choice choice : chunks.next().choices()) {
                    choice.delta().content().ifPresent(report.text::append);
                    choice.delta()
                            .toolCalls()
                            .orElse(List.of())
                            .forEach(call -> call.function().ifPresent(function -> {
                                function.name()
                                        .ifPresent(
                                                name -> report.tool.append(name).append(' '));
                                function.arguments().ifPresent(report.tool::append);
                            }));
                    choice.finishReason().ifPresent(reason -> report.finish = reason.asString());
                }
            }
        } catch (Exception failure) {
            report.failure(failure);
        } finally {
            client.close();
        }
        return report.toString();
    }

    /** LangChain4j's client, which reports an end and an error separately. */
    static String langChain4j(URI base, UpstreamRow row) throws InterruptedException {
        boolean hasTimeout = row == UpstreamRow.LATE || row == UpstreamRow.SLOW;
        OpenAiStreamingChatModel model = OpenAiStreamingChatModel.builder()
                .baseUrl(base.toString())
                .apiKey("key")
                .modelName(row.model())
                .returnThinking(true)
                .timeout(hasTimeout ? TIMEOUT : Duration.ofSeconds(30))
                .build();
        Report report = new Report();
        CountDownLatch ended = new CountDownLatch(1);
        CountDownLatch completed = new CountDownLatch(1);
        model.chat(UpstreamRow.question("langchain4j"), new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(PartialResponse response, PartialResponseContext context) {
                if (row == UpstreamRow.STOPPED) {
                    if (!report.hasText()) {
                        report.text.append(response.text());
                        context.streamingHandle().cancel();
                        ended.countDown();
                    }
                    return;
                }
                report.text.append(response.text());
            }

            @Override
            public void onPartialThinking(PartialThinking thinking) {
                report.reasoning.append(thinking.text());
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                response.aiMessage()
                        .toolExecutionRequests()
                        .forEach(call ->
                                report.tool.append(call.name()).append(' ').append(call.arguments()));
                report.finish = response.finishReason() == null
                        ? "no reason"
                        : response.finishReason().name().toLowerCase(java.util.Locale.ROOT);
                completed.countDown();
                ended.countDown();
            }

            @Override
            public void onError(Throwable failure) {
                report.failure(failure);
                ended.countDown();
            }
        });
        if (!ended.await(20, TimeUnit.SECONDS)) {
            return "nothing within 20 s";
        }
        if (row != UpstreamRow.STOPPED) { // behind an error it may report an end too, and behind a refusal none
            var unused = completed.await(3, TimeUnit.SECONDS);
        }
        return report.toString();
    }

    /** A bare socket: what the last thing on the wire is. */
    static String wire(URI base, UpstreamRow row) throws IOException {
        try (Socket socket = new Socket(base.getHost(), base.getPort())) {
            byte[] body = ChatRequest.streamOf(row.model(), null, UpstreamRow.question("wire"))
                    .body();
            socket.getOutputStream()
                    .write(("POST " + base.getPath() + "/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:" + base.getPort()
                                    + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length
                                    + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(body);
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            String end = readToEnd(socket, all, row == UpstreamRow.STOPPED);
            String text = all.toString(StandardCharsets.UTF_8);
            String status = text.substring(9, 12);
            if (!status.equals("200")) {
                Matcher retry = RETRY_AFTER.matcher(text);
                return "status " + status + (retry.find() ? ", `" + retry.group() + "`" : "");
            }
            return (text.contains("[DONE]") ? "`[DONE]`, " : text.contains("{\"error\":{") ? "error event, " : "")
                    + end;
        }
    }

    private static final Pattern RETRY_AFTER = Pattern.compile("Retry-After: \\d+");

    /** Until the last chunk, the end of the connection, or two seconds without a byte after the first event. */
    private static String readToEnd(Socket socket, ByteArrayOutputStream all, boolean stops) throws IOException {
        InputStream in = socket.getInputStream();
        socket.setSoTimeout(10_000);
        byte[] piece = new byte[4096];
        while (true) {
            int n;
            try {
                n = in.read(piece);
            } catch (SocketTimeoutException silent) {
                return "stays open";
            } catch (IOException reset) {
                return "broken";
            }
            if (n < 0) {
                return "broken";
            }
            all.write(piece, 0, n);
            String text = all.toString(StandardCharsets.ISO_8859_1);
            if (text.endsWith("\r\n0\r\n\r\n") || !text.startsWith("HTTP/1.1 200")) {
                return "clean end";
            }
            if (stops && text.contains("Hel")) {
                socket.close();
                return "closed by the client";
            }
            if (text.contains("[DONE]")) {
                socket.setSoTimeout(2_000);
            }
        }
    }

    /** Collects what a client tells; used by one thread at a time. */
    private static final class Report {
        final StringBuilder text = new StringBuilder();
        final StringBuilder reasoning = new StringBuilder();
        final StringBuilder tool = new StringBuilder();
        volatile String finish = "";
        private volatile String failure = "";

        boolean hasText() {
            return !text.isEmpty();
        }

        void failure(Throwable thrown) {
            Throwable named = thrown;
            while (named.getClass() == RuntimeException.class && named.getCause() != null) {
                named = named.getCause();
            }
            failure = failure.isEmpty() ? named.getClass().getSimpleName() : failure; // the first says what happened
        }

        @Override
        public String toString() {
            return List.of(
                            reasoning.isEmpty() ? "" : "(" + reasoning + ")",
                            text.isEmpty() ? "" : "“" + text + "”",
                            tool.isEmpty() ? "" : "`" + tool + "`",
                            failure,
                            finish)
                    .stream()
                    .filter(part -> !part.isEmpty())
                    .collect(Collectors.joining(", "));
        }
    }
}
