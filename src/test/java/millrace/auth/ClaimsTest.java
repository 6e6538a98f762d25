package millrace.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class ClaimsTest {

    /** Each publish shows a token, so what is made to read one is made thousands of times a second. */
    @Test
    void claimsAreReadWithoutABufferForEachToken() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        byte[] payload = "{\"mercure\":{\"publish\":[\"*\"]},\"sub\":\"é\"}".getBytes(UTF_8);
        for (int i = 0; i < 1_000; i++) {
            Claims.parse(payload); // until its classes are there and it is compiled
        }

        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 1_000; i++) {
            Claims.parse(payload);
        }

        long each = (threads.getCurrentThreadAllocatedBytes() - before) / 1_000;
        assertTrue(each < 8_192, each + " bytes for a token of " + payload.length);
    }
}
