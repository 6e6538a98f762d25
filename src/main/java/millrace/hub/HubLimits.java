package millrace.hub;

import millrace.config.Config;
import millrace.config.Settings;

/**
 * How much one request may ask for.
 *
 * @param maxTopicBytes of one topic or selector, as UTF-8
 * @param maxTopicsLength of all topics of one update together, by {@link millrace.topic.Topic#matchedLength}
 * @param maxPatterns templates and URL Patterns in one subscription
 */
public record HubLimits(int maxTopics, int maxTopicBytes, int maxTopicsLength, int maxSelectors, int maxPatterns) {

    public static HubLimits of(Config config) {
        return new HubLimits(
                config.get(Settings.HUB_MAX_TOPICS),
                config.get(Settings.HUB_MAX_TOPIC_BYTES),
                config.get(Settings.HUB_MAX_TOPICS_LENGTH),
                config.get(Settings.HUB_MAX_SELECTORS),
                config.get(Settings.HUB_MAX_PATTERNS_EACH));
    }
}
