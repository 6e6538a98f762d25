package millrace.topic;

import java.util.ArrayList;
import java.util.List;
import millrace.topic.Automaton.Rule;

/**
 * The regular expression of a custom group, as far as it can be run in linear time. As in JavaScript with the flag
 * {@code v}: characters, {@code .}, classes with ranges, {@code \d \w \s} and their opposites, escapes of punctuation and
 * of control characters, {@code \x2f} and its form with four digits, alternatives, {@code (?:…)}, and {@code * + ? {n} {n,} {n,m}}, greedy or
 * lazy. Everything else is refused: look-around, back references, anchors, word boundaries, named groups, flags, Unicode
 * properties and operations on classes.
 */
final class GroupRegexp {

    private static final CharSet WORD = CharSet.LETTER.or(CharSet.DIGIT).or(CharSet.of("_"));
    private static final CharSet SPACE = CharSet.of(" \t\n\u000b\f\r");
    private static final CharSet SYNTAX = CharSet.of("^$\\.*+?()[]{}|/");
    private static final CharSet CLASS_SYNTAX = CharSet.of("()[]{}/-\\|");
    private static final CharSet CLASS_PUNCTUATION = CharSet.of("&-!#%,:;<=>@`~");
    private static final CharSet DOUBLE_PUNCTUATION = CharSet.of("&!#$%*+,.:;<=>?@^`~");

    private static final int MAX_REPEAT = 1_000;
    private static final int MAX_NESTING = 50;

    private final String text;
    private int at;
    private int depth;

    private GroupRegexp(String text) {
        this.text = text;
    }

    static Rule parse(String text) throws SelectorException {
        GroupRegexp parser = new GroupRegexp(text);
        Rule rule = parser.alternatives();
        if (parser.at < text.length()) {
            throw refused("a ) without a (");
        }
        return rule;
    }

    private Rule alternatives() throws SelectorException {
        if (++depth > MAX_NESTING) {
            throw refused("more than " + MAX_NESTING + " nested groups");
        }
        List<Rule> ways = new ArrayList<>();
        ways.add(terms());
        while (accept("|")) {
            ways.add(terms());
        }
        depth--;
        return ways.size() == 1 ? ways.getFirst() : new Rule.Choice(ways);
    }

    private Rule terms() throws SelectorException {
        List<Rule> terms = new ArrayList<>();
        while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
            terms.add(quantified(atom()));
        }
        return new Rule.Sequence(terms);
    }

    private Rule atom() throws SelectorException {
        if (accept("(?:")) {
            Rule group = alternatives();
            if (!accept(")")) {
                throw refused("a group that is not closed");
            }
            return group;
        }
        char c = text.charAt(at++);
        return switch (c) {
            case '(' -> throw refused("look-around, a named group or flags");
            case '^', '$' -> throw refused("an anchor");
            case '*', '+', '?', '{', '}', ']' -> throw refused("a misplaced " + c);
            case '.' -> new Rule.Characters(CharSet.of("\n\r").negate());
            case '[' -> new Rule.Characters(characterClass());
            case '\\' -> new Rule.Characters(escape(SYNTAX));
            default -> new Rule.Characters(CharSet.only(c));
        };
    }

    private Rule quantified(Rule atom) throws SelectorException {
        int least;
        int most;
        if (accept("*")) {
            least = 0;
            most = -1;
        } else if (accept("+")) {
            least = 1;
            most = -1;
        } else if (accept("?")) {
            least = 0;
            most = 1;
        } else if (accept("{")) {
            least = number();
            most = least;
            if (accept(",")) {
                most = at < text.length() && text.charAt(at) == '}' ? -1 : number();
            }
            if (!accept("}") || (most >= 0 && most < least)) {
                throw refused("a broken { }");
            }
        } else {
            return atom;
        }
        // which way is tried first makes no difference to whether there is one
        accept("?");
        return new Rule.Repeat(atom, least, most);
    }

    private int number() throws SelectorException {
        int value = 0;
        int start = at;
        while (at < text.length() && CharSet.DIGIT.has(text.charAt(at))) {
            value = Math.min(value * 10 + text.charAt(at++) - '0', MAX_REPEAT + 1);
        }
        if (at == start || value > MAX_REPEAT) {
            throw refused("a broken { }, or more than " + MAX_REPEAT + " repetitions");
        }
        return value;
    }

    private CharSet characterClass() throws SelectorException {
        boolean negated = accept("^");
        CharSet set = CharSet.NONE;
        while (!accept("]")) {
            if (at == text.length()) {
                throw refused("a [ ] that is not closed");
            }
            int start = at;
            CharSet first = classItem();
            if (accept("-")) {
                int end = at;
                CharSet last = at < text.length() ? classItem() : CharSet.NONE;
                int from = single(first, start);
                int to = single(last, end);
                if (from < 0 || to < from) {
                    throw refused("a broken range");
                }
                first = CharSet.range(from, to);
            }
            set = set.or(first);
        }
        return negated ? set.negate() : set;
    }

    private CharSet classItem() throws SelectorException {
        char c = text.charAt(at++);
        if (c == '\\') {
            return escape(SYNTAX.or(CLASS_PUNCTUATION));
        }
        if (CLASS_SYNTAX.has(c)) {
            throw refused("an operation on classes, or a " + c + " that needs a \\");
        }
        if (at < text.length() && text.charAt(at) == c && DOUBLE_PUNCTUATION.has(c)) {
            throw refused("an operation on classes");
        }
        return CharSet.only(c);
    }

    /** The character of a set of one; -1 for an escape like {@code \d}. */
    private int single(CharSet set, int start) {
        boolean several = text.charAt(start) == '\\' && "dDwWsS".indexOf(text.charAt(start + 1)) >= 0;
        for (int c = 0; !several && c < 128; c++) {
            if (set.has(c)) {
                return c;
            }
        }
        return -1;
    }

    private CharSet escape(CharSet punctuation) throws SelectorException {
        // the lexer leaves no \ at the end
        char c = text.charAt(at++);
        return switch (c) {
            case 'd' -> CharSet.DIGIT;
            case 'D' -> CharSet.DIGIT.negate();
            case 'w' -> WORD;
            case 'W' -> WORD.negate();
            case 's' -> SPACE;
            case 'S' -> SPACE.negate();
            case 't' -> CharSet.only('\t');
            case 'n' -> CharSet.only('\n');
            case 'r' -> CharSet.only('\r');
            case 'f' -> CharSet.only('\f');
            case 'v' -> CharSet.only('\u000b');
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            default -> {
                if (!punctuation.has(c)) {
                    throw refused("\\" + c + ", which is no escape or not one that is offered");
                }
                yield CharSet.only(c);
            }
        };
    }

    private CharSet hex(int digits) throws SelectorException {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = at < text.length() ? Character.digit(text.charAt(at++), 16) : -1;
            if (digit < 0) {
                throw refused("a broken escape");
            }
            value = value * 16 + digit;
        }
        // a parsed URL is ASCII, so anything else never matches
        return value < 128 ? CharSet.only((char) value) : CharSet.NONE;
    }

    private boolean accept(String expected) {
        if (text.startsWith(expected, at)) {
            at += expected.length();
            return true;
        }
        return false;
    }

    private static SelectorException refused(String what) {
        return new SelectorException("a group of the URL Pattern has " + what);
    }
}
