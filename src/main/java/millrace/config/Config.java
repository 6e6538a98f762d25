package millrace.config;

import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The values of all settings, read once at the start: system property, then environment, then context parameter, then
 * default. Immutable; any thread may read it.
 */
public final class Config {

    /** What Kubernetes puts into every pod beside a Service called millrace, or millrace-something: nobody's mistake. */
    private static final Pattern OF_KUBERNETES =
            Pattern.compile("MILLRACE(_\\w+)?_(SERVICE_HOST|SERVICE_PORT(_\\w+)?|PORT(_\\d+_(TCP|UDP|SCTP)(_\\w+)?)?)");

    private final Map<Setting<?>, Object> values;

    private Config(Map<Setting<?>, Object> values) {
        this.values = values;
    }

    /**
     * Reads every setting.
     *
     * @throws ConfigException when a key is unknown or a value cannot be read; the message names the key, where it was
     *     found and what would be right
     */
    public static Config load(Properties system, Map<String, String> environment, Map<String, String> context) {
        Map<String, Setting<?>> byKey = new HashMap<>();
        Map<String, Setting<?>> byEnvironmentName = new HashMap<>();
        for (Setting<?> setting : Settings.all()) {
            byKey.put(setting.key(), setting);
            byEnvironmentName.put(setting.environmentName(), setting);
        }
        for (String key : system.stringPropertyNames()) {
            rejectUnknown(key, "millrace.", byKey, "system property");
        }
        for (String key : environment.keySet()) {
            if (!OF_KUBERNETES.matcher(key).matches()) {
                rejectUnknown(key, "MILLRACE_", byEnvironmentName, "environment variable");
            }
        }
        for (String key : context.keySet()) {
            rejectUnknown(key, "millrace.", byKey, "context parameter");
        }
        Map<Setting<?>, Object> values = new HashMap<>();
        for (Setting<?> setting : Settings.all()) {
            String text = system.getProperty(setting.key());
            String source = "system property " + setting.key();
            if (text == null) {
                text = environment.get(setting.environmentName());
                source = "environment variable " + setting.environmentName();
            }
            if (text == null) {
                text = context.get(setting.key());
                source = "context parameter " + setting.key();
            }
            if (text == null) {
                text = setting.defaultText();
                source = "default of " + setting.key();
            }
            try {
                values.put(setting, setting.parser().apply(text.strip()));
            } catch (IllegalArgumentException bad) {
                throw new ConfigException(source + " is '" + text + "': " + bad.getMessage(), bad);
            }
        }
        return new Config(values);
    }

    /** All defaults: for tests, and for a servlet that runs without a context of its own. */
    public static Config defaults() {
        return load(new Properties(), Map.of(), Map.of());
    }

    /** The value of a setting of the catalogue. */
    @SuppressWarnings("unchecked") // put there by this setting's own parser
    public <T> T get(Setting<T> setting) {
        Object value = values.get(setting);
        if (value == null) {
            throw new IllegalArgumentException("not in the catalogue: " + setting.key());
        }
        return (T) value;
    }

    private static void rejectUnknown(String key, String prefix, Map<String, Setting<?>> known, String source) {
        if (key.startsWith(prefix) && !known.containsKey(key)) {
            throw new ConfigException("unknown " + source + " '" + key + "'; known are "
                    + String.join(", ", new TreeSet<>(known.keySet())));
        }
    }
}
