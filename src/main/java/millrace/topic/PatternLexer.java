package millrace.topic;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a URL Pattern into tokens: the WHATWG URL Pattern standard, section 2.1.1. Strict for a component; lenient while
 * a whole pattern is being cut into components, where an error only becomes a token.
 */
final class PatternLexer {

    enum Kind {
        OPEN,
        CLOSE,
        REGEXP,
        NAME,
        CHARACTER,
        ESCAPED,
        OTHER_MODIFIER,
        ASTERISK,
        END,
        INVALID
    }

    /**
     * One token.
     *
     * @param index where it begins
     * @param value without what marks it: the name, the regular expression, the character
     */
    record Token(Kind kind, int index, String value) {}

    private final String input;
    private final boolean strict;
    private final List<Token> tokens = new ArrayList<>();

    private PatternLexer(String input, boolean strict) {
        this.input = input;
        this.strict = strict;
    }

    static List<Token> strict(String input) throws SelectorException {
        PatternLexer lexer = new PatternLexer(input, true);
        lexer.run();
        return lexer.tokens;
    }

    static List<Token> lenient(String input) throws SelectorException {
        PatternLexer lexer = new PatternLexer(input, false);
        lexer.run();
        return lexer.tokens;
    }

    private void run() throws SelectorException {
        int at = 0;
        while (at < input.length()) {
            int next = at + Character.charCount(input.codePointAt(at));
            at = switch (input.charAt(at)) {
                case '*' -> add(Kind.ASTERISK, at, at, next);
                case '+', '?' -> add(Kind.OTHER_MODIFIER, at, at, next);
                case '{' -> add(Kind.OPEN, at, at, next);
                case '}' -> add(Kind.CLOSE, at, at, next);
                case '\\' -> escaped(at);
                case ':' -> name(at);
                case '(' -> regexp(at);
                default -> add(Kind.CHARACTER, at, at, next);
            };
        }
        tokens.add(new Token(Kind.END, at, ""));
    }

    private int escaped(int at) throws SelectorException {
        if (at + 1 == input.length()) {
            return invalid(at, "a \\ with nothing after it");
        }
        return add(Kind.ESCAPED, at, at + 1, at + 1 + Character.charCount(input.codePointAt(at + 1)));
    }

    private int name(int at) throws SelectorException {
        int end = at + 1;
        while (end < input.length() && isNameCharacter(input.codePointAt(end), end == at + 1)) {
            end += Character.charCount(input.codePointAt(end));
        }
        return end == at + 1 ? invalid(at, "a : without a name") : add(Kind.NAME, at, at + 1, end);
    }

    private int regexp(int at) throws SelectorException {
        int depth = 1;
        for (int i = at + 1; i < input.length(); i++) {
            char c = input.charAt(i);
            if (c >= 128) {
                return invalid(at, "a group with a character beyond ASCII");
            }
            if (c == '?' && i == at + 1) {
                return invalid(at, "a group that begins with ?");
            }
            if (c == '\\') {
                if (++i == input.length() || input.charAt(i) >= 128) {
                    return invalid(at, "a group with a broken escape");
                }
            } else if (c == ')' && --depth == 0) {
                return i == at + 1 ? invalid(at, "an empty group") : add(Kind.REGEXP, at, at + 1, i) + 1;
            } else if (c == '(') {
                depth++;
                if (i + 1 == input.length() || input.charAt(i + 1) != '?') {
                    return invalid(at, "a capturing group within a group");
                }
            }
        }
        return invalid(at, "a group that is not closed");
    }

    /** Adds a token whose value lies there; returns where the value ends. */
    private int add(Kind kind, int at, int valueAt, int end) {
        tokens.add(new Token(kind, at, input.substring(valueAt, end)));
        return end;
    }

    /** Goes on behind the first character. */
    private int invalid(int at, String what) throws SelectorException {
        if (strict) {
            throw new SelectorException("the URL Pattern has " + what);
        }
        return add(Kind.INVALID, at, at, at + 1);
    }

    private static boolean isNameCharacter(int c, boolean first) {
        return c == '$'
                || c == '_'
                || (first
                        ? Character.isUnicodeIdentifierStart(c)
                        : Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
    }
}
