package millrace.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The table of settings in the README is the catalogue. After a change of {@link Settings},
 * {@code mvn test -Dtest=SettingsTableTest -Dwrite} writes it.
 */
class SettingsTableTest {

    private static final Path README = Path.of("README.md");
    private static final String BEGIN = "<!-- settings: written by SettingsTableTest -->\n";
    private static final String END = "<!-- end of settings -->\n";

    @Test
    void theTableInTheReadmeIsTheCatalogue() throws IOException {
        String readme = Files.readString(README);
        int begin = readme.indexOf(BEGIN) + BEGIN.length();
        int end = readme.indexOf(END);
        String table = table();
        if (System.getProperty("write") != null) {
            Files.writeString(README, readme.substring(0, begin) + table + readme.substring(end));
        } else {
            assertEquals(table, readme.substring(begin, end), "run this test with -Dwrite");
        }
    }

    private static String table() {
        return Settings.all().stream()
                .map(setting -> "| `" + setting.key() + "` | "
                        + (setting.defaultText().isEmpty() ? "" : "`" + setting.defaultText() + "`") + " | "
                        + setting.form() + " | " + setting.sentence().replace("|", "\\|") + " |\n")
                .collect(Collectors.joining(
                        "", "| setting | default | form | what it does |\n| --- | --- | --- | --- |\n", ""));
    }
}
