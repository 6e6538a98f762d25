package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}",
                "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"reasoning_content\":\"x\"}}]}",
                " { \"choices\" : [ { \"delta\" : { \"reasoning\" : \"\\\\\" } } ] } ",
                "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}",
                "{\"choices\":[{\"index\":0},{\"index\":1,\"delta\":{\"content\":\"[{\\\"\"}}]}"
            })
    void aDeltaThatBringsSomethingSays(String json) {
        Chunk chunk = Chunk.scan(json);

        assertTrue(chunk.says(), json);
        assertFalse(chunk.error());
        assertEquals(0, finished(json));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}",
                "{\"choices\":[{\"delta\":{},\"finish_reason\":null}]}",
                "{\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":[ ]}}]}",
                "{\"choices\":null}",
                "{\"choices\":[]}",
                "{\"x\":{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}}",
                "{}"
            })
    void aChunkWithoutTextSaysNothing(String json) {
        assertFalse(Chunk.scan(json).says(), json);
    }

    private static long finished(String json) {
        return Chunk.scan(json).choices().stream()
                .filter(Chunk.Choice::finished)
                .count();
    }

    @Test
    void eachFinishedChoiceIsNamedByItsIndex() {
        assertEquals(
                List.of(new Chunk.Choice(0, false, true)),
                Chunk.scan("{\"choices\":[{\"finish_reason\":\"stop\",\"delta\":{}}]}")
                        .choices());
        assertEquals(
                List.of(
                        new Chunk.Choice(3, true, true),
                        new Chunk.Choice(1, false, false),
                        new Chunk.Choice(2, false, true)),
                Chunk.scan("{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\",\"index\":3},"
                                + "{\"finish_reason\":null},{\"index\":\"no number\",\"finish_reason\":\"length\"}]}")
                        .choices());
        assertEquals(0, finished("{\"finish_reason\":\"stop\"}"), "only within a choice");
        assertEquals(
                0,
                finished("{\"choices\":[{\"delta\":{\"content\":\"\\\"finish_reason\\\":\\\"stop\\\"\"}}]}"),
                "not as a text");
    }

    @Test
    void anErrorIsWhatIsNotNull() {
        assertTrue(Chunk.scan("{\"error\":{\"message\":\"x\"}}").error());
        assertTrue(Chunk.scan("{\"error\":\"x\"}").error());
        assertFalse(Chunk.scan("{\"error\":null,\"choices\":[]}").error());
        assertFalse(Chunk.scan("{\"error\":\"\"}").error());
        assertFalse(
                Chunk.scan("{\"choices\":[{\"error\":{\"message\":\"x\"}}]}").error());
        assertTrue(Chunk.scan("{\"object\":\"error\",\"message\":\"x\"}").error());
        assertFalse(Chunk.scan("{\"object\":\"error.like\",\"message\":\"x\"}").error());
        assertTrue(Chunk.scan("{\"error\":\"x\",\"object\":\"chat.completion.chunk\"}")
                .error());
    }

    @Test
    void usageIsRead() {
        Chunk chunk = Chunk.scan("{\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":345,"
                + "\"completion_tokens_details\":{\"reasoning_tokens\":7}}}");

        assertEquals(12, chunk.promptTokens());
        assertEquals(345, chunk.completionTokens());
        assertEquals(-1, Chunk.scan("{\"usage\":null}").completionTokens());
        assertEquals(-1, Chunk.scan("{\"usage\":{\"completion_tokens\":-3}}").completionTokens());
        assertEquals(
                -1,
                Chunk.scan("{\"usage\":{\"completion_tokens\":99999999999999999999}}")
                        .completionTokens());
        assertEquals(0, Chunk.scan("{\"usage\":{\"completion_tokens\":0}}").completionTokens());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "[1]",
                "{",
                "{\"a\"",
                "{\"a\":",
                "{\"a\":1",
                "{\"a\":1,}",
                "{\"a\" 1}",
                "{a:1}",
                "{\"a\":\"}",
                "{\"a\":\"\\\"}",
                "{\"a\":[}",
                "{} {}",
                "{\"choices\":[1]}",
                "{\"choices\":[{\"delta\":{\"content\":\"x\"}]}",
                "<html>",
                "{\"a\":}",
                "nul",
                "truefalse"
            })
    void whatIsNoJsonIsNoChunk(String text) {
        assertNull(Chunk.scan(text), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "true", " false ", "0", "-1.5E+3", "\"\"", "\"x\"", "[]", "[ ]", "{}", "{ }"})
    void jsonThatCanHoldNoAnswerSaysNothing(String text) {
        assertTrue(Chunk.scan(text).saysNothing(), text);
        assertFalse(Chunk.scan("{\"a\":" + text + "}").saysNothing(), "an object with members may mean something");
    }

    @Test
    void nestingOfAnyDepthOverflowsNoStack() {
        assertNotNull(Chunk.scan("{\"a\":" + "[".repeat(500_000) + "]".repeat(500_000) + "}"));
        assertNull(Chunk.scan("{\"a\":" + "[".repeat(500_000)));
    }

    @Test
    void everyPrefixOfAChunkIsNoChunk() {
        String json =
                "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\\\\\\\"é\"},\"finish_reason\":\"stop\"}],\"usage\":"
                        + "{\"completion_tokens\":1},\"x\":[{\"y\":[1,2.5e3,true,null]}]}";

        assertNotNull(Chunk.scan(json));
        for (int end = 0; end < json.length(); end++) {
            assertNull(Chunk.scan(json.substring(0, end)), json.substring(0, end));
        }
    }
}
