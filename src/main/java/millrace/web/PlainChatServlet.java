package millrace.web;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.util.Locale;
import millrace.chat.ApiError;
import millrace.chat.Caller;
import millrace.chat.ChatRequest;
import millrace.chat.Face;
import millrace.chat.Generations;
import millrace.chat.RefusedException;
import millrace.config.Settings;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.FormData;
import millrace.request.JsonBody;
import millrace.stream.ProblemResponse;
import millrace.stream.RequestBody;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /sse/async_openai_out}: the simplest form of a chat. {@code user_message}, {@code system_prompt} and
 * {@code model} (the last two may be left out), as JSON or as a form; each piece of the answer's text is one event.
 */
public final class PlainChatServlet extends ChatServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private record Question(
            @Nullable String userMessage,
            @Nullable String systemPrompt,
            @Nullable String model) {}

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response)
            throws RefusedException, ProblemException, IOException {
        if (!request.getMethod().equals("POST")) {
            throw ProblemServlet.methodNotAllowed(response, "POST");
        }
        Application.Chat chat = application().chat();
        Caller caller = chat.access().require(request);
        byte[] body = RequestBody.readOrComeBack(
                request, application().streams(), application().config().get(Settings.CHAT_MAX_REQUEST));
        if (body == null) {
            return;
        }
        Question question = read(request.getContentType(), body);
        if (question.userMessage() == null || question.userMessage().isEmpty()) {
            throw new ProblemException(ProblemType.BAD_PARAMETER, "Send a user_message that is not empty.");
        }
        String model = question.model();
        if (model == null || model.isEmpty()) { // a form sends its empty fields too
            model = chat.upstreams().defaultModel();
        }
        ChatRequest asked = ChatRequest.streamOf(model, question.systemPrompt(), question.userMessage());
        application().streams().requireRoom(request);
        Generations generations = chat.generations();
        comeBackWith(
                request,
                () -> begin(generations.start(asked, caller, Face.text(), Generations.Life.WHILE_READ), false));
    }

    @Override
    void refuse(HttpServletResponse response, ApiError error) throws IOException {
        if (!response.isCommitted()) {
            error.headers().forEach(response::setHeader);
            ProblemResponse.send(response, error.toProblem());
        }
    }

    @Override
    void refuse(HttpServletResponse response, ProblemException refused) throws IOException {
        ProblemResponse.send(response, refused);
    }

    private static Question read(@Nullable String contentType, byte[] body) throws ProblemException {
        String type =
                contentType == null ? "" : contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        return switch (type) {
            case "application/json" -> readJson(body);
            case "application/x-www-form-urlencoded" -> {
                FormData form = FormData.parse(body);
                yield new Question(form.first("user_message"), form.first("system_prompt"), form.first("model"));
            }
            default ->
                throw new ProblemException(
                        ProblemType.UNSUPPORTED_MEDIA_TYPE,
                        "Send application/json or application/x-www-form-urlencoded.");
        };
    }

    private static Question readJson(byte[] body) throws ProblemException {
        JsonObject object = JsonBody.read(body, "{\"user_message\": \"…\"}");
        return new Question(text(object, "user_message"), text(object, "system_prompt"), text(object, "model"));
    }

    private static @Nullable String text(JsonObject object, String name) throws ProblemException {
        JsonValue value = object.getOrDefault(name, JsonValue.NULL);
        if (value instanceof JsonString string) {
            return string.getString();
        }
        if (value.getValueType() == JsonValue.ValueType.NULL) {
            return null;
        }
        throw new ProblemException(ProblemType.BAD_PARAMETER, name + " must be a text.");
    }
}
