package millrace.harness;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What a {@link Server} can be: how it is laid out, started and read. A {@link Container} is started for most tests, with
 * Millrace as its root; a {@link Distribution} is a server as its makers ship it.
 */
interface Kind {

    /** The name in the switches of a run and in reports. */
    String key();

    /** Where Millrace is: empty, or a path with a slash in front. */
    default String contextPath() {
        return "";
    }

    /**
     * Lays out the directory, unless an earlier start has done that, and gives what starts the server in it.
     *
     * @param port 0 for any free one
     */
    ProcessBuilder launch(Path directory, int port, Setup setup, Map<String, String> settings, List<String> jvmArgs)
            throws IOException;

    /** Matches what was printed since the launch once the server answers; group 1, if there is one, is the port. */
    Pattern started();
}
