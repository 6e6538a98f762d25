package millrace.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One section of the documentation: what stands between a heading and the next heading of any level.
 *
 * @param document the file's name, e.g. {@code docs/chat.md}
 * @param headings from the document's title down to the section's own heading; empty before the first heading
 * @param text Markdown, never blank
 */
record Section(String document, List<String> headings, String text) {

    private static final Pattern HEADING = Pattern.compile("(#{1,6})[ \\t]+(.*?)[ \\t]*#*[ \\t]*");
    private static final Pattern FENCE = Pattern.compile(" {0,3}(`{3,}|~{3,}).*");

    Section {
        headings = List.copyOf(headings);
        if (text.isBlank()) {
            throw new IllegalArgumentException("a section has a text: " + document + " " + headings);
        }
    }

    /** Where it stands, for people: {@code docs/chat.md › Chat › Resume}. */
    String title() {
        return headings.isEmpty() ? document : document + " › " + String.join(" › ", headings);
    }

    /** What tells how to use Millrace comes before what tells why it became so. */
    double weight() {
        return document.contains("decisions/") ? 0.6 : 1;
    }

    /** The sections of a Markdown document, in its order. Lines in a fenced code block are never headings. */
    static List<Section> of(String document, String markdown) {
        List<Section> sections = new ArrayList<>();
        List<String> headings = new ArrayList<>();
        List<Integer> levels = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        String openFence = "";
        for (String line : markdown.lines().toList()) {
            Matcher fence = FENCE.matcher(line);
            Matcher heading = HEADING.matcher(line);
            if (fence.matches()) {
                if (openFence.isEmpty()) {
                    openFence = fence.group(1);
                } else if (line.strip().startsWith(openFence)) {
                    openFence = "";
                }
            } else if (openFence.isEmpty() && heading.matches()) {
                addUnlessBlank(sections, document, headings, text);
                int level = heading.group(1).length();
                while (!levels.isEmpty() && levels.getLast() >= level) {
                    levels.removeLast();
                    headings.removeLast();
                }
                levels.add(level);
                headings.add(heading.group(2));
                continue;
            }
            text.append(line).append('\n');
        }
        addUnlessBlank(sections, document, headings, text);
        return sections;
    }

    private static void addUnlessBlank(
            List<Section> sections, String document, List<String> headings, StringBuilder text) {
        String body = text.toString().strip();
        text.setLength(0);
        if (!body.isEmpty()) {
            sections.add(new Section(document, headings, body));
        }
    }
}
