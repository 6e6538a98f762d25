package millrace.web;

import org.jspecify.annotations.Nullable;

/** The function {@code page:text} of the JSP page: EL does not escape, so every text of the page goes through it. */
public final class PageText {

    private PageText() {}

    /** HTML for exactly these characters, fit for text and for attribute values in double or single quotes. */
    public static String text(@Nullable Object value) {
        if (value == null) {
            return "";
        }
        String text = value.toString();
        StringBuilder html = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> html.append("&amp;");
                case '<' -> html.append("&lt;");
                case '>' -> html.append("&gt;");
                case '"' -> html.append("&#34;");
                case '\'' -> html.append("&#39;");
                default -> html.append(c);
            }
        }
        return html.toString();
    }
}
