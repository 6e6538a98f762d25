package millrace.bench.app;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/**
 * An open response with the same headers that was written to once: the container's own share of the memory of an idle
 * stream.
 */
public final class Bare extends HttpServlet {
    private static final long serialVersionUID = 1;
    private static final byte[] COMMENT = {':', '\n', '\n'};

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setContentType("text/event-stream;charset=utf-8");
        response.setHeader("Cache-Control", "private, no-store, no-transform"); // a container keeps what it has sent
        response.setHeader("X-Accel-Buffering", "no");
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("Vary", "Origin");
        if (getServletContext().getServerInfo().startsWith("jetty")) {
            response.setBufferSize(8192); // as Millrace does
        }
        response.flushBuffer();
        AsyncContext context = request.startAsync();
        context.setTimeout(0);
        ServletOutputStream out = response.getOutputStream();
        out.setWriteListener(new WriteListener() {
            private boolean written;

            @Override
            public void onWritePossible() throws IOException {
                if (!written) {
                    written = true;
                    out.write(COMMENT);
                    if (out.isReady()) {
                        out.flush();
                    }
                }
            }

            @Override
            public void onError(Throwable failure) {
                context.complete();
            }
        });
    }
}
