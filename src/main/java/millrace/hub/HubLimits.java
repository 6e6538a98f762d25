package millrace.hub;

import millrace.config.Config;
import millrace.config.Settings;

/**
 * How much one request may ask for.
 *
 * @param maxTopicBytes of one topic or selector, as UTF-8
 * @param maxPatterns templates and URL Patterns in one subscription
 */
public record HubLimits(int maxTopics, int maxTopicBytes, int maxSelectors, int maxPatterns) {

    public static HubLimits of(Config config) {
        return new HubLimits(
                config.get(Settings.HUB_MAX_TOPICS),
                config.get(Settings.HUB_MAX_TOPIC_BYTES),
                config.get(Settings.HUB_MAX_SELECTORS),
                config.get(Settings.HUB_MAX_PATTERNS_EACH));
    }
}
