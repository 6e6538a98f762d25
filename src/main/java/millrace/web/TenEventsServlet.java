package millrace.web;

import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.io.Serial;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import millrace.config.Settings;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.FormData;
import millrace.request.JsonBody;
import millrace.request.LastEventId;
import millrace.stream.EventSink;
import millrace.stream.StreamOptions;
import millrace.stream.StreamRequest;
import millrace.stream.StreamServlet;

/**
 * {@code /sse/v1}, the "hello world": ten events {@code 0} … {@code 9}, 100 ms apart, resumable. {@code n} and
 * {@code interval} (in milliseconds) may be given in the query, in a form or as JSON.
 */
public final class TenEventsServlet extends StreamServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,9}");
    private static final int MAX_EVENTS = 100_000;
    private static final int MAX_INTERVAL_MILLIS = 3_600_000;

    /** What is asked for. */
    private record Count(int n, int intervalMillis) {

        static Count of(StreamRequest request) throws ProblemException {
            int n = 10;
            int interval = 100;
            Map<String, String> parameters = parameters(request);
            for (Map.Entry<String, String> parameter : parameters.entrySet()) {
                String value = parameter.getValue();
                switch (parameter.getKey()) {
                    case "n" -> n = number("n", value, 1, MAX_EVENTS);
                    case "interval" -> interval = number("interval", value, 0, MAX_INTERVAL_MILLIS);
                    default ->
                        throw new ProblemException(
                                ProblemType.BAD_PARAMETER,
                                "Unknown parameter '" + shortened(parameter.getKey()) + "'; known are n and interval.");
                }
            }
            return new Count(n, interval);
        }

        private static int number(String name, String value, int least, int most) throws ProblemException {
            // Integer.parseInt would also take a plus sign and the digits of other scripts
            int number = DIGITS.matcher(value).matches() ? Integer.parseInt(value) : -1;
            if (number >= least && number <= most) {
                return number;
            }
            throw new ProblemException(
                    ProblemType.BAD_PARAMETER,
                    name + " is '" + shortened(value) + "'; write a whole number from " + least + " to " + most + ".");
        }

        private static String shortened(String text) {
            return text.length() <= 40 ? text : text.substring(0, 40) + "…";
        }

        private static Map<String, String> parameters(StreamRequest request) throws ProblemException {
            Map<String, String> parameters = new LinkedHashMap<>();
            for (FormData.Entry entry : request.query().entries()) {
                if (!LastEventId.isParameter(entry.name())) { // a polyfill appends one when it comes back
                    parameters.put(entry.name(), entry.value());
                }
            }
            if (request.body().length == 0) {
                return parameters;
            }
            switch (request.mediaType()) {
                case "application/x-www-form-urlencoded" -> {
                    for (FormData.Entry entry : FormData.parse(request.body()).entries()) {
                        parameters.put(entry.name(), entry.value());
                    }
                }
                case "application/json" -> putJson(request.body(), parameters);
                default ->
                    throw new ProblemException(
                            ProblemType.UNSUPPORTED_MEDIA_TYPE,
                            "Send application/json or application/x-www-form-urlencoded.");
            }
            return parameters;
        }

        private static void putJson(byte[] body, Map<String, String> parameters) throws ProblemException {
            JsonObject object = JsonBody.read(body, "{\"n\": 10, \"interval\": 100}");
            for (Map.Entry<String, JsonValue> member : object.entrySet()) {
                String text = member.getValue().toString();
                if (member.getValue() instanceof JsonNumber number && isHuge(number.bigDecimalValue())) {
                    text = "a huge number"; // 1e999999999 would be written out
                }
                parameters.put(member.getKey(), text);
            }
        }

        private static boolean isHuge(BigDecimal number) {
            return number.precision() - (long) number.scale() > 20;
        }
    }

    @Override
    protected StreamOptions options(StreamOptions standard) {
        return standard.asResumable();
    }

    @Override
    protected void open(StreamRequest request) throws ProblemException {
        requireExamples(engine().config().get(Settings.EXAMPLES));
        Count.of(request);
    }

    static void requireExamples(boolean served) throws ProblemException {
        if (!served) {
            throw new ProblemException(ProblemType.NOT_FOUND, "The examples are turned off (millrace.examples).");
        }
    }

    @Override
    protected void stream(StreamRequest request, EventSink events) throws Exception {
        Count count = Count.of(request);
        for (int i = 0; i < count.n(); i++) {
            if (i > 0) {
                Thread.sleep(count.intervalMillis());
            }
            events.send(Integer.toString(i));
        }
    }

    /** For servlet containers that show what they serve. */
    @Override
    public String getServletInfo() {
        return "ten events, 100 ms apart";
    }
}
