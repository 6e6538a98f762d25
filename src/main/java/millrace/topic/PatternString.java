package millrace.topic;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import millrace.topic.PatternLexer.Kind;
import millrace.topic.PatternLexer.Token;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a whole URL Pattern into the patterns of its components: the constructor string parser of the WHATWG URL Pattern
 * standard, section 1.5, state by state and with its names.
 */
final class PatternString {

    enum Component {
        PROTOCOL,
        USERNAME,
        PASSWORD,
        HOSTNAME,
        PORT,
        PATHNAME,
        SEARCH,
        HASH
    }

    private enum State {
        INIT(null),
        PROTOCOL(Component.PROTOCOL),
        AUTHORITY(null),
        USERNAME(Component.USERNAME),
        PASSWORD(Component.PASSWORD),
        HOSTNAME(Component.HOSTNAME),
        PORT(Component.PORT),
        PATHNAME(Component.PATHNAME),
        SEARCH(Component.SEARCH),
        HASH(Component.HASH),
        DONE(null);

        final @Nullable Component component;

        State(@Nullable Component component) {
            this.component = component;
        }

        boolean isBetween(State first, State last) {
            return compareTo(first) >= 0 && compareTo(last) <= 0;
        }
    }

    private final String input;
    private final List<Token> tokens;
    private final Map<Component, String> found = new EnumMap<>(Component.class);
    private State state = State.INIT;
    private int at;
    private int componentStart;
    private int groupDepth;
    private int bracketDepth;
    private boolean specialScheme;

    private PatternString(String input) throws SelectorException {
        this.input = input;
        this.tokens = PatternLexer.lenient(input);
    }

    /** Only the components that the pattern writes, or leaves out before one that it writes. */
    static Map<Component, String> parse(String input) throws SelectorException {
        PatternString parser = new PatternString(input);
        while (parser.state != State.DONE) {
            parser.step();
        }
        if (parser.found.containsKey(Component.HOSTNAME)) {
            parser.found.putIfAbsent(Component.PORT, "");
        }
        return parser.found;
    }

    private void step() throws SelectorException {
        Token token = tokens.get(at);
        if (token.kind() == Kind.END) {
            end();
            return;
        }
        if (token.kind() == Kind.OPEN) {
            groupDepth++;
            at++;
            return;
        }
        if (groupDepth > 0) {
            if (token.kind() != Kind.CLOSE) {
                at++;
                return;
            }
            groupDepth--;
        }
        switch (state) {
            case INIT -> {
                if (is(":")) {
                    rewind(State.PROTOCOL);
                    return;
                }
            }
            case PROTOCOL -> {
                if (is(":")) {
                    specialScheme = ComponentPattern.protocol(component()).matchesSpecialScheme();
                    if (is(at + 1, "/") && is(at + 2, "/")) {
                        change(State.AUTHORITY, 3);
                    } else {
                        change(specialScheme ? State.AUTHORITY : State.PATHNAME, 1);
                    }
                    return;
                }
            }
            case AUTHORITY -> {
                if (is("@")) {
                    rewind(State.USERNAME);
                    return;
                }
                if (is("/") || isSearchPrefix() || is("#")) {
                    rewind(State.HOSTNAME);
                    return;
                }
            }
            case USERNAME -> {
                if (is(":") || is("@")) {
                    change(is(":") ? State.PASSWORD : State.HOSTNAME, 1);
                    return;
                }
            }
            case PASSWORD -> {
                if (is("@")) {
                    change(State.HOSTNAME, 1);
                    return;
                }
            }
            case HOSTNAME -> {
                if (is("[")) {
                    bracketDepth++;
                } else if (is("]")) {
                    bracketDepth--;
                } else if (is(":") && bracketDepth == 0) {
                    change(State.PORT, 1);
                    return;
                } else if (changedAtPathSearchOrHash()) {
                    return;
                }
            }
            case PORT, PATHNAME, SEARCH -> {
                if (changedAtPathSearchOrHash()) {
                    return;
                }
            }
            case HASH, DONE -> {}
        }
        at++;
    }

    private void end() {
        switch (state) {
            // no protocol: a relative pattern
            case INIT -> {
                at = componentStart;
                if (is("#")) {
                    change(State.HASH, 1);
                } else if (isSearchPrefix()) {
                    change(State.SEARCH, 1);
                } else {
                    change(State.PATHNAME, 0);
                }
            }
            case AUTHORITY -> rewind(State.HOSTNAME);
            default -> change(State.DONE, 0);
        }
    }

    private boolean changedAtPathSearchOrHash() {
        if (is("/") && state.compareTo(State.PATHNAME) < 0) {
            change(State.PATHNAME, 0);
        } else if (isSearchPrefix() && state.compareTo(State.SEARCH) < 0) {
            change(State.SEARCH, 1);
        } else if (is("#")) {
            change(State.HASH, 1);
        } else {
            return false;
        }
        return true;
    }

    private void change(State next, int skip) {
        if (state.component != null) {
            found.put(state.component, component());
        }
        if (state != State.INIT && next != State.DONE) {
            if (state.isBetween(State.PROTOCOL, State.PASSWORD) && next.isBetween(State.PORT, State.HASH)) {
                found.putIfAbsent(Component.HOSTNAME, "");
            }
            if (state.isBetween(State.PROTOCOL, State.PORT) && next.isBetween(State.SEARCH, State.HASH)) {
                found.putIfAbsent(Component.PATHNAME, specialScheme ? "/" : "");
            }
            if (state.isBetween(State.PROTOCOL, State.PATHNAME) && next == State.HASH) {
                found.putIfAbsent(Component.SEARCH, "");
            }
        }
        state = next;
        at += skip;
        componentStart = at;
    }

    private void rewind(State next) {
        at = componentStart;
        state = next;
    }

    private String component() {
        return input.substring(
                tokens.get(componentStart).index(), tokens.get(at).index());
    }

    private boolean is(String character) {
        return is(at, character);
    }

    /** Whether this token is the character, and does not mean anything else. */
    private boolean is(int index, String character) {
        Token token = tokens.get(Math.min(index, tokens.size() - 1));
        return token.value().equals(character)
                && switch (token.kind()) {
                    case CHARACTER, ESCAPED, INVALID -> true;
                    case OPEN, CLOSE, REGEXP, NAME, OTHER_MODIFIER, ASTERISK, END -> false;
                };
    }

    /** A question mark that is no modifier of what stands before it. */
    private boolean isSearchPrefix() {
        if (is("?")) {
            return true;
        }
        Token token = tokens.get(at);
        if (!token.value().equals("?") || token.kind() != Kind.OTHER_MODIFIER) {
            return false;
        }
        return at == 0
                || switch (tokens.get(at - 1).kind()) {
                    case NAME, REGEXP, CLOSE, ASTERISK -> false;
                    case OPEN, CHARACTER, ESCAPED, OTHER_MODIFIER, END, INVALID -> true;
                };
    }
}
