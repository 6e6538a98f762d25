package millrace.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarInputStream;
import org.junit.jupiter.api.Test;

/** What the packaged WAR holds: no class twice, nothing that is the container's, nothing that no user needs. */
class WarIT {

    @Test
    void noClassIsTwiceInTheLibraries() throws IOException {
        Map<String, String> jarOf = new HashMap<>();
        List<String> twice = new ArrayList<>();
        forEachLibrary((name, jar) -> {
            for (JarEntry entry = jar.getNextJarEntry(); entry != null; entry = jar.getNextJarEntry()) {
                String path = entry.getName();
                if (path.endsWith(".class") && !path.endsWith("module-info.class")) {
                    String other = jarOf.put(path, name);
                    if (other != null) {
                        twice.add(path + " in " + other + " and " + name);
                    }
                }
            }
        });
        assertTrue(jarOf.size() > 500, "read only " + jarOf.size() + " classes");
        assertEquals(List.of(), twice);
    }

    @Test
    void nothingOfTheContainerIsInTheWar() throws IOException {
        List<String> wrong = new ArrayList<>();
        forEachLibrary((name, jar) -> {
            for (JarEntry entry = jar.getNextJarEntry(); entry != null; entry = jar.getNextJarEntry()) {
                if (entry.getName().matches("(jakarta/(servlet|el)/|org/apache/|org/eclipse/jetty/|millrace/).*")) {
                    wrong.add(entry.getName() + " in " + name);
                }
            }
        });
        assertEquals(List.of(), wrong);
        try (JarFile war = new JarFile(Container.TARGET.resolve("millrace.war").toFile())) {
            assertEquals(
                    List.of(),
                    war.stream()
                            .map(JarEntry::getName)
                            .filter(name -> name.matches("WEB-INF/classes/millrace/run/.*"))
                            .toList());
        }
    }

    private interface LibraryReader {
        void read(String name, JarInputStream jar) throws IOException;
    }

    private static void forEachLibrary(LibraryReader reader) throws IOException {
        try (JarFile war = new JarFile(Container.TARGET.resolve("millrace.war").toFile())) {
            for (JarEntry library : war.stream()
                    .filter(entry -> entry.getName().matches("WEB-INF/lib/.+\\.jar"))
                    .toList()) {
                try (JarInputStream jar = new JarInputStream(war.getInputStream(library))) {
                    reader.read(library.getName(), jar);
                }
            }
        }
    }
}
