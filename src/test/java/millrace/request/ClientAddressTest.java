package millrace.request;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class ClientAddressTest {

    private final ClientAddress addresses = new ClientAddress(List.of("10.0.0.1", "10.0.0.2"));

    @Test
    void anUnnamedProxyCountsItself() {
        assertEquals("203.0.113.9", addresses.of("203.0.113.9", List.of("198.51.100.1")));
        assertEquals("10.0.0.1", new ClientAddress(List.of()).of("10.0.0.1", List.of("198.51.100.1")));
    }

    @Test
    void aNamedProxyIsBelievedOnItsLastForeignHop() {
        assertEquals("198.51.100.1", addresses.of("10.0.0.1", List.of("198.51.100.1")));
        assertEquals("198.51.100.1", addresses.of("10.0.0.1", List.of("6.6.6.6, 198.51.100.1, 10.0.0.2")));
        assertEquals("198.51.100.1", addresses.of("10.0.0.1", List.of("6.6.6.6", "198.51.100.1")));
    }

    @Test
    void aForwardedTextThatIsNoAddressIsIgnored() {
        assertEquals("10.0.0.1", addresses.of("10.0.0.1", List.of()));
        assertEquals("10.0.0.1", addresses.of("10.0.0.1", List.of("")));
        assertEquals("10.0.0.1", addresses.of("10.0.0.1", List.of("x".repeat(1000))));
    }
}
