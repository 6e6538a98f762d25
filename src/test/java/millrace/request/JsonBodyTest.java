package millrace.request;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import org.junit.jupiter.api.Test;

class JsonBodyTest {

    @Test
    void oneObjectIsRead() throws Exception {
        assertEquals(
                "ü", JsonBody.read(" {\"a\":\"ü\"} \n".getBytes(UTF_8), "{}").getString("a"));
    }

    @Test
    void aBodyThatIsNotOneUtf8JsonObjectIsRefused() {
        assertEquals(ProblemType.BAD_BODY, refused("[1]".getBytes(UTF_8)));
        for (String malformed :
                new String[] {"", " ", "{", "{\"a\":}", "{} {}", "{}x", "{}]", "{},", "[1] 2", "[".repeat(5_000)}) {
            assertEquals(ProblemType.MALFORMED_JSON, refused(malformed.getBytes(UTF_8)), malformed);
        }
        assertEquals(ProblemType.MALFORMED_JSON, refused("{\"a\":\"ü\"}".getBytes(ISO_8859_1)));
        assertEquals(ProblemType.MALFORMED_JSON, refused("{\"a\":1,\"a\":2}".getBytes(UTF_8)));
        assertEquals(ProblemType.MALFORMED_JSON, refused("{\"b\":{\"a\":1,\"a\":2}}".getBytes(UTF_8)));
        String deep = "{\"a\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}";
        assertEquals(ProblemType.MALFORMED_JSON, refused(deep.getBytes(UTF_8)));
    }

    private static ProblemType refused(byte[] body) {
        return assertThrows(ProblemException.class, () -> JsonBody.read(body, "{}"))
                .problem()
                .type();
    }
}
