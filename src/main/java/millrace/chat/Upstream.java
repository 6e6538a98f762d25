package millrace.chat;

import java.io.IOException;
import java.util.List;

/**
 * Somebody who answers chat requests: an OpenAI-compatible server, or the {@link Guide}. Any thread may call it, many at
 * once.
 */
interface Upstream extends AutoCloseable {

    /** For logs and metrics; chosen by the operator, never by a client. */
    String name();

    /** The models that it answers for, at least one. */
    List<String> models();

    /**
     * Begins a streamed answer. Blocks until the upstream has accepted the request; an interrupt gives it up and closes
     * the connection at once.
     *
     * @throws RefusedException when the upstream said no, with what the client is told
     * @throws IOException when the upstream cannot be reached or talks nonsense
     */
    Answer ask(ChatRequest request) throws RefusedException, IOException, InterruptedException;

    /**
     * The whole answer as one JSON document, exactly as the upstream wrote it. Blocks and is interrupted like
     * {@link #ask}.
     */
    byte[] askWhole(ChatRequest request) throws RefusedException, IOException, InterruptedException;

    @Override
    void close();
}
