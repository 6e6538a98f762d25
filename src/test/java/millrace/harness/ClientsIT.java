package millrace.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The harness' browser and Node work before other tests lean on them. */
@OnContainers(Container.TOMCAT_11)
class ClientsIT {

    @ContainerTest
    void theBrowserShowsAPageRunsScriptsAndKeepsAPicture(Server server) throws Exception {
        try (Browser browser = Browser.start()) {
            browser.open(server.testapp("/where"));
            browser.waitFor("document.body.textContent.includes('Apache Tomcat')", Duration.ofSeconds(10));
            assertEquals(42L, browser.js("console.error('seen'); return 6 * 7"));
            assertTrue(browser.console().toString().contains("seen"));
            Path picture = browser.screenshot("harness");
            assertTrue(Files.size(picture) > 1000);
        }
    }

    @Test
    void nodeIsNewEnoughAndHasThePackagesOfTheLockFile() {
        Output output = Node.run(Duration.ofSeconds(60), "packages.mjs", "an argument");
        assertEquals(0, output.exit(), output.text());
        assertTrue(output.text().matches("(?s)node \\d\\d\\..*: an argument\\s*"), output.text());
        assertTrue(Integer.parseInt(output.text().substring(5, 7)) >= 22, output.text());
    }
}
