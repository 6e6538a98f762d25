package millrace.topic;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import millrace.topic.Automaton.Rule;
import org.jspecify.annotations.Nullable;

/**
 * A URI Template (RFC 6570, level 4) as a selector: it selects its own text, and every topic that is an expansion of it
 * for some values, be they undefined, strings, lists or maps.
 *
 * <pre>
 *   https://example.com/{kind}/{id}     …/books/1, …/books/k%C3%A9vin, …/books/    not …/books/1/2, not …/a:b/1
 *   https://example.com/{+path}         …/books/1/2?x=y
 *   /books{/kind}{/id}{?page,size}      /books, /books/new, /books/new/1, /books?size=5
 * </pre>
 *
 * Topics are taken as IRIs: what is beyond ASCII counts as its percent-encoded UTF-8, so {@code {id}} fits {@code é}.
 */
final class UriTemplate implements Selector {

    static final CharSet UNRESERVED = CharSet.LETTER.or(CharSet.DIGIT).or(CharSet.of("-._~"));
    private static final CharSet RESERVED = CharSet.of(":/?#[]@!$&'()*+,;=");
    // section 2.1, and the apostrophe, which templates in the field hold; the percent sign is looked at apart
    private static final CharSet NO_LITERAL = CharSet.range(0, ' ').or(CharSet.of("\"%<>\\^`{|}\u007f"));
    private static final CharSet NAME = CharSet.LETTER.or(CharSet.DIGIT).or(CharSet.of("_"));

    private final String text;
    private final String prefix;
    private final Automaton rest;

    private UriTemplate(String text, String prefix, Automaton rest) {
        this.text = text;
        this.prefix = prefix;
        this.rest = rest;
    }

    /** {@code null} when it is no URI Template. */
    static @Nullable UriTemplate parse(String text) throws SelectorException {
        String ascii = Topic.toAscii(text);
        int firstBrace = ascii.indexOf('{');
        String prefix = firstBrace < 0 ? ascii : ascii.substring(0, firstBrace);
        if (!isLiteral(prefix)) {
            return null;
        }
        List<Rule> rules = new ArrayList<>();
        int at = prefix.length();
        while (at < ascii.length()) {
            int open = ascii.indexOf('{', at);
            String literal = ascii.substring(at, open < 0 ? ascii.length() : open);
            if (!isLiteral(literal)) {
                return null;
            }
            rules.add(Rule.text(literal));
            if (open < 0) {
                break;
            }
            int close = ascii.indexOf('}', open);
            Rule expression = close < 0 ? null : Expression.parse(ascii.substring(open + 1, close));
            if (expression == null) {
                return null;
            }
            rules.add(expression);
            at = close + 1;
        }
        return new UriTemplate(text, prefix, Automaton.of(new Rule.Sequence(rules)));
    }

    @Override
    public String text() {
        return text;
    }

    /** What every selected topic begins with, beyond ASCII percent-encoded. */
    String prefix() {
        return prefix;
    }

    @Override
    public int bytes() {
        return 300 + 2 * (text.length() + prefix.length()) + rest.bytes();
    }

    @Override
    public int work() {
        return rest.work();
    }

    @Override
    public boolean matches(Topic topic) {
        return walk(topic) > 0;
    }

    @Override
    public int walk(Topic topic) {
        String candidate = topic.ascii();
        if (topic.text().equals(text)) {
            return 1;
        }
        return candidate.startsWith(prefix) ? rest.walk(candidate, prefix.length()) : -1;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof UriTemplate template && text.equals(template.text);
    }

    @Override
    public int hashCode() {
        return Objects.hash(UriTemplate.class, text);
    }

    @Override
    public String toString() {
        return "UriTemplate[" + text + "]";
    }

    private static boolean isLiteral(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean escape = c == '%' && isTriplet(text, i);
            if (!escape && NO_LITERAL.has(c)) {
                return false;
            }
        }
        return true;
    }

    static boolean isTriplet(String text, int at) {
        return at + 2 < text.length() && CharSet.HEX.has(text.charAt(at + 1)) && CharSet.HEX.has(text.charAt(at + 2));
    }

    /** One variable of an expression, section 2.3 and 2.4: {@code name}, {@code name*} or {@code name:3}. */
    private record Variable(String name, boolean exploded, int maxLength) {

        static @Nullable Variable parse(String spec) {
            int colon = spec.indexOf(':');
            boolean exploded = spec.endsWith("*");
            String name =
                    colon >= 0 ? spec.substring(0, colon) : exploded ? spec.substring(0, spec.length() - 1) : spec;
            int maxLength = -1;
            if (colon >= 0) {
                String digits = spec.substring(colon + 1);
                // 1 to 9999, without leading zeros
                if (digits.isEmpty()
                        || digits.length() > 4
                        || digits.charAt(0) == '0'
                        || !digits.chars().allMatch(CharSet.DIGIT::has)) {
                    return null;
                }
                maxLength = Integer.parseInt(digits);
            }
            return isName(name) ? new Variable(name, exploded, maxLength) : null;
        }

        private static boolean isName(String name) {
            boolean dotAllowed = false;
            for (int i = 0; i < name.length(); i++) {
                char c = name.charAt(i);
                if (c == '.' ? !dotAllowed : !NAME.has(c) && !(c == '%' && isTriplet(name, i))) {
                    return false;
                }
                dotAllowed = c != '.';
            }
            return dotAllowed;
        }
    }

    /** What stands between braces, as the table in RFC 6570, appendix A, has it. */
    private record Expression(
            String first, String separator, boolean named, boolean equalsAfterEmpty, CharSet allowed) {

        static @Nullable Rule parse(String inner) {
            if (inner.isEmpty()) {
                return null;
            }
            Expression operator = switch (inner.charAt(0)) {
                case '+' -> new Expression("", ",", false, false, UNRESERVED.or(RESERVED));
                case '#' -> new Expression("#", ",", false, false, UNRESERVED.or(RESERVED));
                case '.' -> new Expression(".", ".", false, false, UNRESERVED);
                case '/' -> new Expression("/", "/", false, false, UNRESERVED);
                case ';' -> new Expression(";", ";", true, false, UNRESERVED);
                case '?' -> new Expression("?", "&", true, true, UNRESERVED);
                case '&' -> new Expression("&", "&", true, true, UNRESERVED);
                default -> null;
            };
            String specs = operator == null ? inner : inner.substring(1);
            List<Variable> variables = new ArrayList<>();
            for (String spec : specs.split(",", -1)) {
                Variable variable = Variable.parse(spec);
                if (variable == null) {
                    return null;
                }
                variables.add(variable);
            }
            return (operator == null ? new Expression("", ",", false, false, UNRESERVED) : operator).rule(variables);
        }

        /**
         * Each variable may be undefined:
         * {@code first v1 (sep v2)? (sep v3)? | first v2 (sep v3)? | first v3 | nothing}, built from the right.
         */
        private Rule rule(List<Variable> variables) {
            Rule after = Rule.EMPTY;
            Rule whole = Rule.EMPTY;
            for (Variable variable : variables.reversed()) {
                whole = Rule.choice(Rule.sequence(Rule.text(first), value(variable), after), whole);
                after = Rule.sequence(Rule.optional(Rule.sequence(Rule.text(separator), value(variable))), after);
            }
            return whole;
        }

        private Rule value(Variable variable) {
            Rule string = Rule.anyNumber(character(allowed));
            Rule name = Rule.text(variable.name);
            if (variable.exploded) {
                // a list gives items, or name=item where the operator names; a map gives key=value
                Rule pair = Rule.sequence(Rule.anyNumber(character(UNRESERVED)), Rule.text("="), string);
                Rule item = named ? Rule.choice(named(name, string), pair) : Rule.choice(string, pair);
                return Rule.sequence(item, Rule.anyNumber(Rule.sequence(Rule.text(separator), item)));
            }
            // a list or a map without * is joined by commas
            Rule joined = variable.maxLength >= 0
                    ? new Rule.Repeat(decodedCharacter(), 0, variable.maxLength)
                    : Rule.anyNumber(character(allowed.or(CharSet.of(","))));
            return named ? named(name, joined) : joined;
        }

        private Rule named(Rule name, Rule value) {
            Rule pair = Rule.sequence(name, Rule.text("="), value);
            return equalsAfterEmpty ? pair : Rule.choice(name, pair);
        }

        private static Rule character(CharSet plain) {
            return Rule.choice(new Rule.Characters(plain), Rule.sequence(Rule.text("%"), HEX, HEX));
        }

        /** One character of a value before it was encoded: the length of a prefix counts those (section 2.4.1). */
        private Rule decodedCharacter() {
            Rule next = Rule.sequence(Rule.text("%"), set("89ABab"), HEX);
            return Rule.choice(
                    new Rule.Characters(allowed),
                    Rule.sequence(Rule.text("%"), set("01234567"), HEX),
                    Rule.sequence(Rule.text("%"), set("CDcd"), HEX, next),
                    Rule.sequence(Rule.text("%"), set("Ee"), HEX, next, next),
                    Rule.sequence(Rule.text("%"), set("Ff"), HEX, next, next, next));
        }

        private static Rule set(String characters) {
            return new Rule.Characters(CharSet.of(characters));
        }

        private static final Rule HEX = new Rule.Characters(CharSet.HEX);
    }
}
