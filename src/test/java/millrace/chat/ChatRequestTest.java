package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatRequestTest {

    @Test
    void whatMillraceNeedsIsReadAndTheBytesStayAsTheyCame() throws Exception {
        byte[] body = utf8("""
                { "model" : "gpt-x", "stream":true, "n":2, "unknown": {"kept": 1.00},
                  "stream_options":{"include_usage":true},
                  "messages":[{"role":"system","content":"be brief"},
                              {"role":"user","content":"first"},
                              {"role":"assistant","content":null,"tool_calls":[]},
                              {"role":"tool","content":"42","tool_call_id":"c"},
                              {"role":"user","content":[{"type":"text","text":"sécond"},{"type":"image_url"},
                                                        {"type":"text","text":"third"}]}]}""");

        ChatRequest request = ChatRequest.read(body);

        assertSame(body, request.body());
        assertEquals("gpt-x", request.model());
        assertTrue(request.stream());
        assertTrue(request.includeUsage());
        assertEquals(2, request.choices());
        assertEquals("sécond\nthird", request.question());
    }

    @Test
    void whichRolesThereAreIsTheUpstreamsAffair() throws Exception {
        ChatRequest request = ChatRequest.read(utf8("""
                                {"model":"m","messages":[{"role":"control","content":"thinking"},{"role":"critic"},
                                {"role":"user","content":"x"},{"role":"Ipython","content":[{"type":"own"}]}]}"""));

        assertEquals("x", request.question());
    }

    @Test
    void streamIsFalseUnlessItIsAskedFor() throws Exception {
        assertFalse(
                ChatRequest.read(
                        utf8("{\"model\":\"m\",\"stream\":null,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"))
                        .stream());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}                             | model",
                "{\"model\":7,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}                 | model",
                "{\"model\":\"\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}              | model",
                "{\"model\":\"m\"}                                                                  | messages",
                "{\"model\":\"m\",\"messages\":[]}                                                  | messages",
                "{\"model\":\"m\",\"messages\":\"hi\"}                                              | messages",
                "{\"model\":\"m\",\"messages\":[\"hi\"]}                                            | messages[0]",
                "{\"model\":\"m\",\"messages\":[{\"content\":\"x\"}]}                               | messages[0].role",
                "{\"model\":\"m\",\"messages\":[{\"role\":\"\",\"content\":\"x\"}]}                 | messages[0].role",
                "{\"model\":\"m\",\"messages\":[{\"role\":7,\"content\":\"x\"}]}                    | messages[0].role",
                "{\"model\":\"m\",\"messages\":[{\"role\":\"user\"}]}                               | messages[0].content",
                "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":1}]}                 | messages[0].content",
                "{\"model\":\"m\",\"stream\":\"yes\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]} | stream",
                "{\"model\":\"m\",\"stream\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}       | stream",
                "{\"model\":\"m\",\"stream_options\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]} | stream_options",
                "{\"model\":\"m\",\"n\":0,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}     | n",
                "{\"model\":\"m\",\"n\":1.5,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}   | n",
                "{\"model\":\"m\",\"n\":1e999999999,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]} | n"
            })
    void theMemberThatIsWrongIsNamed(String body, String param) {
        ApiError error = refused(utf8(body.strip()));

        assertEquals(400, error.status());
        assertTrue(
                error.json().contains("\"type\":\"invalid_request_error\",\"param\":\"" + param + "\""), error.json());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "\"x\"", "{\"model\":\"a\",\"model\":\"b\"}", "nonsense", "{} {}"})
    void whatIsNotOneJsonObjectIsRefused(String body) {
        assertEquals(400, refused(utf8(body)).status());
    }

    @Test
    void whatFollowsTheObjectIsRefusedWithItsPosition() {
        ApiError error = refused(utf8("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n  {}"));

        assertEquals(
                "{\"error\":{\"message\":\"The JSON is malformed at line 2, column 3.\",\"type\":\"invalid_request_error\","
                        + "\"param\":null,\"code\":\"malformed_json\"}}",
                error.json());
    }

    @Test
    void deepNestingIsRefusedAndOverflowsNoStack() {
        assertEquals(400, refused(utf8("[".repeat(2_000_000))).status());
        assertEquals(400, refused(utf8("{\"a\":".repeat(400_000))).status());
    }

    @Test
    void bytesThatAreNotUtf8AreRefused() {
        byte[] body = utf8("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"?\"}]}");
        body[body.length - 5] = (byte) 0xC3;

        assertTrue(refused(body).message().contains("UTF-8"));
    }

    @Test
    void aRequestOfOurOwnMakingCanBeReadBack() throws Exception {
        ChatRequest made = ChatRequest.streamOf("m", "be \"brief\"", "line\nbreak 👋");

        ChatRequest read = ChatRequest.read(made.body());

        assertEquals("line\nbreak 👋", read.question());
        assertEquals(made.model(), read.model());
        assertTrue(read.stream());
    }

    private static ApiError refused(byte[] body) {
        return assertThrows(RefusedException.class, () -> ChatRequest.read(body))
                .error();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
