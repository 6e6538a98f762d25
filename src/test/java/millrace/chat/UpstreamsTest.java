package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import millrace.config.Config;
import millrace.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpstreamsTest {

    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(1_800_000_000), ZoneOffset.UTC);

    @Test
    void withoutSettingsTheGuideIsTheOnlyModel() {
        try (Upstreams upstreams = upstreams(Map.of())) {
            assertEquals(
                    "{\"object\":\"list\",\"data\":[{\"id\":\"guide\",\"object\":\"model\",\"created\":1800000000,\"owned_by\":\"guide\"}]}",
                    upstreams.modelsJson());
        }
    }

    @Test
    void aModelIsFoundAtItsUpstream() throws Exception {
        try (Upstreams upstreams = upstreams(Map.of(
                "millrace.chat.upstreams", "a=https://a.example/v1/, b=http://127.0.0.1:11434/v1",
                "millrace.chat.upstream-keys", "a=sk-x=y==",
                "millrace.chat.models", "b=llama3.2:3b, a=gpt, a=@cf/org/model"))) {
            assertEquals("a", upstreams.forModel("gpt").name());
            assertEquals("a", upstreams.forModel("@cf/org/model").name());
            assertEquals("b", upstreams.forModel("llama3.2:3b").name());
            assertEquals("guide", upstreams.forModel("guide").name());
            assertTrue(upstreams.modelJson("gpt").contains("\"owned_by\":\"a\""));
        }
    }

    @Test
    void anUnknownModelIsAnError404InOpenAisWords() {
        try (Upstreams upstreams = upstreams(Map.of())) {
            ApiError error = assertThrows(RefusedException.class, () -> upstreams.forModel("gpt-9"))
                    .error();

            assertEquals(404, error.status());
            assertTrue(error.json().contains("\"param\":\"model\",\"code\":\"model_not_found\""), error.json());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a                      |         | a=m            | millrace.chat.upstreams: entry 1",
                "a=ftp://a.example      |         | a=m            | millrace.chat.upstreams: the address of 'a'",
                "a=https://u:p@a.b/v1   |         | a=m            | millrace.chat.upstreams: the address of 'a'",
                "a=https://a.b/v1?x=1   |         | a=m            | millrace.chat.upstreams: the address of 'a'",
                "a=https://a b/v1       |         | a=m            | millrace.chat.upstreams: the address of 'a'",
                "a=http://x/v1,a=http://y/v1 |    | a=m            | millrace.chat.upstreams names the upstream 'a' twice",
                "a=http://x/v1          |         |                | millrace.chat.models names no model of the upstream 'a'",
                "a=http://x/v1          |         | a=m,b=n        | millrace.chat.models speaks of the upstream 'b'",
                "a=http://x/v1          | b=sk    | a=m            | millrace.chat.upstream-keys speaks of the upstream 'b'",
                "a=http://x/v1          | sk-oops | a=m            | millrace.chat.upstream-keys: entry 1",
                "a=http://x/v1          | a=sk é  | a=m            | millrace.chat.upstream-keys: the key of 'a'",
                "a=http://x/v1          |         | a=m,a=m        | millrace.chat.models names the model 'm'",
                "a=http://x/v1          |         | a=guide        | millrace.chat.models names the model 'guide'"
            })
    void whatDoesNotFitStopsTheStartAndNamesTheSetting(String urls, String keys, String models, String message) {
        Map<String, String> settings = new HashMap<>();
        settings.put("millrace.chat.upstreams", urls);
        settings.put("millrace.chat.upstream-keys", keys == null ? "" : keys);
        settings.put("millrace.chat.models", models == null ? "" : models);

        ConfigException stopped = assertThrows(ConfigException.class, () -> upstreams(settings));

        assertTrue(stopped.getMessage().startsWith(message), stopped.getMessage());
        assertFalse(stopped.getMessage().contains("sk"), "no key is quoted");
    }

    @Test
    void anUpstreamThatMayNotBeSilentAtAllStopsTheStart() {
        assertThrows(ConfigException.class, () -> upstreams(Map.of("millrace.chat.upstream-silence", "0s")));
    }

    private static Upstreams upstreams(Map<String, String> settings) {
        return new Upstreams(Config.load(new Properties(), Map.of(), settings), Map.of("README.md", "# x\n\ny"), CLOCK);
    }
}
