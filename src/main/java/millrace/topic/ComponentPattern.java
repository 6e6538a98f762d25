package millrace.topic;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import millrace.topic.Automaton.Rule;
import millrace.topic.PatternLexer.Kind;
import millrace.topic.PatternLexer.Token;
import org.jspecify.annotations.Nullable;

/**
 * The pattern of one URL component: the pattern string parser of the WHATWG URL Pattern standard, section 2.1, and in
 * place of its regular expressions the rules of an {@link Automaton}. Immutable.
 */
final class ComponentPattern {

    private static final String[] SPECIAL_SCHEMES = {"http", "https", "ws", "wss", "ftp", "file"};

    /** Makes fixed text what the URL parser would make of it. */
    interface Encoder {
        String encode(String text) throws SelectorException;
    }

    // exactly one of the first two is set
    private final @Nullable String literal;
    private final @Nullable Automaton automaton;
    private final String prefix;

    private ComponentPattern(@Nullable String literal, @Nullable Automaton automaton, String prefix) {
        this.literal = literal;
        this.automaton = automaton;
        this.prefix = prefix;
    }

    static ComponentPattern protocol(String pattern) throws SelectorException {
        return parse(pattern, "", "", ComponentPattern::encodeProtocol);
    }

    static ComponentPattern userinfo(String pattern) throws SelectorException {
        return parse(pattern, "", "", text -> UrlParser.encode(text, UrlParser.USERINFO));
    }

    static ComponentPattern hostname(String pattern) throws SelectorException {
        boolean ipv6 = pattern.startsWith("[") || pattern.startsWith("{[") || pattern.startsWith("\\[");
        return parse(pattern, ".", "", ipv6 ? ComponentPattern::encodeIpv6Hostname : ComponentPattern::encodeHostname);
    }

    static ComponentPattern port(String pattern) throws SelectorException {
        return parse(pattern, "", "", ComponentPattern::encodePort);
    }

    static ComponentPattern pathname(String pattern) throws SelectorException {
        return parse(pattern, "/", "/", ComponentPattern::encodePathname);
    }

    static ComponentPattern opaquePathname(String pattern) throws SelectorException {
        return parse(pattern, "", "", text -> UrlParser.encode(text, UrlParser.C0_CONTROL));
    }

    static ComponentPattern search(String pattern) throws SelectorException {
        return parse(pattern, "", "", text -> UrlParser.encode(text, UrlParser.SPECIAL_QUERY));
    }

    static ComponentPattern hash(String pattern) throws SelectorException {
        return parse(pattern, "", "", text -> UrlParser.encode(text, UrlParser.FRAGMENT));
    }

    boolean matches(String component) {
        return walk(component) > 0;
    }

    /** As {@link Automaton#walk}; fixed text is compared in one look. */
    int walk(String component) {
        return automaton != null ? automaton.walk(component, 0) : component.equals(literal) ? 1 : -1;
    }

    int bytes() {
        return 100 + 2 * prefix.length() + (automaton == null ? 0 : automaton.bytes());
    }

    int work() {
        return automaton == null ? 0 : automaton.work();
    }

    boolean matchesSpecialScheme() {
        for (String scheme : SPECIAL_SCHEMES) {
            if (matches(scheme)) {
                return true;
            }
        }
        return false;
    }

    /** Whether it matches {@link #prefix()} and nothing else. */
    boolean isLiteral() {
        return literal != null;
    }

    /** What every match begins with. */
    String prefix() {
        return prefix;
    }

    private static ComponentPattern parse(String pattern, String delimiter, String prefix, Encoder encoder)
            throws SelectorException {
        Parser parser = new Parser(PatternLexer.strict(pattern), delimiter, prefix, encoder);
        parser.run();
        String beginning = parser.beginning.toString();
        if (parser.rules.isEmpty()) {
            return new ComponentPattern(beginning, null, beginning);
        }
        parser.rules.addFirst(Rule.text(beginning));
        return new ComponentPattern(null, Automaton.of(new Rule.Sequence(parser.rules)), beginning);
    }

    private static String encodeProtocol(String text) throws SelectorException {
        Url url = Url.parse(text + "://dummy.invalid/", null);
        if (url == null || !url.path().equals("/")) {
            throw new SelectorException("the URL Pattern's protocol is none: " + text);
        }
        return url.scheme();
    }

    private static String encodeHostname(String text) throws SelectorException {
        String host = text.startsWith("[") ? null : HostParser.parse(text, true);
        if (host == null) {
            throw new SelectorException("the URL Pattern's hostname is none: " + text);
        }
        return host;
    }

    private static String encodeIpv6Hostname(String text) throws SelectorException {
        CharSet allowed = CharSet.HEX.or(CharSet.of("[]:"));
        if (!text.chars().allMatch(allowed::has)) {
            throw new SelectorException("the URL Pattern's hostname is no IPv6 address: " + text);
        }
        return text.toLowerCase(Locale.ROOT);
    }

    private static String encodePort(String text) throws SelectorException {
        boolean digits = text.chars().allMatch(CharSet.DIGIT::has);
        if (!digits || text.length() > 5 || Integer.parseInt(text) > 65_535) {
            throw new SelectorException("the URL Pattern's port is none: " + text);
        }
        return text;
    }

    /** A part of a path: dot segments in it go, but it keeps its beginning. */
    private static String encodePathname(String text) throws SelectorException {
        boolean absolute = text.startsWith("/");
        // what would end a path ends up in it as an escape
        String safe = text.replace("?", "%3F").replace("#", "%23");
        Url url = Url.parse("https://dummy.invalid" + (absolute ? "" : "/-") + safe, null);
        if (url == null) {
            throw new SelectorException("the URL Pattern's path is none: " + text);
        }
        return absolute ? url.path() : url.path().substring(2);
    }

    /** Runs over the tokens once; field names are the standard's where it has one. */
    private static final class Parser {
        private final List<Token> tokens;
        private final String delimiter;
        private final String prefixCharacter;
        private final Encoder encoder;
        private final Set<String> names = new HashSet<>();
        private final StringBuilder pendingFixedValue = new StringBuilder();
        private int at;

        // fixed text goes here until the first other part comes, then everything goes to the rules
        private final StringBuilder beginning = new StringBuilder();
        private final List<Rule> rules = new ArrayList<>();

        Parser(List<Token> tokens, String delimiter, String prefixCharacter, Encoder encoder) {
            this.tokens = tokens;
            this.delimiter = delimiter;
            this.prefixCharacter = prefixCharacter;
            this.encoder = encoder;
        }

        void run() throws SelectorException {
            while (at < tokens.size()) {
                Token character = consume(Kind.CHARACTER);
                Token name = consume(Kind.NAME);
                Token group = consumeGroup(name);
                if (name != null || group != null) {
                    String prefix = character == null ? "" : character.value();
                    if (!prefix.equals(prefixCharacter)) {
                        pendingFixedValue.append(prefix);
                        prefix = "";
                    }
                    addPendingFixedValue();
                    addPart(prefix, name, group, "", consumeModifier());
                    continue;
                }
                Token fixed = character == null ? consume(Kind.ESCAPED) : character;
                if (fixed != null) {
                    pendingFixedValue.append(fixed.value());
                    continue;
                }
                if (consume(Kind.OPEN) != null) {
                    String prefix = consumeText();
                    Token innerName = consume(Kind.NAME);
                    Token innerGroup = consumeGroup(innerName);
                    String suffix = consumeText();
                    require(Kind.CLOSE);
                    addPart(prefix, innerName, innerGroup, suffix, consumeModifier());
                    continue;
                }
                addPendingFixedValue();
                require(Kind.END);
            }
        }

        private @Nullable Token consume(Kind kind) {
            return at < tokens.size() && tokens.get(at).kind() == kind ? tokens.get(at++) : null;
        }

        private @Nullable Token consumeGroup(@Nullable Token name) {
            Token regexp = consume(Kind.REGEXP);
            return regexp == null && name == null ? consume(Kind.ASTERISK) : regexp;
        }

        private @Nullable Token consumeModifier() {
            Token modifier = consume(Kind.OTHER_MODIFIER);
            return modifier == null ? consume(Kind.ASTERISK) : modifier;
        }

        private String consumeText() {
            StringBuilder text = new StringBuilder();
            while (true) {
                Token token = consume(Kind.CHARACTER);
                if (token == null) {
                    token = consume(Kind.ESCAPED);
                }
                if (token == null) {
                    return text.toString();
                }
                text.append(token.value());
            }
        }

        private void require(Kind kind) throws SelectorException {
            if (consume(kind) == null) {
                throw new SelectorException("the URL Pattern has a modifier or a brace where none can be");
            }
        }

        private void addPendingFixedValue() throws SelectorException {
            if (!pendingFixedValue.isEmpty()) {
                String encoded = encode(pendingFixedValue.toString());
                pendingFixedValue.setLength(0);
                if (rules.isEmpty()) {
                    beginning.append(encoded);
                } else {
                    rules.add(Rule.text(encoded));
                }
            }
        }

        private void addPart(
                String prefix, @Nullable Token name, @Nullable Token group, String suffix, @Nullable Token modifier)
                throws SelectorException {
            if (name == null && group == null && modifier == null) {
                pendingFixedValue.append(prefix);
                return;
            }
            addPendingFixedValue();
            if (name == null && group == null) {
                if (!prefix.isEmpty()) {
                    rules.add(repeated(Rule.text(encode(prefix)), modifier));
                }
                return;
            }
            if (name != null && !names.add(name.value())) {
                throw new SelectorException("the URL Pattern has the name " + name.value() + " twice");
            }
            Rule before = Rule.text(encode(prefix));
            Rule after = Rule.text(encode(suffix));
            Rule value = value(group);
            if (modifier != null && !modifier.value().equals("?") && !(prefix.isEmpty() && suffix.isEmpty())) {
                Rule more = Rule.anyNumber(Rule.sequence(after, before, value));
                Rule all = Rule.sequence(before, value, more, after);
                rules.add(modifier.value().equals("*") ? Rule.optional(all) : all);
            } else {
                rules.add(repeated(Rule.sequence(before, value, after), modifier));
            }
        }

        private Rule value(@Nullable Token group) throws SelectorException {
            if (group == null) {
                CharSet segment = delimiter.isEmpty()
                        ? CharSet.ALL
                        : CharSet.of(delimiter).negate();
                return new Rule.Repeat(new Rule.Characters(segment), 1, -1);
            }
            return group.kind() == Kind.ASTERISK
                    ? Rule.anyNumber(new Rule.Characters(CharSet.ALL))
                    : GroupRegexp.parse(group.value());
        }

        private static Rule repeated(Rule rule, @Nullable Token modifier) {
            return switch (modifier == null ? "" : modifier.value()) {
                case "?" -> Rule.optional(rule);
                case "*" -> Rule.anyNumber(rule);
                case "+" -> new Rule.Repeat(rule, 1, -1);
                default -> rule;
            };
        }

        private String encode(String text) throws SelectorException {
            return text.isEmpty() ? text : encoder.encode(text);
        }
    }
}
