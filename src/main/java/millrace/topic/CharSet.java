package millrace.topic;

/**
 * A set of ASCII characters, one bit each.
 *
 * @param low the characters 0 to 63
 * @param high the characters 64 to 127
 */
record CharSet(long low, long high) {

    static final CharSet NONE = new CharSet(0, 0);
    static final CharSet ALL = new CharSet(-1, -1);

    static final CharSet DIGIT = range('0', '9');
    static final CharSet HEX = DIGIT.or(range('a', 'f')).or(range('A', 'F'));
    static final CharSet LETTER = range('a', 'z').or(range('A', 'Z'));

    private static final CharSet[] SINGLES = new CharSet[128];

    static {
        for (int c = 0; c < 128; c++) {
            SINGLES[c] = range(c, c);
        }
    }

    static CharSet only(char c) {
        return SINGLES[c];
    }

    static CharSet of(String characters) {
        CharSet set = NONE;
        for (int i = 0; i < characters.length(); i++) {
            set = set.or(only(characters.charAt(i)));
        }
        return set;
    }

    static CharSet range(int first, int last) {
        long low = 0;
        long high = 0;
        for (int c = first; c <= last; c++) {
            if (c < 64) {
                low |= 1L << c;
            } else {
                high |= 1L << c;
            }
        }
        return new CharSet(low, high);
    }

    CharSet or(CharSet other) {
        return new CharSet(low | other.low, high | other.high);
    }

    CharSet negate() {
        return new CharSet(~low, ~high);
    }

    boolean has(int c) {
        // a shift by more than 63 wraps, so c itself is the bit's number in both halves
        return c < 64 ? ((low >>> c) & 1) != 0 : c < 128 && ((high >>> c) & 1) != 0;
    }
}
