package millrace.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import millrace.chat.ApiError;
import millrace.chat.Caller;
import millrace.chat.RefusedException;
import millrace.chat.Responses;
import millrace.chat.ResponsesRequest;
import millrace.config.Settings;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.FormData;
import millrace.stream.RequestBody;
import millrace.stream.Run;
import millrace.stream.RunResponses;
import millrace.stream.StreamEngine;

/**
 * {@code /v1/responses}: OpenAI's Responses API. {@code POST} creates, streamed or not; {@code GET {id}}, with
 * {@code stream} and {@code starting_after}; {@code POST {id}/cancel}; {@code DELETE {id}}; {@code GET {id}/input_items}.
 *
 * <p>A response is a run: event {@code N} of the response, counted from 0 as its {@code sequence_number}, is position
 * {@code N + 1} of the run.
 */
public final class ResponsesServlet extends ApiServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final int MOST_ITEMS = 100;
    private static final int USUAL_ITEMS = 20;

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response)
            throws RefusedException, ProblemException, IOException {
        String path = request.getPathInfo() == null ? "" : request.getPathInfo();
        Application.Chat chat = application().chat();
        Caller caller = chat.access().require(request);
        if (path.isEmpty() || path.equals("/")) {
            requireMethod(request, response, "POST");
            byte[] body = RequestBody.readOrComeBack(
                    request, application().streams(), application().config().get(Settings.CHAT_MAX_REQUEST));
            if (body != null) {
                create(request, ResponsesRequest.read(body), caller);
            }
            return;
        }
        String[] segments = path.substring(1).split("/", -1);
        String action = segments.length == 2 ? segments[1] : "";
        if (segments.length > 2 || segments.length == 2 && !action.equals("cancel") && !action.equals("input_items")) {
            throw new ProblemException(ProblemType.NOT_FOUND, "There is nothing at " + request.getRequestURI() + ".");
        }
        Responses.Stored stored = chat.responses().find(segments[0], caller);
        switch (action) {
            case "cancel" -> {
                requireMethod(request, response, "POST");
                comeBackWith(request, () -> new Outcome.Whole(stored.cancel()));
            }
            case "input_items" -> {
                requireMethod(request, response, "GET", "HEAD");
                listItems(request, response, stored);
            }
            default -> {
                requireMethod(request, response, "GET", "HEAD", "DELETE");
                if (request.getMethod().equals("DELETE")) {
                    chat.responses().delete(stored);
                    sendJson(
                            response,
                            utf8("{\"id\":\"" + stored.id() + "\",\"object\":\"response\",\"deleted\":true}"));
                } else {
                    get(request, response, stored);
                }
            }
        }
    }

    private void create(HttpServletRequest request, ResponsesRequest asked, Caller caller) throws ProblemException {
        Responses responses = application().chat().responses();
        if (asked.stream()) {
            application().streams().requireRoom(request);
            comeBackWith(request, () -> begin(responses.create(asked, caller).generation(), false));
        } else if (asked.background()) {
            comeBackWith(
                    request,
                    () -> new Outcome.Whole(responses.create(asked, caller).json()));
        } else {
            comeBackWith(
                    request,
                    () -> new Outcome.Whole(responses.create(asked, caller).whole()));
        }
    }

    private void get(HttpServletRequest request, HttpServletResponse response, Responses.Stored stored)
            throws RefusedException, ProblemException, IOException {
        FormData query = FormData.parse(request.getQueryString());
        if (!flag(query, "stream")) {
            sendJson(response, stored.json());
            return;
        }
        String cursor = query.first("starting_after");
        String header = request.getHeader("Last-Event-ID");
        RunResponses responses = new RunResponses(application().streams());
        Run run = stored.run();
        response.setHeader("Cache-Control", StreamEngine.PRIVATE);
        if (cursor == null && header != null) {
            responses.resume(request, response, run, header);
            return;
        }
        long after = cursor == null ? -1 : number(cursor, "starting_after", 0, Long.MAX_VALUE);
        boolean isOver = stored.isOver(); // before the number: nothing comes after the end
        long events = stored.events();
        if (after >= events) {
            throw new RefusedException(ApiError.invalid(
                    "starting_after", "this response has had " + events + " events so far, numbered from 0"));
        }
        if (isOver && after == events - 1) {
            responses.follow(request, response, run, after + 2); // nothing is left: 200, and the end
        } else {
            responses.resume(request, response, run, run.eventId(after + 1));
        }
    }

    private static void listItems(HttpServletRequest request, HttpServletResponse response, Responses.Stored stored)
            throws RefusedException, ProblemException, IOException {
        FormData query = FormData.parse(request.getQueryString());
        String limit = query.first("limit");
        String order = query.first("order");
        if (order != null && !order.equals("asc") && !order.equals("desc")) {
            throw new RefusedException(ApiError.invalid("order", "'order' must be asc or desc"));
        }
        int most = limit == null ? USUAL_ITEMS : (int) number(limit, "limit", 1, MOST_ITEMS);
        sendJson(response, stored.inputItems(most, "asc".equals(order), query.first("after")));
    }

    /** SDKs write it in two ways. */
    private static boolean flag(FormData query, String name) throws RefusedException {
        String value = query.first(name);
        if (value == null || value.equals("false") || value.equals("0")) {
            return false;
        }
        if (!value.equals("true") && !value.equals("1")) {
            throw new RefusedException(ApiError.invalid(name, "'" + name + "' must be true or false"));
        }
        return true;
    }

    private static long number(String text, String name, long least, long most) throws RefusedException {
        try {
            long value = Long.parseLong(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException none) {
            // told below
        }
        throw new RefusedException(ApiError.invalid(
                name,
                "'" + name + "' must be a whole number from " + least
                        + (most == Long.MAX_VALUE ? " on" : " to " + most)));
    }
}
