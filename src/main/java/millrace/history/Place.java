package millrace.history;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * Where the file history of a web application lies if the operator names no place: with the server's own data, or else
 * in the user's home. Never in a temporary directory, which servers and systems empty.
 */
final class Place {
    /** Each server names its own instance by another system property. */
    private static final List<String> SERVER_DIRECTORIES = List.of(
            "jboss.server.data.dir", // WildFly
            "com.sun.aas.instanceRoot", // Payara, GlassFish
            "server.output.dir", // Open Liberty
            "catalina.base", // Tomcat, TomEE
            "jetty.base");

    private Place() {}

    /**
     * The first of the standard places where there is a history; or else the first where one can be made.
     *
     * @param application part of the path, so that two applications of one server do not meet
     */
    static Path standard(Properties system, String application) {
        List<Path> places = new ArrayList<>();
        for (String property : SERVER_DIRECTORIES) {
            add(places, system.getProperty(property), "millrace", application);
        }
        add(places, system.getProperty("user.home"), ".millrace", application);
        for (Path place : places) {
            if (Files.isDirectory(place)) {
                return place;
            }
        }
        List<String> refusals = new ArrayList<>();
        for (Path place : places) {
            try {
                Path parent = Files.createDirectories(place.getParent());
                if (Files.isWritable(parent)) {
                    return place;
                }
                refusals.add(parent + " cannot be written");
            } catch (IOException e) {
                refusals.add(e.toString());
            }
        }
        throw new HistoryException("There is no place for the history: " + refusals
                + ". Name a directory that this server may write with millrace.history=file:PATH, or do without with"
                + " millrace.history=memory.");
    }

    private static void add(List<Path> places, @Nullable String base, String folder, String application) {
        if (base != null && !base.isEmpty()) {
            try {
                places.add(Path.of(base, folder, application.replaceAll("[^A-Za-z0-9._-]", "_"), "history"));
            } catch (InvalidPathException notAPath) {
                // then it is none
            }
        }
    }
}
