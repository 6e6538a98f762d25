package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The chat completion that asks for what a Responses request asks for. */
class ResponsesRequestTest {

    private static final String HEAD =
            "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":";

    private static String chat(String body) throws Exception {
        byte[] chat = ResponsesRequest.read(body.getBytes(StandardCharsets.UTF_8))
                .toChat(List.of())
                .body();
        return new String(chat, StandardCharsets.UTF_8);
    }

    @Test
    void aTextIsAMessageOfTheUserBehindTheInstructions() throws Exception {
        assertEquals(
                HEAD + "[{\"role\":\"system\",\"content\":\"be brief\"},{\"role\":\"user\",\"content\":\"hello\"}]}",
                chat("{\"model\":\"m\",\"instructions\":\"be brief\",\"input\":\"hello\",\"stream\":false}"));
    }

    @Test
    void partsImagesCallsAndTheirResultsHaveTheirPlaceInAChat() throws Exception {
        assertEquals(
                HEAD
                        + "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"what is this?\"},"
                        + "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AA\",\"detail\":\"low\"}}]},"
                        + "{\"role\":\"assistant\",\"content\":\"I look.\",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\","
                        + "\"function\":{\"name\":\"look\",\"arguments\":\"{}\"}},{\"id\":\"c2\",\"type\":\"function\","
                        + "\"function\":{\"name\":\"look\",\"arguments\":\"{2}\"}}]},"
                        + "{\"role\":\"tool\",\"content\":\"a cat\",\"tool_call_id\":\"c1\"},"
                        + "{\"role\":\"tool\",\"content\":\"a dog\",\"tool_call_id\":\"c2\"},"
                        + "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c3\",\"type\":\"function\","
                        + "\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]},"
                        + "{\"role\":\"developer\",\"content\":\"go on\"}]}",
                chat("""
                        {"model":"m","input":[
                          {"role":"user","content":[{"type":"input_text","text":"what is this?"},
                            {"type":"input_image","image_url":"data:image/png;base64,AA","detail":"low"}]},
                          {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
                          {"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look."}]},
                          {"type":"function_call","call_id":"c1","name":"look","arguments":"{}"},
                          {"type":"function_call","call_id":"c2","name":"look","arguments":"{2}"},
                          {"type":"function_call_output","call_id":"c1","output":"a cat"},
                          {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"a dog"}]},
                          {"type":"function_call","call_id":"c3","name":"g","arguments":""},
                          {"role":"developer","content":"go on"}]}"""));
    }

    @Test
    void toolsFormatsAndLimitsAreTranslated() throws Exception {
        String chat = chat("""
                        {"model":"m","input":"x","temperature":0.5,"max_output_tokens":7,"parallel_tool_calls":false,
                         "reasoning":{"effort":"low","summary":"auto"},
                         "text":{"verbosity":"low","format":{"type":"json_schema","name":"n","schema":{"a":1.0},"strict":true}},
                         "tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true}],
                         "tool_choice":{"type":"function","name":"f"},"include":["whatever"],"top_p":null}""");

        for (String part : List.of(
                "\"temperature\":0.5",
                "\"max_tokens\":7",
                "\"parallel_tool_calls\":false",
                "\"reasoning_effort\":\"low\"",
                "\"verbosity\":\"low\"",
                "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"a\":1.0},\"strict\":true}}",
                "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"},\"strict\":true}}]",
                "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}")) {
            assertTrue(chat.contains(part), part + " in " + chat);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"input\":\"x\"}                                                            | model",
                "{\"model\":\"m\"}                                                            | input",
                "{\"model\":\"m\",\"input\":7}                                                | input",
                "{\"model\":\"m\",\"input\":[]}                                               | input",
                "{\"model\":\"m\",\"input\":[7]}                                              | input[0]",
                "{\"model\":\"m\",\"input\":[{\"type\":\"item_reference\",\"id\":\"x\"}]}     | input[0].type",
                "{\"model\":\"m\",\"input\":[{\"role\":\"user\"}]}                            | input[0].content",
                "{\"model\":\"m\",\"input\":[{\"content\":\"x\"}]}                            | input[0].role",
                "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"own\"}]}]} | input[0].content[0].type",
                "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"name\":\"f\"}]}    | input[0].call_id",
                "{\"model\":\"m\",\"input\":\"x\",\"stream\":1}                               | stream",
                "{\"model\":\"m\",\"input\":\"x\",\"background\":true,\"store\":false}        | background",
                "{\"model\":\"m\",\"input\":\"x\",\"tools\":[{\"type\":\"web_search\"}]}      | tools[0].type",
                "{\"model\":\"m\",\"input\":\"x\",\"text\":{\"format\":{\"type\":\"own\"}}}   | text.format.type",
                "{\"model\":\"m\",\"input\":\"x\",\"conversation\":\"c\"}                     | conversation",
                "{\"model\":\"m\",\"input\":\"x\",\"previous_response_id\":7}                 | previous_response_id"
            })
    void whatCannotBeAskedForIsRefusedByItsName(String body, String param) {
        ApiError error = assertThrows(RefusedException.class, () -> chat(body)).error();

        assertEquals(400, error.status());
        assertTrue(error.json().contains("\"param\":\"" + param + "\""), error.json());
    }
}
