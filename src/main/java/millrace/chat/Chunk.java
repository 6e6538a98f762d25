package millrace.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the relay has to know of one {@code chat.completion.chunk}, or of a whole {@code chat.completion}. It is found in
 * one pass over the text, which is passed on as it came; the pass checks no more of the JSON than it has to walk over.
 *
 * @param saysNothing whether it is JSON in which there can be no answer and no error: {@code null}, a number, a text,
 *     <code>{}</code>, {@code []}
 * @param error whether it tells of an error: {@code "error"} is an object, or a text that is not empty; or it is one
 *     itself, by {@code "object":"error"}
 * @param hasChoices whether it has an array {@code choices}, be it empty
 * @param choices those that it speaks of, in its order
 * @param promptTokens from {@code usage}, -1 where it has none
 * @param completionTokens from {@code usage}, -1 where it has none
 */
record Chunk(
        boolean saysNothing,
        boolean error,
        boolean hasChoices,
        List<Choice> choices,
        long promptTokens,
        long completionTokens) {

    /**
     * What it brings of one choice.
     *
     * @param index where it has none, its place in the array
     * @param says whether it brings text, reasoning or part of a tool call
     * @param finished whether it gives a {@code finish_reason}
     */
    record Choice(long index, boolean says, boolean finished) {}

    /** Returns {@code null} when the text is not JSON, or is an array that is not empty: who knows what is in it. */
    static @Nullable Chunk scan(String json) {
        try {
            return new Scan(json).chunk();
        } catch (Malformed notJson) {
            return null;
        }
    }

    /** Whether any choice says something. */
    boolean says() {
        for (Choice choice : choices) {
            if (choice.says()) {
                return true;
            }
        }
        return false;
    }

    private static final class Malformed extends RuntimeException {
        Malformed() {
            super(null, null, false, false);
        }
    }

    private static final Pattern SCALAR = Pattern.compile("null|true|false|-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?");

    /** A walk over one text; each method begins where its value begins and ends behind it. */
    private static final class Scan {
        private final String text;
        private int at;
        private int keyFrom;
        private int keyTo;

        private boolean error;
        private boolean hasChoices;
        private List<Choice> choices = List.of();
        private long promptTokens = -1;
        private long completionTokens = -1;

        Scan(String text) {
            this.text = text;
        }

        Chunk chunk() {
            boolean nothing = peek() != '{' ? isNothing() : root();
            skipSpace();
            if (at < text.length()) {
                throw new Malformed();
            }
            return new Chunk(nothing, error, hasChoices, choices, promptTokens, completionTokens);
        }

        /** Of what is no object. */
        private boolean isNothing() {
            int from = skipValue();
            boolean nothing = switch (text.charAt(from)) {
                case '"' -> true;
                case '[' -> text.substring(from + 1, at - 1).isBlank();
                default -> SCALAR.matcher(text.substring(from, at)).matches();
            };
            if (!nothing) {
                throw new Malformed();
            }
            return true;
        }

        /** Returns whether it is empty. */
        private boolean root() {
            boolean empty = true;
            for (boolean more = open('{', '}'); more; more = next('}')) {
                empty = false;
                key();
                if (keyIs("choices") && peek() == '[') {
                    hasChoices = true;
                    for (boolean another = open('[', ']'); another; another = next(']')) {
                        choice();
                    }
                } else if (keyIs("error")) {
                    error |= brings();
                } else if (keyIs("object")) {
                    error |= text.startsWith("\"error\"", skipValue());
                } else if (keyIs("usage") && peek() == '{') {
                    usage();
                } else {
                    skipValue();
                }
            }
            return empty;
        }

        private void choice() {
            long index = choices.size();
            boolean says = false;
            boolean finished = false;
            for (boolean more = open('{', '}'); more; more = next('}')) {
                key();
                if (keyIs("finish_reason")) {
                    finished = brings();
                } else if ((keyIs("delta") || keyIs("message")) && peek() == '{') {
                    says |= delta();
                } else if (keyIs("index")) {
                    long given = count(skipValue());
                    index = given < 0 ? index : given;
                } else {
                    skipValue();
                }
            }
            Choice choice = new Choice(index, says, finished);
            if (choices.isEmpty()) {
                choices = List.of(choice); // nearly always the only one
            } else {
                choices = new ArrayList<>(choices);
                choices.add(choice);
            }
        }

        private boolean delta() {
            boolean says = false;
            for (boolean more = open('{', '}'); more; more = next('}')) {
                key();
                boolean isRole = keyIs("role");
                says |= brings() && !isRole;
            }
            return says;
        }

        private void usage() {
            for (boolean more = open('{', '}'); more; more = next('}')) {
                key();
                boolean isPrompt = keyIs("prompt_tokens");
                boolean isCompletion = keyIs("completion_tokens");
                int from = skipValue();
                if (isPrompt) {
                    promptTokens = count(from);
                } else if (isCompletion) {
                    completionTokens = count(from);
                }
            }
        }

        private long count(int from) {
            int digits = at - from;
            for (int i = from; i < at; i++) {
                if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                    return -1;
                }
            }
            return digits == 0 || digits > 15 ? -1 : Long.parseLong(text, from, at, 10);
        }

        /** Skips a value and tells whether there is anything in it: not null, false, "", {} or []. */
        private boolean brings() {
            char first = peek();
            int from = skipValue();
            return switch (first) {
                case '"' -> at - from > 2;
                case '{', '[' -> !text.substring(from + 1, at - 1).isBlank();
                case 'n', 'f' -> false;
                default -> true;
            };
        }

        private boolean open(char bracket, char closing) {
            if (peek() != bracket) {
                throw new Malformed();
            }
            at++;
            if (peek() == closing) {
                at++;
                return false;
            }
            return true;
        }

        private boolean next(char closing) {
            char c = peek();
            at++;
            if (c != closing && c != ',') {
                throw new Malformed();
            }
            return c == ',';
        }

        private void key() {
            if (peek() != '"') {
                throw new Malformed();
            }
            keyFrom = at + 1;
            skipString();
            keyTo = at - 1;
            if (peek() != ':') {
                throw new Malformed();
            }
            at++;
        }

        private boolean keyIs(String name) {
            return keyTo - keyFrom == name.length() && text.startsWith(name, keyFrom);
        }

        /** Returns where the value begins. Nesting is counted, not recursed into: its depth is the sender's choice. */
        private int skipValue() {
            char c = peek();
            int from = at;
            if (c == '"') {
                skipString();
            } else if (c == '{' || c == '[') {
                int depth = 0;
                do {
                    switch (peek()) {
                        case '"' -> skipString();
                        case '{', '[' -> {
                            depth++;
                            at++;
                        }
                        case '}', ']' -> {
                            depth--;
                            at++;
                        }
                        default -> at++;
                    }
                } while (depth > 0);
            } else {
                while (at < text.length() && isLiteral(text.charAt(at))) {
                    at++;
                }
                if (at == from) {
                    throw new Malformed();
                }
            }
            return from;
        }

        private void skipString() {
            int quote = at;
            int backslashes;
            do {
                int after = quote + 1;
                quote = text.indexOf('"', after);
                if (quote < 0) {
                    throw new Malformed();
                }
                backslashes = 0;
                while (quote - backslashes > after && text.charAt(quote - backslashes - 1) == '\\') {
                    backslashes++;
                }
            } while (backslashes % 2 == 1);
            at = quote + 1;
        }

        private char peek() {
            skipSpace();
            if (at == text.length()) {
                throw new Malformed();
            }
            return text.charAt(at);
        }

        private void skipSpace() {
            while (at < text.length() && text.charAt(at) <= ' ') {
                at++;
            }
        }

        private static boolean isLiteral(char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
        }
    }
}
