package millrace.config;

import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The catalogue of all settings, grouped by room. The table in the README is checked against it by a test, so a
 * setting that is added here is added there.
 */
public final class Settings {

    public static final Setting<Boolean> DEMO = Setting.flag(
            "millrace.demo",
            false,
            "Opens everything for trying out, to requests that come from this machine to this machine only.");

    public static final Setting<Duration> HEARTBEAT = Setting.duration(
            "millrace.heartbeat",
            "15s",
            "A stream that was silent for so long gets a comment, which also finds lost clients.");
    public static final Setting<Duration> STALL_TIMEOUT = Setting.duration(
            "millrace.stall-timeout",
            "30s",
            "A client that takes no byte for so long while bytes wait for it is ended.");
    public static final Setting<Duration> DRAIN_TIME = Setting.duration(
            "millrace.drain-time",
            "5s",
            "Over this time the ends of open streams are spread when the application stops.");
    public static final Setting<Duration> RETRY = Setting.duration(
            "millrace.retry",
            "2s",
            "The reconnection time told to clients at the start of a stream, give or take a third.");

    private Settings() {}

    /** All settings, in the order of this file. */
    public static List<Setting<?>> all() {
        return Catalogue.ALL;
    }

    private static final class Catalogue {
        static final List<Setting<?>> ALL = collect();

        private static List<Setting<?>> collect() {
            List<Setting<?>> found = new ArrayList<>();
            for (var field : Settings.class.getDeclaredFields()) {
                if (Modifier.isPublic(field.getModifiers()) && field.getType() == Setting.class) {
                    try {
                        found.add((Setting<?>) field.get(null));
                    } catch (IllegalAccessException impossible) {
                        throw new AssertionError(impossible);
                    }
                }
            }
            return Collections.unmodifiableList(found);
        }
    }
}
