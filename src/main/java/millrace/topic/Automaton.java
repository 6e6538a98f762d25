package millrace.topic;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a whole ASCII string is of a {@link Rule}'s language: one look into a table for each character, whatever the
 * pattern. So a limit on the number of patterns and on the length of topics is one on the time that matching takes, and
 * nobody can send a pattern that costs more than another.
 *
 * <p>A rule is compiled to states that may be in many places at once (Thompson 1968), and these to one table by following
 * all places together (subset construction). The table may need far more states than the rule has; the work that goes
 * into it is counted, and a pattern that needs too much is refused. Immutable; any thread may match.
 *
 * <pre>
 *   {id} on "a%C3":   start ─ a ─▶ any ─ % ─▶ one digit to come ─ C ─▶ last digit to come ─ 3 ─▶ any, which accepts
 * </pre>
 */
final class Automaton {

    /** Enough for every pattern that a person writes. */
    static final int MAX_STATES = 2_000;

    /** How many steps may be made while compiling one: about a millisecond. */
    private static final int MAX_WORK = 200_000;

    /** How many entries the table of one may have. */
    private static final int MAX_TABLE = 1 << 15;

    private static final int MAX_VISITS = 20_000;
    private static final int MAX_DEPTH = 200;

    /** The state from which nothing is accepted any more; its row is the first. */
    private static final int DEAD = 0;

    /** Which characters the pattern does not tell apart: for each its class. */
    private final byte[] classes;

    private final int classCount;

    /** For each state, by class, where the next state's row begins. */
    private final char[] table;

    private final int start;

    /** By state. */
    private final boolean[] accepting;

    private final int work;

    private Automaton(byte[] classes, int classCount, char[] table, int start, boolean[] accepting, int work) {
        this.classes = classes;
        this.classCount = classCount;
        this.table = table;
        this.start = start;
        this.accepting = accepting;
        this.work = work;
    }

    /**
     * Compiles a rule.
     *
     * @throws SelectorException when that takes too many states or too much work
     */
    static Automaton of(Rule rule) throws SelectorException {
        Compiler compiler = new Compiler();
        compiler.add(rule, 0);
        return compiler.finish();
    }

    /** About what it takes in memory. */
    int bytes() {
        return 300 + 2 * table.length + accepting.length;
    }

    /** How many steps it took to compile it. */
    int work() {
        return work;
    }

    boolean matches(String text) {
        return walk(text, 0) > 0;
    }

    /**
     * Whether the part of the text from this index to its end is of the language, and what it took to find out.
     *
     * @return one more than the number of characters looked at; negative where it is not of the language
     */
    int walk(String text, int from) {
        int row = start;
        int length = text.length();
        for (int i = from; i < length; i++) {
            char c = text.charAt(i);
            row = c < 128 ? table[row + classes[c]] : DEAD;
            if (row == DEAD) {
                return -(i - from + 2);
            }
        }
        int looks = length - from + 1;
        return accepting[row / classCount] ? looks : -looks;
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
                throw tooComplex("it cannot be made simple enough");
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
            return new Determiner(Arrays.copyOf(steps, size), first, second).table();
        }

        private int state(CharSet set, int to, int other) throws SelectorException {
            if (size == MAX_STATES) {
                throw tooComplex("it needs more than " + MAX_STATES + " states");
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
    }

    private static SelectorException tooComplex(String reason) {
        return new SelectorException("the pattern is too complex: " + reason);
    }

    /** Makes the table: a state of it is the set of all places where the compiled rule may be. */
    private static final class Determiner {
        private final CharSet[] steps;
        private final int[] first;
        private final int[] second;
        private final byte[] classes = new byte[128];
        private final char[] examples; // a character of each class

        private final Map<Places, Character> rowOf = new HashMap<>();
        private final List<Places> found = new ArrayList<>();
        private char[] table = new char[64];

        // for one set of places at a time
        private final int[] pending;
        private final int[] reached;
        private final int[] seenAt;
        private int round;
        private int work;

        /** Sorted. */
        private record Places(int[] states) {
            @Override
            public boolean equals(@Nullable Object other) {
                return other instanceof Places places && Arrays.equals(states, places.states);
            }

            @Override
            public int hashCode() {
                return Arrays.hashCode(states);
            }
        }

        /** A character of steps[s] leads from state s to s + 1; where first[s] is not -1 it is an empty move instead. */
        Determiner(CharSet[] steps, int[] first, int[] second) {
            this.steps = steps;
            this.first = first;
            this.second = second;
            this.pending = new int[steps.length + 1];
            this.reached = new int[steps.length];
            this.seenAt = new int[steps.length];
            this.examples = classify();
        }

        /** Two characters are of one class where each set of the rule has both or none. */
        private char[] classify() {
            Set<CharSet> sets = new LinkedHashSet<>(Arrays.asList(steps));
            int count = 1;
            for (CharSet set : sets) {
                byte[] split =
                        new byte[2 * count]; // by the old class and whether the set has it: one more than the new
                count = 0;
                for (int c = 0; c < 128; c++) {
                    int key = classes[c] * 2 + (set.has(c) ? 1 : 0);
                    if (split[key] == 0) {
                        split[key] = (byte) ++count;
                    }
                    classes[c] = (byte) (split[key] - 1);
                }
            }
            char[] some = new char[count];
            for (char c = 0; c < 128; c++) {
                some[classes[c]] = c;
            }
            return some;
        }

        Automaton table() throws SelectorException {
            row(new Places(new int[0])); // DEAD
            round++;
            int start = row(places(reach(0, 0)));
            for (int state = 1; state < found.size(); state++) {
                int[] from = found.get(state).states;
                for (int k = 0; k < examples.length; k++) {
                    round++;
                    int count = 0;
                    for (int place : from) {
                        work++;
                        if (steps[place].has(examples[k])) {
                            count = reach(place + 1, count);
                        }
                    }
                    char next = row(places(count));
                    table[state * examples.length + k] = next; // apart: the row of a new state may need another table
                }
            }
            boolean[] accepting = new boolean[found.size()];
            for (int state = 0; state < accepting.length; state++) {
                accepting[state] = Arrays.binarySearch(found.get(state).states, steps.length - 1) >= 0;
            }
            char[] rows = Arrays.copyOf(table, found.size() * examples.length);
            return new Automaton(classes, examples.length, rows, start, accepting, work);
        }

        private Places places(int count) throws SelectorException {
            work += count;
            if (work > MAX_WORK) {
                throw tooComplex("it cannot be made simple enough");
            }
            int[] sorted = Arrays.copyOf(reached, count);
            Arrays.sort(sorted);
            return new Places(sorted);
        }

        /** Where the row of these places begins. */
        private char row(Places places) throws SelectorException {
            Character known = rowOf.get(places);
            if (known != null) {
                return known;
            }
            int row = found.size() * examples.length;
            if (row + examples.length > MAX_TABLE) {
                throw tooComplex("it cannot be made simple enough");
            }
            if (row + examples.length > table.length) {
                table = Arrays.copyOf(table, Math.max(table.length * 2, row + examples.length));
            }
            rowOf.put(places, (char) row);
            found.add(places);
            return (char) row;
        }

        /** Adds every place that waits for a character, or accepts, and is reached from this one by empty moves. */
        private int reach(int from, int count) throws SelectorException {
            int added = count;
            int waiting = 0;
            if (seenAt[from] != round) {
                seenAt[from] = round;
                pending[waiting++] = from;
            }
            while (waiting > 0) {
                if (++work > MAX_WORK) {
                    throw tooComplex("it cannot be made simple enough");
                }
                int place = pending[--waiting];
                if (first[place] < 0) {
                    reached[added++] = place;
                    continue;
                }
                if (seenAt[first[place]] != round) {
                    seenAt[first[place]] = round;
                    pending[waiting++] = first[place];
                }
                int other = second[place];
                if (other >= 0 && seenAt[other] != round) {
                    seenAt[other] = round;
                    pending[waiting++] = other;
                }
            }
            return added;
        }
    }
}
