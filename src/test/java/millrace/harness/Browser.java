package millrace.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;

/** A headless Chromium with a fresh profile. Not thread-safe; close it. */
public final class Browser implements AutoCloseable {

    private static final Path SCREENSHOTS = Container.TARGET.resolve("screenshots");

    private final ChromeDriver driver;

    private Browser(ChromeDriver driver) {
        this.driver = driver;
    }

    /** Starts one; takes a second or two. Skips the calling test where Chromium is not installed. */
    public static Browser start() {
        Path chromium = Tool.CHROMIUM.path();
        Path chromedriver = Tool.CHROMEDRIVER.path();
        try {
            Path profiles = Files.createDirectories(Container.TARGET.resolve("browser"));
            Path profile = Files.createTempDirectory(profiles, "profile");
            ChromeOptions options = new ChromeOptions();
            options.setBinary(chromium.toString());
            options.addArguments(
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--window-size=1280,900",
                    "--user-data-dir=" + profile);
            LoggingPreferences logs = new LoggingPreferences();
            logs.enable(LogType.BROWSER, java.util.logging.Level.ALL);
            options.setCapability("goog:loggingPrefs", logs);
            ChromeDriverService service = new ChromeDriverService.Builder()
                    .usingDriverExecutable(chromedriver.toFile())
                    .withLogFile(profile.resolve("chromedriver.log").toFile())
                    .build();
            return new Browser(new ChromeDriver(service, options));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** The driver, for all that this class does not shorten. */
    public ChromeDriver driver() {
        return driver;
    }

    /** Loads a page and returns when it has loaded (streams that it opens go on). */
    public void open(URI page) {
        driver.get(page.toString());
    }

    /** Runs JavaScript ({@code return …} for a value) in the page. */
    public Object js(String script, Object... args) {
        return driver.executeScript(script, args);
    }

    /** Waits until a JavaScript expression is truthy; fails with the console's text after the limit. */
    public void waitFor(String expression, Duration limit) {
        new WebDriverWait(driver, limit)
                .withMessage(() -> expression + " did not become true; the console says " + console())
                .pollingEvery(Duration.ofMillis(50))
                .until(page -> Boolean.TRUE.equals(js("return !!(" + expression + ")")));
    }

    /** What the page wrote to the console since the last call, errors of the network and of the CSP too. */
    public List<String> console() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(LogEntry::toString)
                .toList();
    }

    /** Sets the size of the window, in CSS pixels. */
    public void resize(int width, int height) {
        driver.manage().window().setSize(new Dimension(width, height));
    }

    /** Saves what is seen as {@code target/screenshots/NAME.png}. */
    public Path screenshot(String name) {
        try {
            Path file = Files.createDirectories(SCREENSHOTS).resolve(name + ".png");
            return Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() {
        driver.quit();
    }
}
