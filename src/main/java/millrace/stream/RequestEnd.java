package millrace.stream;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import java.io.IOException;

/**
 * Tells how a request that went async ends. The one class of the application that is an {@link AsyncListener}: WildFly
 * wants to be able to make an object of each that it finds in a WAR, and warns of those without a public constructor.
 */
public final class RequestEnd implements AsyncListener {

    /** Whom it concerns. Each is called on a thread of the container's, and may be called together with the others. */
    public interface Listener {
        /** It was answered, or it failed and is over. */
        void completed();

        /** It failed: the client is gone, mostly. It is over when this returns. */
        void failed(AsyncEvent event) throws IOException;

        /** It took longer than it may, or the application ends; to be completed by the listener. */
        void timedOut(AsyncContext context) throws IOException;
    }

    private static final Listener NOBODY = new Listener() {
        @Override
        public void completed() {}

        @Override
        public void failed(AsyncEvent event) {}

        @Override
        public void timedOut(AsyncContext context) {}
    };

    private final Listener listener;

    /** For WildFly alone, which makes sure that it could. */
    public RequestEnd() {
        this(NOBODY);
    }

    private RequestEnd(Listener listener) {
        this.listener = listener;
    }

    /** Has that listener told. */
    public static void tell(AsyncContext context, Listener listener) {
        context.addListener(new RequestEnd(listener));
    }

    @Override
    public void onComplete(AsyncEvent event) {
        listener.completed();
    }

    @Override
    public void onError(AsyncEvent event) throws IOException {
        listener.failed(event);
    }

    @Override
    public void onTimeout(AsyncEvent event) throws IOException {
        listener.timedOut(event.getAsyncContext());
    }

    @Override
    public void onStartAsync(AsyncEvent event) {
        // a second cycle has a listener of its own
    }
}
