package millrace.run;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the command line asks for.
 *
 * @param wars context path ({@code ""} is the root) to WAR file, in the order of the command line
 * @param address to bind
 * @param port to bind; 0 takes any free one
 * @param h2c whether cleartext HTTP/2 is spoken beside HTTP/1.1
 * @param work where Tomcat unpacks the WARs; emptied at the start and at the end
 * @param accessLog where each finished request gets a line, or null for no such log
 * @param withParent whether to end when the process that started this one has ended, however it ended
 */
record Options(
        Map<String, Path> wars,
        InetAddress address,
        int port,
        boolean h2c,
        Path work,
        Path accessLog,
        boolean withParent) {

    static final String USAGE = """
            usage: java -cp 'target/run/*:target/run-classes' millrace.run.Main --war FILE [option …]
              --war FILE          the WAR to serve
              --war2 PATH=FILE    another one, at a context path of its own; may be repeated
              --context PATH      context path of the first WAR (default /)
              --address ADDRESS   address to bind (default 127.0.0.1)
              --port PORT         port to bind, 0 for any free one (default 8080)
              --h2c               speak cleartext HTTP/2 too
              --work DIRECTORY    where the WARs are unpacked (default: a new temporary directory)
              --access-log FILE   one line for each finished request
              --with-parent       end when the process that started this one ends
            """;

    /** @throws CannotStart if an option is unknown or wrong; the message says which */
    static Options parse(String... args) {
        Path first = null;
        String context = "";
        Map<String, Path> others = new LinkedHashMap<>();
        InetAddress address = InetAddress.getLoopbackAddress();
        int port = 8080;
        boolean h2c = false;
        Path work = null;
        Path accessLog = null;
        boolean withParent = false;
        for (int i = 0; i < args.length; i++) {
            String option = args[i];
            switch (option) {
                case "--h2c" -> h2c = true;
                case "--with-parent" -> withParent = true;
                case "--war", "--war2", "--context", "--address", "--port", "--work", "--access-log" -> {
                    if (++i == args.length) {
                        throw new CannotStart(option + " needs a value\n" + USAGE);
                    }
                    String value = args[i];
                    switch (option) {
                        case "--war" -> first = war(value);
                        case "--war2" -> {
                            String[] pathAndFile = value.split("=", 2);
                            if (pathAndFile.length != 2) {
                                throw new CannotStart("--war2 wants PATH=FILE, not '" + value + "'");
                            }
                            others.put(contextPath(pathAndFile[0]), war(pathAndFile[1]));
                        }
                        case "--context" -> context = contextPath(value);
                        case "--address" -> address = address(value);
                        case "--port" -> port = port(value);
                        case "--work" -> work = Path.of(value).toAbsolutePath();
                        default -> accessLog = Path.of(value).toAbsolutePath();
                    }
                }
                default -> throw new CannotStart("unknown option '" + option + "'\n" + USAGE);
            }
        }
        if (first == null) {
            throw new CannotStart("--war is missing\n" + USAGE);
        }
        Map<String, Path> wars = new LinkedHashMap<>();
        wars.put(context, first);
        wars.putAll(others);
        return new Options(wars, address, port, h2c, work, accessLog, withParent);
    }

    private static Path war(String text) {
        Path file = Path.of(text).toAbsolutePath();
        if (!Files.isRegularFile(file)) {
            throw new CannotStart("no WAR at " + file);
        }
        return file;
    }

    /** Tomcat's form: empty for the root, otherwise with a slash in front and none at the end. */
    private static String contextPath(String text) {
        String path = text.startsWith("/") ? text : "/" + text;
        return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException unknown) {
            throw new CannotStart("unknown address '" + text + "' (choose with -Daddress=…)");
        }
    }

    private static int port(String text) {
        try {
            int port = Integer.parseInt(text);
            if (port >= 0 && port <= 65535) {
                return port;
            }
        } catch (NumberFormatException notANumber) {
            // falls through to the one message
        }
        throw new CannotStart("'" + text + "' is no port: choose 0 to 65535 with -Dport=…");
    }

    /** The server cannot start, and the person who started it can mend that: the message is all they see. */
    static final class CannotStart extends RuntimeException {
        private static final long serialVersionUID = 1;

        CannotStart(String message) {
            super(message);
        }
    }
}
