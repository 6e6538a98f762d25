package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class WholeCharactersTest {

    private static final String TEXT = "a👋é👩‍👩‍👧𝒳z";

    @Test
    void aTextCutAnywhereIsTheSameAndNoPieceEndsInHalfACharacter() {
        for (int first = 0; first <= TEXT.length(); first++) {
            for (int second = first; second <= TEXT.length(); second++) {
                assertWhole(TEXT, TEXT.substring(0, first), TEXT.substring(first, second), TEXT.substring(second));
            }
        }
        assertWhole(TEXT, TEXT.split("", -1));
    }

    @Test
    void aHalfThatStaysAloneIsReplaced() {
        assertWhole("\uFFFD", "\uD83D");
        assertWhole("\uFFFD", "\uDC4B");
        assertWhole("\uFFFDx", "\uD83D", "", "x");
        assertWhole("\uFFFD👋", "\uD83D", "\uD83D", "\uDC4B");
        assertWhole("👋\uFFFD", "\uD83D\uDC4B", "\uDC4B");
        assertWhole("x\uFFFDy\uFFFD", "x\uDC4By\uD83D");
    }

    private static void assertWhole(String expected, String... pieces) {
        WholeCharacters characters = new WholeCharacters();
        StringBuilder all = new StringBuilder();
        for (String piece : pieces) {
            String whole = characters.add(piece);
            assertFalse(
                    !whole.isEmpty() && Character.isHighSurrogate(whole.charAt(whole.length() - 1)), "ends in a half");
            assertEquals(whole, new String(whole.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
            all.append(whole);
        }
        assertEquals(expected, all + characters.rest());
        assertEquals("", characters.rest(), "only once");
    }
}
