package millrace.topic;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Values by a prefix: those of all prefixes that a text has are found in one walk over its first characters, however many
 * other prefixes there are and however much they resemble it.
 *
 * <p>One thread at a time changes it, any thread finds without a lock.
 */
final class PrefixMap<V> {

    /** Prefixes are told apart by so many characters: more would let a client make each walk longer. */
    static final int MAX_LENGTH = 256;

    /** Nobody who does not know it can prepare prefixes that collide. */
    private static final long SEED = ThreadLocalRandom.current().nextLong() | 1;

    /** The first characters of a text, with their hash. */
    private record Prefix(String text, int length, long hash) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Prefix prefix
                    && hash == prefix.hash
                    && length == prefix.length
                    && text.regionMatches(0, prefix.text, 0, length);
        }

        @Override
        public int hashCode() {
            return (int) (hash ^ (hash >>> 32));
        }
    }

    private final Map<Prefix, V> values = new ConcurrentHashMap<>();

    /** How many prefixes have each length. By who changes it. */
    private final Map<Integer, Integer> counts = new HashMap<>();

    /** The lengths that some prefix has; replaced, never changed. */
    private volatile BitSet lengths = new BitSet();

    /** What a prefix is cut to. */
    static String cut(String prefix) {
        return prefix.length() <= MAX_LENGTH ? prefix : prefix.substring(0, MAX_LENGTH);
    }

    private static long next(long hash, char c) {
        long mixed = (hash ^ c) * SEED;
        return mixed ^ (mixed >>> 29);
    }

    private static Prefix of(String prefix) {
        long hash = SEED;
        for (int i = 0; i < prefix.length(); i++) {
            hash = next(hash, prefix.charAt(i));
        }
        return new Prefix(prefix, prefix.length(), hash);
    }

    boolean isEmpty() {
        return lengths.isEmpty();
    }

    @Nullable
    V get(String prefix) {
        return values.get(of(prefix));
    }

    void put(String prefix, V value) {
        if (values.put(of(prefix), value) == null && counts.merge(prefix.length(), 1, Integer::sum) == 1) {
            BitSet more = (BitSet) lengths.clone();
            more.set(prefix.length());
            lengths = more;
        }
    }

    void remove(String prefix) {
        if (values.remove(of(prefix)) != null
                && counts.computeIfPresent(prefix.length(), (key, count) -> count == 1 ? null : count - 1) == null) {
            BitSet less = (BitSet) lengths.clone();
            less.clear(prefix.length());
            lengths = less;
        }
    }

    /**
     * Hands over the value of each prefix that the text has.
     *
     * @return how many prefixes of the text were looked for
     */
    int find(String text, Consumer<? super V> found) {
        BitSet present = lengths;
        int looks = 0;
        long hash = SEED;
        int at = 0;
        int longest = Math.min(text.length(), MAX_LENGTH);
        for (int length = present.nextSetBit(0);
                length >= 0 && length <= longest;
                length = present.nextSetBit(length + 1)) {
            while (at < length) {
                hash = next(hash, text.charAt(at++));
            }
            looks++;
            V value = values.get(new Prefix(text, length, hash));
            if (value != null) {
                found.accept(value);
            }
        }
        return looks;
    }
}
