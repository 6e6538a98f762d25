package millrace.config;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;

/**
 * One setting: the key under which it is found, its default as a user would write it, what may be written, and one
 * sentence for the README. Immutable.
 *
 * @param key begins with {@code millrace.}; dots and hyphens become underscores in the environment
 * @param defaultText parsed like a value that a user wrote; empty where "not set" is the default
 * @param form what may be written, for the table and for error messages: {@code "duration"}, {@code "bytes"} …
 * @param sentence what it does, one sentence
 * @param parser from text to value; throws {@link IllegalArgumentException} whose message says what would be right
 */
public record Setting<T>(String key, String defaultText, String form, String sentence, Function<String, T> parser) {

    /** As nanoseconds it is still a number; nothing lives longer. */
    private static final Duration MAX_SPAN = Duration.ofDays(36_500);

    private static final long MAX_BYTES = 1L << 50;

    public Setting {
        Objects.requireNonNull(parser);
        if (!key.startsWith("millrace.")) {
            throw new IllegalArgumentException("a setting's key begins with 'millrace.': " + key);
        }
    }

    /** The name of this setting in the environment, e.g. {@code MILLRACE_HEARTBEAT}. */
    public String environmentName() {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    static Setting<Boolean> flag(String key, boolean standard, String sentence) {
        return new Setting<>(key, Boolean.toString(standard), "true or false", sentence, text -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("write true or false");
        });
    }

    static Setting<String> text(String key, String standard, String sentence) {
        return new Setting<>(key, standard, "text", sentence, Function.identity());
    }

    /** One of a few words. */
    static Setting<String> choice(String key, String standard, List<String> choices, String sentence) {
        String form = String.join(", ", choices);
        return new Setting<>(key, standard, "one of " + form, sentence, text -> {
            if (!choices.contains(text)) {
                throw new IllegalArgumentException("write one of " + form);
            }
            return text;
        });
    }

    /** Words separated by commas; white space around them is dropped, empty words too. */
    static Setting<List<String>> words(String key, String standard, String sentence) {
        return new Setting<>(
                key,
                standard,
                "list, comma-separated",
                sentence,
                text -> Arrays.stream(text.split(","))
                        .map(String::strip)
                        .filter(word -> !word.isEmpty())
                        .toList());
    }

    static Setting<Integer> number(String key, int standard, int least, int most, String sentence) {
        return new Setting<>(key, Integer.toString(standard), "number", sentence, text -> {
            int value;
            try {
                value = Integer.parseInt(text);
            } catch (NumberFormatException notANumber) {
                throw new IllegalArgumentException("write a whole number", notANumber);
            }
            if (value < least || value > most) {
                throw new IllegalArgumentException("write a number from " + least + " to " + most);
            }
            return value;
        });
    }

    /** A span of time: a whole number and {@code ms}, {@code s}, {@code m}, {@code h} or {@code d}. */
    static Setting<Duration> duration(String key, String standard, String sentence) {
        return new Setting<>(key, standard, "duration", sentence, Setting::parseDuration);
    }

    /** The same, and not less than this. */
    static Setting<Duration> duration(String key, String standard, Duration least, String sentence) {
        return new Setting<>(key, standard, "duration", sentence, text -> {
            Duration value = parseDuration(text);
            if (value.compareTo(least) < 0) {
                throw new IllegalArgumentException("write at least " + least.toMillis() + "ms");
            }
            return value;
        });
    }

    /** A size: a whole number of bytes, or with {@code k}, {@code m} or {@code g} (powers of 1024). */
    static Setting<Long> bytes(String key, String standard, String sentence) {
        return new Setting<>(key, standard, "bytes", sentence, Setting::parseBytes);
    }

    /** The same, and not less than this. */
    static Setting<Long> bytes(String key, String standard, long least, String sentence) {
        return new Setting<>(key, standard, "bytes", sentence, text -> {
            long value = parseBytes(text);
            if (value < least) {
                throw new IllegalArgumentException("write at least " + least);
            }
            return value;
        });
    }

    private static Duration parseDuration(String text) {
        int digits = leadingDigits(text);
        long amount = digits == 0 || digits > 15 ? -1 : Long.parseLong(text.substring(0, digits));
        if (amount > MAX_SPAN.toMillis()) {
            throw tooLong();
        }
        Duration span = switch (amount < 0 ? "?" : text.substring(digits)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            case "d" -> Duration.ofDays(amount);
            default -> throw new IllegalArgumentException("write a whole number and a unit: 250ms, 15s, 5m, 2h or 7d");
        };
        if (span.compareTo(MAX_SPAN) > 0) {
            throw tooLong();
        }
        return span;
    }

    private static IllegalArgumentException tooLong() {
        return new IllegalArgumentException("write at most " + MAX_SPAN.toDays() + "d");
    }

    private static long parseBytes(String text) {
        int digits = leadingDigits(text);
        long amount = digits == 0 || digits > 15 ? -1 : Long.parseLong(text.substring(0, digits));
        int power = switch (amount < 0 ? "?" : text.substring(digits).toLowerCase(Locale.ROOT)) {
            case "" -> 0;
            case "k" -> 10;
            case "m" -> 20;
            case "g" -> 30;
            default ->
                throw new IllegalArgumentException("write a whole number of bytes, or with k, m or g: 65536, 64k, 16m");
        };
        if (amount > MAX_BYTES >> power) {
            throw new IllegalArgumentException("write at most " + (MAX_BYTES >> 30) + "g");
        }
        return amount << power;
    }

    private static int leadingDigits(String text) {
        int i = 0;
        while (i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
            i++;
        }
        return i;
    }
}
