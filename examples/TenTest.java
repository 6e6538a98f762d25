import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TenTest {

    @Test
    void itCountsToTen() throws Exception {
        List<String> sent = new ArrayList<>();
        new Ten().stream(null, event -> sent.add(event.data()));
        assertEquals(List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"), sent);
    }
}
