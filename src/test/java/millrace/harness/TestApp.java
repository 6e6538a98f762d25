package millrace.harness;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A second WAR, as a user of Millrace would build it: the classes of {@code millrace.testapp} (with their
 * {@code @WebServlet}s) and, in {@code WEB-INF/lib}, Millrace's attached jar with the libraries it needs.
 */
final class TestApp {

    private static final String WEB_XML = """
            <web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
              <servlet>
                <servlet-name>streams</servlet-name>
                <servlet-class>millrace.web.StreamsServlet</servlet-class>
                <async-supported>true</async-supported>
              </servlet>
              <servlet-mapping>
                <servlet-name>streams</servlet-name>
                <url-pattern>/streams/*</url-pattern>
              </servlet-mapping>
            </web-app>
            """;

    private TestApp() {}

    /** Built when it is first asked for. */
    static Path war() {
        return Holder.WAR;
    }

    private static final class Holder {
        static final Path WAR = build();
    }

    private static Path build() {
        Path war = Container.TARGET.resolve("testapp.war");
        try (OutputStream file = Files.newOutputStream(war);
                ZipOutputStream zip = new ZipOutputStream(file)) {
            zip.setLevel(1);
            put(zip, "WEB-INF/web.xml", WEB_XML.getBytes(StandardCharsets.UTF_8));
            Path testClasses = Container.TARGET.resolve("test-classes");
            for (Path path : classes(testClasses.resolve("millrace/testapp"))) {
                String name = testClasses.relativize(path).toString().replace('\\', '/');
                put(zip, "WEB-INF/classes/" + name, Files.readAllBytes(path));
            }
            put(
                    zip,
                    "WEB-INF/lib/millrace-classes.jar",
                    Files.readAllBytes(Container.TARGET.resolve("millrace-classes.jar")));
            try (JarFile millrace =
                    new JarFile(Container.TARGET.resolve("millrace.war").toFile())) {
                for (JarEntry entry : millrace.stream()
                        .filter(entry -> entry.getName().matches("WEB-INF/lib/.+"))
                        .toList()) {
                    put(zip, entry.getName(), millrace.getInputStream(entry).readAllBytes());
                }
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return war;
    }

    private static List<Path> classes(Path directory) throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            return tree.filter(Files::isRegularFile).toList();
        }
    }

    private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(bytes);
        zip.closeEntry();
    }
}
