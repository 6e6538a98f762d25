package millrace.topic;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import millrace.topic.PatternString.Component;
import org.jspecify.annotations.Nullable;

/**
 * A WHATWG URL Pattern as a selector: {@code new URLPattern(text, hub).test(topic, hub)} in JavaScript, with its default
 * options, in linear time. All components, named groups, wildcards, custom groups, braces and modifiers are offered.
 *
 * <p>Refused, with a {@link SelectorException}: in custom groups look-around, back references, anchors, word boundaries,
 * named groups, flags, Unicode properties and operations on classes; patterns that need too many states; hosts beyond
 * ASCII that newer rules than IDNA 2003 read differently.
 */
final class UrlPattern implements Selector {

    private static final Component[] COMPONENTS = Component.values();

    private final String text;
    private final HubUrl hub;
    private final ComponentPattern[] patterns; // of the COMPONENTS
    private final String prefix;

    private UrlPattern(String text, HubUrl hub, Map<Component, ComponentPattern> components) {
        this.text = text;
        this.hub = hub;
        this.patterns = Stream.of(COMPONENTS)
                .map(component -> Objects.requireNonNull(components.get(component)))
                .toArray(ComponentPattern[]::new);
        this.prefix = prefix(components);
    }

    static UrlPattern parse(String text, HubUrl hub) throws SelectorException {
        Map<Component, String> written = PatternString.parse(text);
        Map<Component, String> patterns = withBase(written, hub.url());
        for (Component component : Component.values()) {
            patterns.putIfAbsent(component, "*");
        }
        String protocolText = text(patterns, Component.PROTOCOL);
        if (Url.isSpecial(protocolText)
                && text(patterns, Component.PORT).equals(Integer.toString(Url.defaultPort(protocolText)))) {
            patterns.put(Component.PORT, "");
        }
        Map<Component, ComponentPattern> components = new EnumMap<>(Component.class);
        ComponentPattern protocol = ComponentPattern.protocol(protocolText);
        String pathname = text(patterns, Component.PATHNAME);
        components.put(Component.PROTOCOL, protocol);
        components.put(Component.USERNAME, ComponentPattern.userinfo(text(patterns, Component.USERNAME)));
        components.put(Component.PASSWORD, ComponentPattern.userinfo(text(patterns, Component.PASSWORD)));
        components.put(Component.HOSTNAME, ComponentPattern.hostname(text(patterns, Component.HOSTNAME)));
        components.put(Component.PORT, ComponentPattern.port(text(patterns, Component.PORT)));
        components.put(
                Component.PATHNAME,
                protocol.matchesSpecialScheme()
                        ? ComponentPattern.pathname(pathname)
                        : ComponentPattern.opaquePathname(pathname));
        components.put(Component.SEARCH, ComponentPattern.search(text(patterns, Component.SEARCH)));
        components.put(Component.HASH, ComponentPattern.hash(text(patterns, Component.HASH)));
        return new UrlPattern(text, hub, components);
    }

    /** A component is inherited from the base when neither it nor one that stands before it is written (section 3.1). */
    private static Map<Component, String> withBase(Map<Component, String> written, Url base) {
        Map<Component, String> patterns = new EnumMap<>(Component.class);
        boolean protocol = !written.containsKey(Component.PROTOCOL);
        boolean hostname = protocol && !written.containsKey(Component.HOSTNAME);
        boolean port = hostname && !written.containsKey(Component.PORT);
        boolean pathname = port && !written.containsKey(Component.PATHNAME);
        boolean search = pathname && !written.containsKey(Component.SEARCH);
        boolean hash = search && !written.containsKey(Component.HASH);
        inherit(protocol, patterns, Component.PROTOCOL, base.scheme());
        inherit(hostname, patterns, Component.HOSTNAME, base.hostOrEmpty());
        inherit(port, patterns, Component.PORT, base.portOrEmpty());
        inherit(pathname, patterns, Component.PATHNAME, base.path());
        inherit(search, patterns, Component.SEARCH, base.queryOrEmpty());
        inherit(hash, patterns, Component.HASH, base.fragmentOrEmpty());
        patterns.putAll(written);
        String path = written.get(Component.PATHNAME);
        if (path != null && !isAbsolute(path)) {
            String directory = base.path().substring(0, base.path().lastIndexOf('/') + 1);
            patterns.put(Component.PATHNAME, escape(directory) + path);
        }
        return patterns;
    }

    private static void inherit(
            boolean isInherited, Map<Component, String> patterns, Component component, String value) {
        if (isInherited) {
            patterns.put(component, escape(value));
        }
    }

    private static boolean isAbsolute(String path) {
        return path.startsWith("/") || path.startsWith("\\/") || path.startsWith("{/");
    }

    private static String escape(String literal) {
        StringBuilder pattern = new StringBuilder();
        for (int i = 0; i < literal.length(); i++) {
            if ("+*?:{}()\\".indexOf(literal.charAt(i)) >= 0) {
                pattern.append('\\');
            }
            pattern.append(literal.charAt(i));
        }
        return pattern.toString();
    }

    private static String text(Map<Component, String> patterns, Component component) {
        return Objects.requireNonNull(patterns.get(component));
    }

    @Override
    public String text() {
        return text;
    }

    HubUrl hub() {
        return hub;
    }

    /** What {@link Url#key()} of every selected topic begins with. */
    String prefix() {
        return prefix;
    }

    @Override
    public int bytes() {
        return 600
                + 2 * (text.length() + prefix.length())
                + Stream.of(patterns).mapToInt(ComponentPattern::bytes).sum();
    }

    @Override
    public int work() {
        return Stream.of(patterns).mapToInt(ComponentPattern::work).sum();
    }

    @Override
    public boolean matches(Topic topic) {
        return walk(topic) > 0;
    }

    @Override
    public int walk(Topic topic) {
        Url url = topic.url(hub);
        if (url == null) {
            return -1;
        }
        int looks = 0;
        for (int i = 0; i < patterns.length; i++) {
            int more = patterns[i].walk(part(url, COMPONENTS[i]));
            looks += Math.abs(more);
            if (more < 0) {
                return -looks;
            }
        }
        return looks;
    }

    private static String part(Url url, Component component) {
        return switch (component) {
            case PROTOCOL -> url.scheme();
            case USERNAME -> url.username();
            case PASSWORD -> url.password();
            case HOSTNAME -> url.hostOrEmpty();
            case PORT -> url.portOrEmpty();
            case PATHNAME -> url.path();
            case SEARCH -> url.queryOrEmpty();
            case HASH -> url.fragmentOrEmpty();
        };
    }

    private static String prefix(Map<Component, ComponentPattern> components) {
        StringBuilder prefix = new StringBuilder();
        for (Component component :
                new Component[] {Component.PROTOCOL, Component.HOSTNAME, Component.PORT, Component.PATHNAME}) {
            ComponentPattern pattern = Objects.requireNonNull(components.get(component));
            prefix.append(pattern.prefix());
            if (!pattern.isLiteral()) {
                break;
            }
            prefix.append(Url.KEY_SEPARATOR);
        }
        return prefix.toString();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof UrlPattern pattern && text.equals(pattern.text) && hub.equals(pattern.hub);
    }

    @Override
    public int hashCode() {
        return Objects.hash(text, hub);
    }

    @Override
    public String toString() {
        return "UrlPattern[" + text + "]";
    }
}
