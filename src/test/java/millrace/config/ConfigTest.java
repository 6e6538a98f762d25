package millrace.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class ConfigTest {

    @Test
    void anUnknownKeyStopsTheStartAndIsNamed() {
        for (String name : new String[] {"MILLRACE_HEARTBEET", "MILLRACE_SERVICE", "MILLRACE_PORT_8080"}) {
            ConfigException unknown = assertThrows(
                    ConfigException.class, () -> Config.load(new Properties(), Map.of(name, "1"), Map.of()));
            assertTrue(String.valueOf(unknown.getMessage()).contains(name), unknown.getMessage());
        }
    }

    @Test
    void whatKubernetesTellsOfAServiceOfThisNameIsNoSetting() {
        Map<String, String> environment = Map.of(
                "MILLRACE_HEARTBEAT", "3s",
                "MILLRACE_SERVICE_HOST", "10.0.0.1",
                "MILLRACE_SERVICE_PORT", "80",
                "MILLRACE_SERVICE_PORT_HTTP", "80",
                "MILLRACE_PORT", "tcp://10.0.0.1:80",
                "MILLRACE_PORT_80_TCP", "tcp://10.0.0.1:80",
                "MILLRACE_PORT_80_TCP_ADDR", "10.0.0.1",
                "MILLRACE_HUB_SERVICE_HOST", "10.0.0.1",
                "MILLRACE_HUB_PORT", "tcp://10.0.0.1:80");
        assertEquals(
                Duration.ofSeconds(3),
                Config.load(new Properties(), environment, Map.of()).get(Settings.HEARTBEAT));
    }

    @Test
    void aNumberThatIsTooLargeStopsTheStartAndIsNamed() {
        for (Map<String, String> bad : List.of(
                Map.of("millrace.hub.key-refresh", "999999999999999d"),
                Map.of("millrace.hub.key-refresh", "36501d"),
                Map.of("millrace.heartbeat", "0s"),
                Map.of("millrace.stall-timeout", "99ms"),
                Map.of("millrace.history-bytes", "999999999999999g"),
                Map.of("millrace.history-bytes", "0"))) {
            ConfigException refused =
                    assertThrows(ConfigException.class, () -> Config.load(new Properties(), Map.of(), bad));
            assertTrue(
                    String.valueOf(refused.getMessage())
                            .contains(bad.keySet().iterator().next()),
                    refused.getMessage());
        }
        Config most = Config.load(
                new Properties(),
                Map.of(),
                Map.of("millrace.hub.key-refresh", "36500d", "millrace.history-bytes", "1048576g"));
        assertEquals(Duration.ofDays(36_500), most.get(Settings.HUB_KEY_REFRESH));
        assertEquals(1L << 50, most.get(Settings.HISTORY_BYTES));
    }
}
