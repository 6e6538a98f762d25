package millrace.chat;

/**
 * A text that comes in pieces, let through in whole characters. Models speak in tokens, and some servers end a piece in
 * the middle of a surrogate pair; encoded alone each half would be lost. Used by one thread.
 */
final class WholeCharacters {

    private static final char REPLACEMENT = '\uFFFD';

    /** The first half of a character whose second is awaited; 0 where none is. */
    private char half;

    /** What of the text up to here is whole and has not been returned; a half that will never be whole is replaced. */
    String add(String piece) {
        if (piece.isEmpty() || half == 0 && isWhole(piece)) {
            return piece;
        }
        StringBuilder whole = new StringBuilder(piece.length() + 1);
        for (int i = 0; i < piece.length(); i++) {
            char c = piece.charAt(i);
            if (Character.isLowSurrogate(c)) {
                if (half == 0) {
                    whole.append(REPLACEMENT);
                } else {
                    whole.append(half).append(c);
                    half = 0;
                }
            } else {
                whole.append(rest());
                if (Character.isHighSurrogate(c)) {
                    half = c;
                } else {
                    whole.append(c);
                }
            }
        }
        return whole.toString();
    }

    /** What stands for the half that still waits, at the end of the text. */
    String rest() {
        boolean waits = half != 0;
        half = 0;
        return waits ? String.valueOf(REPLACEMENT) : "";
    }

    private static boolean isWhole(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }
}
