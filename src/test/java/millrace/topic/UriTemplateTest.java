package millrace.topic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UriTemplateTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            https://example.com/{id}              | https://example.com/1
            https://example.com/{id}              | https://example.com/
            https://example.com/{id}              | https://example.com/a-b.c_d~e
            https://example.com/{id}              | https://example.com/k%C3%A9vin
            https://example.com/{id}              | https://example.com/kévin
            https://example.com/{id}              | https://example.com/1,2
            https://example.com/kévin/{id}        | https://example.com/kévin/1
            https://example.com/kévin/{id}        | https://example.com/k%C3%A9vin/1
            https://example.com/{a}/{b}           | https://example.com/x/y
            https://example.com/{a,b}             | https://example.com/x,y
            https://example.com/{+path}           | https://example.com/a/b?c=d#e
            https://example.com{/a}{/b}           | https://example.com/x/y
            https://example.com{/a}{/b}           | https://example.com/x
            https://example.com{/a}{/b}           | https://example.com
            https://example.com{/a,b}             | https://example.com/x/y
            https://example.com{/a*}              | https://example.com/x/y/z
            https://example.com{/a*}              | https://example.com/k=v/l=w
            https://example.com/x{.ext}           | https://example.com/x.json
            https://example.com/x{.ext}           | https://example.com/x
            https://example.com/x{#part}          | https://example.com/x#a/b
            https://example.com/x{;a,b}           | https://example.com/x;a=1;b=2
            https://example.com/x{;a,b}           | https://example.com/x;a
            https://example.com/x{?q}             | https://example.com/x?q=1
            https://example.com/x{?q}             | https://example.com/x?q=
            https://example.com/x{?q}             | https://example.com/x
            https://example.com/x{?q,r}           | https://example.com/x?q=1&r=2
            https://example.com/x{?q,r}           | https://example.com/x?r=2
            https://example.com/x{?q*}            | https://example.com/x?q=1&q=2
            https://example.com/x{?q*}            | https://example.com/x?any=1&name=2
            https://example.com/x?f=1{&q}         | https://example.com/x?f=1&q=2
            https://example.com/{id:3}            | https://example.com/abc
            https://example.com/{id:3}            | https://example.com/%C3%A9%C3%A9%C3%A9
            /.well-known/mercure/subscriptions{/topic}{/subscriber} | /.well-known/mercure/subscriptions/https%3A%2F%2Fa/urn%3Auuid%3A1
            """)
    void aTemplateSelectsItsExpansions(String template, String topic) throws SelectorException {
        assertTrue(Selector.ofTemplate(template).matches(topic));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            https://example.com/{id}              | https://example.com/a/b
            https://example.com/{id}              | https://example.com/a:b
            https://example.com/{id}              | https://example.com/a?b
            https://example.com/{id}              | https://example.com/%zz
            https://example.com/{id}              | https://example.com
            https://example.com/{id}              | https://example.com/a b
            https://example.com/{id}x             | https://example.com/1
            https://example.com{/a}{/b}           | https://example.com/x/y/z
            https://example.com{/a,b}             | https://example.com/x/y/z
            https://example.com/x{?q}             | https://example.com/x?r=1
            https://example.com/x{?q}             | https://example.com/x?q
            https://example.com/x{?q,r}           | https://example.com/x?r=2&q=1
            https://example.com/x{;a}             | https://example.com/x;b
            https://example.com/{id:3}            | https://example.com/abcd
            https://example.com/{id:3}            | https://example.com/%C3%A9%C3%A9%C3%A9%C3%A9
            https://example.com/{id:3}            | https://example.com/%C3
            """)
    void aTemplateSelectsNothingElse(String template, String topic) throws SelectorException {
        Assertions.assertFalse(Selector.ofTemplate(template).matches(topic));
    }

    @Test
    void aTemplateSelectsItsOwnText() throws SelectorException {
        assertTrue(Selector.ofTemplate("https://example.com/{id}").matches("https://example.com/{id}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a{",
                "a}",
                "{}",
                "{{a}}",
                "{a",
                "a}b{c}",
                "{a b}",
                "{a..b}",
                "{.}",
                "{a:0}",
                "{a:12345}",
                "{a:}",
                "{=a}",
                "{!a}",
                "{a,}",
                "{a*b}",
                "<{a}>",
                "100%{a}",
                "{a:3*}",
                "{a.}"
            })
    void whatIsNoTemplateSelectsItselfAlone(String text) throws SelectorException {
        Selector selector = Selector.ofTemplate(text);
        assertEquals(new Exact(text), selector);
        assertTrue(selector.matches(text));
    }

    @Test
    void aStarSelectsEverything() throws SelectorException {
        assertTrue(Selector.ofTemplate("*").matches(""));
        assertEquals(Selector.everything(), Selector.ofTemplate("*"));
        assertEquals(Selector.everything(), Selector.ofExact("*"));
    }

    @Test
    void equalTemplatesAreEqual() throws SelectorException {
        assertEquals(Selector.ofTemplate("/{a}"), Selector.ofTemplate("/{a}"));
        assertEquals(
                Selector.ofTemplate("/{a}").hashCode(),
                Selector.ofTemplate("/{a}").hashCode());
    }

    @Test
    void aTemplateThatAsksForTooManyStatesIsRefused() {
        String many = "{a:9999}{b:9999}";
        SelectorException refusal = assertThrows(SelectorException.class, () -> Selector.ofTemplate(many));
        assertEquals("the pattern is too complex: it needs more than 2000 states", refusal.getMessage());
    }

    @Test
    void aHostileTemplateAndTopicTakeLinearTime() throws SelectorException {
        // each way to share the text among thirty variables is a way for a backtracking engine
        Selector selector = Selector.ofTemplate("/" + "{a}".repeat(30) + "!");
        String topic = "/" + "a".repeat(20_000);
        Assertions.assertTimeout(
                Duration.ofSeconds(5), () -> Assertions.assertFalse(selector.matches(topic), "no ! at the end"));
    }

    @Test
    void anExactSelectorWithInvisibleCharactersIsRefused() throws SelectorException {
        for (String text :
                new String[] {"a\u0000", "a\n", "a\u007f", "a\u0085", "a\u200b", "\u202ea", "a\uD834\uDD73"}) {
            assertThrows(SelectorException.class, () -> Selector.ofExact(text));
        }
        assertTrue(Selector.ofExact("{a} ü 😀").matches("{a} ü 😀"));
    }
}
