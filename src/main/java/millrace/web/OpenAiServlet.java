package millrace.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.util.Collections;
import java.util.Locale;
import millrace.chat.Caller;
import millrace.chat.ChatRequest;
import millrace.chat.Face;
import millrace.chat.Generations;
import millrace.chat.RefusedException;
import millrace.config.Settings;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.stream.RequestBody;

/**
 * {@code /v1}: what OpenAI's clients speak to. {@code POST chat/completions}, streamed or not; {@code GET models} and
 * {@code models/{id}}. {@code Accept} is not looked at: the official clients send the wrong one.
 */
public final class OpenAiServlet extends ApiServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final String ROOT = "/v1";
    private static final String MODEL = "/models/";

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response)
            throws RefusedException, ProblemException, IOException {
        String path = path(request);
        Application.Chat chat = application().chat();
        if (path.equals("/chat/completions")) {
            requireMethod(request, response, "POST");
            Caller caller = chat.access().require(request);
            byte[] body = RequestBody.readOrComeBack(
                    request, application().streams(), application().config().get(Settings.CHAT_MAX_REQUEST));
            if (body != null) {
                complete(request, ChatRequest.read(body), caller);
            }
        } else if (path.equals("/models")) {
            requireMethod(request, response, "GET", "HEAD");
            chat.access().require(request);
            sendJson(response, utf8(chat.upstreams().modelsJson()));
        } else if (path.startsWith(MODEL) && path.length() > MODEL.length()) {
            requireMethod(request, response, "GET", "HEAD");
            chat.access().require(request);
            sendJson(response, utf8(chat.upstreams().modelJson(path.substring(MODEL.length()))));
        } else {
            throw new ProblemException(
                    ProblemType.NOT_FOUND, "There is nothing at " + request.getRequestURI() + "; see /v1/models.");
        }
    }

    /**
     * Below {@code /v1}, decoded. A slash in a model's name may be escaped ({@code org%2Fmodel}): containers that let that
     * through do not all decode it, and Jetty's own decoding refuses it.
     */
    private static String path(HttpServletRequest request) throws ProblemException {
        String models = request.getContextPath() + ROOT + MODEL;
        String sent = request.getRequestURI().split(";", 2)[0];
        if (sent.startsWith(models)) {
            return MODEL + SubscriptionsServlet.decode(sent.substring(models.length()));
        }
        return request.getPathInfo() == null ? "" : request.getPathInfo();
    }

    private void complete(HttpServletRequest request, ChatRequest chatRequest, Caller caller) throws ProblemException {
        Generations generations = application().chat().generations();
        if (!chatRequest.stream()) {
            comeBackWith(request, () -> new Outcome.Whole(generations.whole(chatRequest, caller)));
            return;
        }
        boolean detached = prefersAsync(request);
        Generations.Life life = detached ? Generations.Life.A_WHILE : Generations.Life.WHILE_READ;
        if (!detached) {
            application().streams().requireRoom(request);
        }
        comeBackWith(request, () -> begin(generations.start(chatRequest, caller, Face.chunks(), life), detached));
    }

    /** RFC 7240: any number of headers with any number of preferences. */
    private static boolean prefersAsync(HttpServletRequest request) {
        for (String header : Collections.list(request.getHeaders("Prefer"))) {
            for (String preference : header.toLowerCase(Locale.ROOT).split(",", -1)) {
                if (preference.split(";", 2)[0].strip().equals("respond-async")) {
                    return true;
                }
            }
        }
        return false;
    }
}
