package millrace.bench.bare;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Opens responses and takes events. */
public final class BareServlet extends HttpServlet {
    private static final long serialVersionUID = 1;

    private final transient Ring bench = new Ring();
    private final transient Ring log = new Ring();
    private final transient Map<String, List<Inbox>> topics = new ConcurrentHashMap<>();
    private transient Drainer drainer;

    @Override
    public void init() {
        drainer = new Drainer(bench, log);
    }

    @Override
    public void destroy() {
        drainer.stop();
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getRequestURI();
        if (path.equals("/ready")) {
            return;
        }
        response.setContentType("text/event-stream;charset=utf-8");
        response.setHeader("Cache-Control", "private, no-store, no-transform");
        if (getServletContext().getServerInfo().startsWith("jetty")) {
            response.setBufferSize(8192); // as Millrace does
        }
        AsyncContext context = request.startAsync();
        context.setTimeout(0);
        ServletOutputStream out = response.getOutputStream();
        switch (path) {
            case "/events" -> read(context, out, bench, null);
            case "/log/events" -> read(context, out, log, request.getHeader("Last-Event-ID"));
            case "/topics" -> {
                Inbox inbox = new Inbox(drainer, context, out, topics, request.getParameterValues("topic"));
                inbox.enter();
                out.setWriteListener(inbox);
            }
            case "/stream" -> {
                int count = Integer.parseInt(request.getParameter("n"));
                long between = Integer.parseInt(request.getParameter("interval")) * 1_000_000L;
                Numbers numbers = new Numbers(drainer, context, out, count, between);
                if (between > 0) {
                    drainer.paced.add(numbers);
                }
                out.setWriteListener(numbers);
            }
            default -> {
                response.setStatus(404);
                context.complete();
            }
        }
    }

    private void read(AsyncContext context, ServletOutputStream out, Ring ring, String lastId) {
        Reader reader = new Reader.OfRing(drainer, context, out, ring, ring.after(lastId));
        ring.readers.add(reader);
        out.setWriteListener(reader);
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        byte[] data = request.getInputStream().readAllBytes();
        switch (request.getRequestURI()) {
            case "/publish" -> append(bench, data);
            case "/log/publish" -> append(log, data);
            default -> {
                byte[] event = Ring.encode(0, data);
                String topic = request.getQueryString().substring("topic=".length());
                topics.getOrDefault(topic, List.of()).forEach(inbox -> inbox.put(event));
            }
        }
        response.setStatus(204);
    }

    private void append(Ring ring, byte[] data) {
        ring.append(data);
        drainer.wake();
    }
}
