package millrace.stream;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Runs a small concurrent program in every order that its steps can have. Each thread stops at {@link #step} before
 * every access to what is shared; only one runs at a time; a depth-first search goes through all choices, beginning
 * anew for each. Two orders that led every thread to see the same values, and to the same shared state, go on alike:
 * only one of them is followed.
 */
final class Interleavings {

    /** One execution's program: starts its threads, and checks the end. */
    interface Program {
        /** A digest of everything shared that the threads' own views do not tell. */
        long sharedState();

        /** After all threads have ended or wait for ever; throws what is wrong. */
        void check();
    }

    /** What was found out. */
    record Explored(int executions, int states) {}

    private static final class Pruned extends Error {
        private static final long serialVersionUID = 1;

        Pruned() {
            super(null, null, false, false);
        }
    }

    private final class Actor {
        final String name;
        final Semaphore turn = new Semaphore(0);
        BooleanSupplier awaits = () -> true;
        boolean over;
        long seen = 1;

        Actor(String name) {
            this.name = name;
        }
    }

    private final List<Actor> actors = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Set<Long> visited = new HashSet<>();
    private final List<Integer> choices = new ArrayList<>();
    private final List<Integer> widths = new ArrayList<>();
    private final StringBuilder trace = new StringBuilder();
    private int depth;
    private int executions;
    private Actor running;
    private boolean pruned;
    private Throwable failure;
    private Semaphore finished;
    private LongSupplier sharedState = () -> 0;

    /** Goes through all of it; throws an AssertionError with the order of steps for the first that goes wrong. */
    static Explored explore(Function<Interleavings, Program> program) {
        Interleavings all = new Interleavings();
        do {
            all.execute(program);
        } while (all.nextPath());
        return new Explored(all.executions, all.visited.size());
    }

    /** Adds a thread; before the first step only. */
    void thread(String name, Runnable body) {
        Actor actor = new Actor(name);
        actors.add(actor);
        threads.add(Thread.ofVirtual().start(() -> {
            actor.turn.acquireUninterruptibly();
            try {
                if (!pruned) {
                    body.run();
                }
            } catch (Pruned stop) {
                // this order is known already
            } catch (Throwable wrong) {
                if (failure == null) {
                    failure = wrong;
                }
                pruned = true;
            }
            actor.over = true;
            passOn();
        }));
    }

    /** Another thread may run before what follows. */
    void step(String label) {
        trace.append(running.name).append(' ').append(label).append('\n');
        stop(() -> true);
    }

    /** The running thread has seen that value: what it does from now on depends on it. */
    long saw(long value) {
        running.seen = running.seen * 0x9E3779B97F4A7C15L + value + 1;
        return value;
    }

    /** What follows is not before that is true; never, if it stays false. */
    void await(BooleanSupplier condition) {
        stop(condition);
    }

    /** One of so many possibilities, all of which are gone through. */
    int choose(int possibilities) {
        int choice = choice(possibilities);
        saw(choice);
        return choice;
    }

    private void stop(BooleanSupplier condition) {
        Actor me = running;
        me.seen = me.seen * 0x9E3779B97F4A7C15L + 7;
        me.awaits = condition;
        Actor next = pick();
        if (next == me) {
            return;
        }
        if (next == null) {
            finish();
        } else {
            running = next;
            next.turn.release();
        }
        me.turn.acquireUninterruptibly();
        if (pruned) {
            throw new Pruned();
        }
    }

    private void passOn() {
        Actor next = pick();
        if (next == null) {
            finish();
        } else {
            running = next;
            next.turn.release();
        }
    }

    private void finish() {
        finished.release();
    }

    private Actor pick() {
        if (pruned) {
            return null;
        }
        List<Actor> able = new ArrayList<>(actors.size());
        for (Actor actor : actors) {
            if (!actor.over && actor.awaits.getAsBoolean()) {
                able.add(actor);
            }
        }
        if (able.isEmpty()) {
            return null;
        }
        if (depth >= choices.size() && !visited.add(digest())) {
            pruned = true;
            return null;
        }
        return able.size() == 1 ? able.getFirst() : able.get(choice(able.size()));
    }

    private int choice(int width) {
        if (depth == choices.size()) {
            choices.add(0);
            widths.add(width);
        }
        return choices.get(depth++);
    }

    private long digest() {
        long digest = sharedState.getAsLong();
        for (Actor actor : actors) {
            digest = digest * 0xBF58476D1CE4E5B9L + (actor.over ? -1 : actor.seen);
            digest ^= digest >>> 31;
        }
        return digest;
    }

    private void execute(Function<Interleavings, Program> program) {
        executions++;
        actors.clear();
        threads.clear();
        trace.setLength(0);
        depth = 0;
        pruned = false;
        failure = null;
        finished = new Semaphore(0);
        Program made = program.apply(this);
        sharedState = made::sharedState;
        for (Actor actor : actors) {
            actor.seen = actor.name.hashCode();
        }
        running = pick();
        if (running != null) {
            running.turn.release();
            finished.acquireUninterruptibly();
        }
        boolean known = pruned && failure == null;
        if (!known && failure == null) {
            try {
                made.check();
            } catch (AssertionError wrong) {
                failure = wrong;
            }
        }
        pruned = true;
        for (Actor actor : actors) {
            actor.turn.release(); // those that still wait end by Pruned
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        if (failure != null) {
            throw new AssertionError(failure.getMessage() + " after\n" + trace, failure);
        }
    }

    private boolean nextPath() {
        while (choices.size() > depth) { // left over from a longer path
            choices.removeLast();
            widths.removeLast();
        }
        while (!choices.isEmpty()) {
            int last = choices.removeLast();
            int width = widths.getLast();
            if (last + 1 < width) {
                choices.add(last + 1);
                return true;
            }
            widths.removeLast();
        }
        return false;
    }
}
