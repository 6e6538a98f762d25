package millrace.topic;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Decides whether a whole ASCII string is of a {@link Rule}'s language. It follows all ways at once (Thompson 1968), so that
 * the time is the string's length times the number of states, which is capped: no pattern that a client sends can make
 * it backtrack. Immutable; any thread may match.
 */
final class Automaton {

    /** Enough for every pattern that a person writes; at this size a step is still a few microseconds. */
    static final int MAX_STATES = 2_000;

    private static final int MAX_VISITS = 20_000;
    private static final int MAX_DEPTH = 200;

    // a character of steps[s] leads from state s to s + 1; where first[s] is not -1 the state is an empty move instead,
    // to first[s] and, unless it is -1, to second[s]; the last state accepts
    private final CharSet[] steps;
    private final int[] first;
    private final int[] second;

    private Automaton(CharSet[] steps, int[] first, int[] second) {
        this.steps = steps;
        this.first = first;
        this.second = second;
    }

    /**
     * Compiles a rule.
     *
     * @throws SelectorException when it would have too many states
     */
    static Automaton of(Rule rule) throws SelectorException {
        Compiler compiler = new Compiler();
        compiler.add(rule, 0);
        return compiler.finish();
    }

    /** What a match costs for each character, and what it takes in memory. */
    int states() {
        return steps.length;
    }

    boolean matches(String text) {
        return matches(text, 0);
    }

    /** Whether the part of the text from this index to its end is of the language. */
    boolean matches(String text, int from) {
        int accepting = steps.length - 1;
        int[] current = new int[steps.length];
        int[] next = new int[steps.length];
        int[] pending = new int[steps.length + 1];
        int[] seenAt = new int[steps.length];
        int count = follow(0, current, 0, pending, seenAt, 1);
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            int reached = 0;
            for (int k = 0; k < count; k++) {
                int state = current[k];
                if (state != accepting && steps[state].has(c)) {
                    reached = follow(state + 1, next, reached, pending, seenAt, i - from + 2);
                }
            }
            if (reached == 0) {
                return false;
            }
            int[] swap = current;
            current = next;
            next = swap;
            count = reached;
        }
        for (int k = 0; k < count; k++) {
            if (current[k] == accepting) {
                return true;
            }
        }
        return false;
    }

    /** Adds to the list every state that waits for a character and is reached from this one by empty moves. */
    private int follow(int start, int[] list, int size, int[] pending, int[] seenAt, int round) {
        int added = size;
        int waiting = 0;
        if (seenAt[start] != round) {
            seenAt[start] = round;
            pending[waiting++] = start;
        }
        while (waiting > 0) {
            int state = pending[--waiting];
            if (first[state] < 0) {
                list[added++] = state;
                continue;
            }
            if (seenAt[first[state]] != round) {
                seenAt[first[state]] = round;
                pending[waiting++] = first[state];
            }
            int other = second[state];
            if (other >= 0 && seenAt[other] != round) {
                seenAt[other] = round;
                pending[waiting++] = other;
            }
        }
        return added;
    }

    /** What a pattern is made of. */
    sealed interface Rule {

        Rule EMPTY = new Sequence(List.of());

        record Characters(CharSet set) implements Rule {}

        record Sequence(List<Rule> parts) implements Rule {}

        record Choice(List<Rule> ways) implements Rule {}

        /** So many times: {@code most} is -1 for any number. */
        record Repeat(Rule rule, int least, int most) implements Rule {}

        /** This ASCII text. */
        static Rule text(String text) {
            List<Rule> parts = new ArrayList<>();
            for (int i = 0; i < text.length(); i++) {
                parts.add(new Characters(CharSet.only(text.charAt(i))));
            }
            return new Sequence(List.copyOf(parts));
        }

        static Rule sequence(Rule... parts) {
            return new Sequence(List.of(parts));
        }

        static Rule choice(Rule... ways) {
            return new Choice(List.of(ways));
        }

        static Rule optional(Rule rule) {
            return new Repeat(rule, 0, 1);
        }

        static Rule anyNumber(Rule rule) {
            return new Repeat(rule, 0, -1);
        }
    }

    private static final class Compiler {
        private CharSet[] steps = new CharSet[16];
        private int[] first = new int[16];
        private int[] second = new int[16];
        private int size;
        private int visits;

        /** Appends states that begin at {@code size} now and, after the rule, go on at {@code size} then. */
        void add(Rule rule, int depth) throws SelectorException {
            // nested repetitions of nothing make no state, so the work is counted too
            if (++visits > MAX_VISITS || depth > MAX_DEPTH) {
                throw tooComplex();
            }
            switch (rule) {
                case Rule.Characters characters -> {
                    state(characters.set, -1, -1);
                }
                case Rule.Sequence sequence -> {
                    for (Rule part : sequence.parts) {
                        add(part, depth + 1);
                    }
                }
                case Rule.Choice choice -> {
                    List<Integer> exits = new ArrayList<>();
                    for (int i = 0; i < choice.ways.size(); i++) {
                        boolean last = i == choice.ways.size() - 1;
                        int fork = last ? -1 : state(CharSet.NONE, size + 1, -1);
                        add(choice.ways.get(i), depth + 1);
                        if (!last) {
                            exits.add(state(CharSet.NONE, -1, -1));
                            second[fork] = size;
                        }
                    }
                    for (int exit : exits) {
                        first[exit] = size;
                    }
                }
                case Rule.Repeat repeat -> {
                    for (int i = 0; i < repeat.least; i++) {
                        add(repeat.rule, depth + 1);
                    }
                    if (repeat.most < 0) {
                        int fork = state(CharSet.NONE, size + 1, -1);
                        add(repeat.rule, depth + 1);
                        state(CharSet.NONE, fork, -1);
                        second[fork] = size;
                    } else {
                        List<Integer> forks = new ArrayList<>();
                        for (int i = repeat.least; i < repeat.most; i++) {
                            forks.add(state(CharSet.NONE, size + 1, -1));
                            add(repeat.rule, depth + 1);
                        }
                        for (int fork : forks) {
                            second[fork] = size;
                        }
                    }
                }
            }
        }

        Automaton finish() throws SelectorException {
            state(CharSet.NONE, -1, -1);
            return new Automaton(Arrays.copyOf(steps, size), Arrays.copyOf(first, size), Arrays.copyOf(second, size));
        }

        private int state(CharSet set, int to, int other) throws SelectorException {
            if (size == MAX_STATES) {
                throw tooComplex();
            }
            if (size == steps.length) {
                steps = Arrays.copyOf(steps, size * 2);
                first = Arrays.copyOf(first, size * 2);
                second = Arrays.copyOf(second, size * 2);
            }
            steps[size] = set;
            first[size] = to;
            second[size] = other;
            return size++;
        }

        private static SelectorException tooComplex() {
            return new SelectorException("the pattern is too complex: it needs more than " + MAX_STATES + " states");
        }
    }
}
