package millrace.web;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PageTextTest {

    @Test
    void whatHtmlWouldReadIsEscapedAndAllElseStays() {
        assertEquals(
                "&lt;b a=&#34;1&#34; c=&#39;2&#39;&gt; &amp;amp; é 🌊", PageText.text("<b a=\"1\" c='2'> &amp; é 🌊"));
    }

    @Test
    void nothingIsTheEmptyText() {
        assertEquals("", PageText.text(null));
        assertEquals("true", PageText.text(true));
    }
}
