package millrace.bench.load;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The load client's arguments, {@code name=value} each. {@code header=} may come several times. */
final class Options {

    private final Map<String, String> values = new HashMap<>();
    private final List<String> headers = new ArrayList<>();

    Options(String... arguments) {
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (argument.startsWith("header=")) {
                headers.add(argument.substring(equals + 1));
            } else {
                values.put(argument.substring(0, equals), argument.substring(equals + 1));
            }
        }
    }

    String text(String name) {
        return values.getOrDefault(name, "");
    }

    int number(String name, int otherwise) {
        return values.containsKey(name) ? Integer.parseInt(values.get(name)) : otherwise;
    }

    /** Given in seconds. */
    long millis(String name) {
        return (long) (Double.parseDouble(values.getOrDefault(name, "0")) * 1000);
    }

    byte[] get(String path, String moreHead) {
        return ("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n" + moreHead + "\r\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** How requests are made to publish at that path. */
    Publisher.Form post(String path, String prefix, String suffix, int events) {
        StringBuilder head = new StringBuilder("POST ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        headers.forEach(header -> head.append(header).append("\r\n"));
        return new Publisher.Form(head.toString(), prefix, suffix, events);
    }
}
