package millrace.hub;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.topic.PatternReach;
import millrace.topic.Selector;

/**
 * What the selectors of all open subscriptions may cost together, and what those of one client may: memory, and the time
 * in which updates are matched. Equal selectors count once. They count from the request on and not only from the moment when
 * they are matched against updates: a client that reads its replay slowly has them, too. Any thread may ask.
 */
public final class SelectorBudget {

    /** A subscription without its selectors, and what it needs for each of them beside the selector itself. */
    private static final long SUBSCRIPTION_BYTES = 1_000;

    private static final long REFERENCE_BYTES = 80;

    /**
     * How much of each there may be.
     *
     * @param bytes of memory
     * @param patterns different templates and URL Patterns
     * @param reach how many of these one topic may have to be tried on, of each of the two kinds
     */
    public record Limits(long bytes, int patterns, int reach) {

        public static Limits of(Config config) {
            return new Limits(
                    config.get(Settings.HUB_MAX_SELECTOR_BYTES),
                    config.get(Settings.HUB_MAX_PATTERNS),
                    config.get(Settings.HUB_MAX_PATTERNS_REACHED));
        }

        /** That part of each, but as many patterns as one subscription may have. */
        Limits share(int percent, int patternsEach) {
            return new Limits(
                    bytes * percent / 100,
                    Math.max((int) ((long) patterns * percent / 100), patternsEach),
                    Math.max((int) ((long) reach * percent / 100), patternsEach));
        }
    }

    /** Whether a subscription may be opened. */
    public sealed interface Answer {}

    /**
     * It may.
     *
     * @param selectors the same in the same order, each as the object that all who have it share; to be given to {@link
     *     #leave} at the end, once
     */
    public record Entered(String client, List<Selector> selectors) implements Answer {}

    /** It may not, and nothing was counted. */
    public enum Refused implements Answer {
        /** All together have as much as they may. */
        ALL_IS_USED,
        /** This client has as much as one may. */
        SHARE_IS_USED
    }

    /** A selector that somebody has: the object that all refer to, and how many they are. */
    private static final class Held {
        final Selector selector;
        int times;

        Held(Selector selector) {
            this.selector = selector;
        }
    }

    /** What some subscriptions hold together. */
    private static final class Ledger {
        private final Limits limits;
        private final Map<Selector, Held> held = new HashMap<>();
        private final PatternReach reach = new PatternReach();
        private long bytes;
        private int patterns;

        Ledger(Limits limits) {
            this.limits = limits;
        }

        /** False where that is too much: then nothing is counted. */
        boolean enter(List<Selector> selectors) {
            bytes += referenceBytes(selectors);
            boolean fits = bytes <= limits.bytes;
            int entered = 0;
            while (fits && entered < selectors.size()) {
                fits = add(selectors.get(entered++));
            }
            if (!fits) {
                leave(selectors.subList(0, entered));
                bytes -= referenceBytes(selectors) - referenceBytes(selectors.subList(0, entered));
            }
            return fits;
        }

        void leave(List<Selector> selectors) {
            bytes -= referenceBytes(selectors);
            selectors.forEach(this::remove);
        }

        private static long referenceBytes(List<Selector> selectors) {
            return SUBSCRIPTION_BYTES + REFERENCE_BYTES * selectors.size();
        }

        private boolean add(Selector selector) {
            Held it = held.computeIfAbsent(selector, Held::new);
            if (++it.times > 1) {
                return true;
            }
            bytes += selector.bytes();
            if (!selector.isPattern()) {
                return bytes <= limits.bytes;
            }
            patterns++;
            int meet = reach.add(selector);
            return bytes <= limits.bytes && patterns <= limits.patterns && meet <= limits.reach;
        }

        private void remove(Selector selector) {
            Held it = held.get(selector);
            if (it == null) {
                throw new IllegalStateException("has left already: " + selector.text());
            }
            if (--it.times == 0) {
                held.remove(selector);
                bytes -= selector.bytes();
                if (selector.isPattern()) {
                    patterns--;
                    reach.remove(selector);
                }
            }
        }

        List<Selector> shared(List<Selector> selectors) {
            List<Selector> same = new ArrayList<>(selectors.size());
            for (Selector selector : selectors) {
                Held it = held.get(selector);
                same.add(it == null ? selector : it.selector);
            }
            return List.copyOf(same);
        }
    }

    private final Limits limitsOfOne;

    // guarded by this
    private final Ledger all;
    private final Map<String, Ledger> clients = new HashMap<>();

    /**
     * @param share percent of the limits that one client may use
     * @param patternsEach how many patterns one subscription may have, and so a client in any case
     */
    public SelectorBudget(Limits limits, int share, int patternsEach) {
        this.all = new Ledger(limits);
        this.limitsOfOne = limits.share(share, patternsEach);
    }

    /**
     * Counts a subscription.
     *
     * @param client for whom
     * @param selectors each of them once
     */
    public synchronized Answer enter(String client, List<Selector> selectors) {
        Ledger own = clients.computeIfAbsent(client, key -> new Ledger(limitsOfOne));
        boolean hasShare = own.enter(selectors);
        if (hasShare && all.enter(selectors)) {
            return new Entered(client, all.shared(selectors));
        }
        if (hasShare) {
            own.leave(selectors);
        }
        forgetIfEmpty(client, own);
        return hasShare ? Refused.ALL_IS_USED : Refused.SHARE_IS_USED;
    }

    /** @param entered what {@link #enter} gave; once */
    public synchronized void leave(Entered entered) {
        Ledger own = clients.get(entered.client());
        if (own == null) {
            throw new IllegalStateException("has left already: " + entered.client());
        }
        own.leave(entered.selectors());
        forgetIfEmpty(entered.client(), own);
        all.leave(entered.selectors());
    }

    private void forgetIfEmpty(String client, Ledger own) {
        if (own.bytes == 0) {
            clients.remove(client);
        }
    }

    /** How many bytes all subscriptions together count for. */
    public synchronized long bytes() {
        return all.bytes;
    }
}
