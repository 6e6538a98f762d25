package millrace.request;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import org.junit.jupiter.api.Test;

class FormDataTest {

    @Test
    void namesAndValuesAreDecodedAndAPercentSignMayStandForItself() throws Exception {
        FormData form = FormData.parse("a=1+2&&b&a=%C3%BC%zz%4&=%26");
        assertEquals(List.of("1 2", "ü%zz%4"), form.all("a"));
        assertEquals("", form.first("b"));
        assertEquals("&", form.first(""));
        assertEquals("ü%zz%4", form.last("a"));
    }

    @Test
    void whatIsNotUtf8IsRefused() {
        assertThrows(ProblemException.class, () -> FormData.parse("a=%FF"));
        assertThrows(ProblemException.class, () -> FormData.parse(new byte[] {'a', '=', (byte) 0xC3}));
    }

    /** A small body must not become a large list. */
    @Test
    void aFormOfVeryManyParametersIsRefused() throws Exception {
        assertEquals(
                10_000,
                FormData.parse("a&".repeat(10_000).getBytes(US_ASCII)).entries().size());
        var refused = assertThrows(
                ProblemException.class, () -> FormData.parse("a&".repeat(10_001).getBytes(US_ASCII)));
        assertEquals(ProblemType.BAD_PARAMETER, refused.problem().type());
    }
}
