package millrace.harness;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Millrace's WAR as an operator changes it who wants the container's users at the hub and the chat: a constraint in {@code web.xml}.
 * And the users, all with the password {@code secret}: {@code pat} in the role {@code publisher}, {@code sam} in
 * {@code subscriber}, {@code kim} in {@code staff}, {@code nemo} in {@code visitor}.
 */
final class LoginWar {

    private static final String REALM = "test";
    static final Map<String, String> ROLES =
            Map.of("pat", "publisher", "sam", "subscriber", "kim", "staff", "nemo", "visitor");

    private static final String CONSTRAINT = """
              <security-constraint>
                <web-resource-collection>
                  <web-resource-name>hub</web-resource-name>
                  <url-pattern>/.well-known/mercure</url-pattern>
                  <url-pattern>/.well-known/mercure/*</url-pattern>
                  <url-pattern>/v1/*</url-pattern>
                  <url-pattern>/streams/*</url-pattern>
                </web-resource-collection>
                <auth-constraint><role-name>**</role-name></auth-constraint>
              </security-constraint>
              <login-config><auth-method>BASIC</auth-method><realm-name>%s</realm-name></login-config>
              %s
            </web-app>
            """.formatted(
                    REALM,
                    ROLES.values().stream()
                            .map("<security-role><role-name>%s</role-name></security-role>"::formatted)
                            .collect(Collectors.joining()));

    private LoginWar() {}

    /** The WAR, with the constraint, and for Tomcat with a realm. */
    static Path build(Path plain, Path directory) throws IOException {
        Path users = directory.resolve("users.xml");
        Files.writeString(
                users,
                ROLES.entrySet().stream()
                        .map(user -> "  <user username=\"%s\" password=\"secret\" roles=\"%s\"/>\n"
                                .formatted(user.getKey(), user.getValue()))
                        .collect(Collectors.joining("", "<tomcat-users>\n", "</tomcat-users>\n")));
        String context =
                "<Context><Realm className=\"org.apache.catalina.realm.MemoryRealm\" pathname=\"%s\"/></Context>"
                        .formatted(users);
        return build(plain, directory, Map.of("META-INF/context.xml", context));
    }

    /** The WAR with the constraint alone: the users are in the server's own realm. */
    static Path constrained(Path plain, Path directory) throws IOException {
        return build(plain, directory, Map.of());
    }

    private static Path build(Path plain, Path directory, Map<String, String> added) throws IOException {
        Path war = directory.resolve("login.war");
        try (JarFile from = new JarFile(plain.toFile());
                OutputStream file = Files.newOutputStream(war);
                ZipOutputStream to = new ZipOutputStream(file)) {
            to.setLevel(1);
            for (JarEntry entry :
                    from.stream().filter(entry -> !entry.isDirectory()).toList()) {
                byte[] bytes = from.getInputStream(entry).readAllBytes();
                if (entry.getName().equals("WEB-INF/web.xml")) {
                    String text = new String(bytes, UTF_8);
                    bytes = text.replace("</web-app>", CONSTRAINT).getBytes(UTF_8);
                }
                put(to, entry.getName(), bytes);
            }
            for (Map.Entry<String, String> one : added.entrySet()) {
                put(to, one.getKey(), one.getValue().getBytes(UTF_8));
            }
        }
        return war;
    }

    /** Writes a realm for a Jetty of this directory; returns the line of an {@code .ini} file that starts it. */
    static String jettyRealm(Path directory) throws IOException {
        Path users = directory.resolve("users.properties");
        Files.writeString(
                users,
                ROLES.entrySet().stream()
                        .map(user -> user.getKey() + ": secret," + user.getValue() + "\n")
                        .collect(Collectors.joining()));
        Files.writeString(
                Files.createDirectories(directory.resolve("etc")).resolve("realm.xml"), """
                <!DOCTYPE Configure PUBLIC "-//Jetty//Configure//EN" "https://jetty.org/configure_10_0.dtd">
                <Configure id="Server" class="org.eclipse.jetty.server.Server">
                  <Call id="Resources" class="org.eclipse.jetty.util.resource.ResourceFactory" name="root"/>
                  <Ref refid="Resources">
                    <Call id="Users" name="newResource"><Arg type="java.lang.String">%s</Arg></Call>
                  </Ref>
                  <Call name="addBean">
                    <Arg>
                      <New class="org.eclipse.jetty.security.HashLoginService">
                        <Set name="name">%s</Set>
                        <Set name="config"><Ref refid="Users"/></Set>
                      </New>
                    </Arg>
                  </Call>
                </Configure>
                """.formatted(users, REALM));
        return "etc/realm.xml";
    }

    private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(bytes);
        zip.closeEntry();
    }
}
