package millrace.topic;

/**
 * Selects topics, as a subscriber or a token wrote it. Immutable; equal selectors select the same topics, so they may
 * share what is made for them. Matching takes one look for each character of the topic, whatever the selector.
 */
public sealed interface Selector permits Everything, Exact, UriTemplate, UrlPattern {

    /** As it was written: {@code *}, a topic, a template or a pattern. */
    String text();

    boolean matches(Topic topic);

    default boolean matches(String topic) {
        return matches(Topic.of(topic));
    }

    /**
     * Whether it may select a topic that begins like this path; false only where it selects none. Dot segments in such a
     * topic must not lead out of the path.
     */
    default boolean reachesBelow(String beginning) {
        return switch (this) {
            case Everything all -> true;
            case Exact topic -> topic.text().startsWith(beginning);
            case UriTemplate template -> isBeginningOf(template.prefix(), beginning);
            case UrlPattern pattern -> {
                Url url = Url.parse(beginning, pattern.hub().url());
                String key = url == null ? "" : url.key();
                yield isBeginningOf(pattern.prefix(), key.substring(0, Math.max(0, key.length() - 1)));
            }
        };
    }

    /** Whether one of the two begins like the other. */
    private static boolean isBeginningOf(String prefix, String beginning) {
        return prefix.startsWith(beginning) || beginning.startsWith(prefix);
    }

    /** What the 1.0 protocol calls its kind; it has no name for templates, which are of 0.x. */
    default String type() {
        return switch (this) {
            case Everything all -> "exact";
            case Exact topic -> "exact";
            case UriTemplate template -> "uritemplate";
            case UrlPattern pattern -> "urlpattern";
        };
    }

    /** Whether it has to be tried on topics; others are found by their text. */
    default boolean isPattern() {
        return this instanceof UriTemplate || this instanceof UrlPattern;
    }

    /** About what it takes in memory, with its place in an index. */
    default int bytes() {
        return 300 + 2 * text().length();
    }

    /** How many steps it took to make it: a few hundred for what people write, at most a few hundred thousand. */
    default int work() {
        return 0;
    }

    /**
     * As {@link #matches(Topic)}, and what it took to find out: at most one look for each character of the topic, and one
     * for each part of a URL.
     *
     * @return the number of looks; negative where it does not match
     */
    default int walk(Topic topic) {
        return matches(topic) ? 1 : -1;
    }

    /** Selects every topic, written {@code *}. */
    static Selector everything() {
        return Everything.EVERYTHING;
    }

    /**
     * What the 0.x protocol writes: {@code *}, or a string that selects itself and, when it is a URI Template, every
     * topic that an expansion of it can be.
     *
     * @throws SelectorException when a template asks for too many states
     */
    static Selector ofTemplate(String text) throws SelectorException {
        if (text.equals("*")) {
            return everything();
        }
        UriTemplate template = text.indexOf('{') < 0 ? null : UriTemplate.parse(text);
        return template == null ? new Exact(text) : template;
    }

    /**
     * What the 1.0 protocol calls {@code exact}: {@code *}, or a string that selects itself, compared without any
     * normalization.
     *
     * @throws SelectorException when it holds a control or an invisible format character
     */
    static Selector ofExact(String text) throws SelectorException {
        requireVisible(text);
        return text.equals("*") ? everything() : new Exact(text);
    }

    /**
     * What the 1.0 protocol calls {@code urlpattern}: {@code *}, or a WHATWG URL Pattern, which is resolved against the
     * hub's URL as topics are. What is not offered is listed in {@code UrlPattern}.
     *
     * @throws SelectorException when it is no URL Pattern, or one that is not offered here
     */
    static Selector ofUrlPattern(String text, HubUrl hub) throws SelectorException {
        requireVisible(text);
        return text.equals("*") ? everything() : UrlPattern.parse(text, hub);
    }

    private static void requireVisible(String text) throws SelectorException {
        int problem = Topic.invisibleCharacter(text);
        if (problem >= 0) {
            throw new SelectorException("a selector holds no control and no format characters (at " + problem + ")");
        }
    }
}
