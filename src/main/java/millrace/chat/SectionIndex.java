package millrace.chat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the sections that speak of what a question asks: BM25 (Robertson and Zaragoza, 2009) with the usual k1 and b;
 * a word of a heading counts as three. Immutable; any thread may search.
 *
 * <p>A BM25 score says which section is better, not whether any is good. That is what the <em>coverage</em> of a hit
 * says: which part of the question's weight (the sum of its words' inverse document frequencies; a word that no section
 * holds weighs most) the section holds. A question of one word would be covered by each section that mentions it, so there
 * the section has to be about that word: it stands in a heading, or again and again in a section of a few that hold it.
 */
final class SectionIndex {

    private static final double K1 = 1.2;
    private static final double B = 0.75;
    private static final int HEADING_WEIGHT = 3;

    /** A section that holds a word so often is about it, unless one section in so many holds it too. */
    private static final int OFTEN = 3;

    private static final int COMMON = 10;

    private static final int MAX_QUESTION_CHARS = 2_000;
    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");

    /** Words that say nothing of what a question is about, the name of this project and greetings among them. */
    private static final Set<String> STOP_WORDS =
            Set.of(("a about after all also am an and any are as at be because been being but by can come comes "
                            + "could describe did do does doing explain for from get give goes had happen happens has "
                            + "have having he hello help her here hey hi his how i if in into is it its just know let "
                            + "like make may me mean meaning means millrace more most my need needs no not of on or our out "
                            + "please possible say says she should show so some such tell than thank thanks that the "
                            + "their them then there these they thing things this those to too up us use used using "
                            + "very want wants was way we were what when where which while who whom why will with work "
                            + "works would you your")
                    .split(" "));

    private record Posting(int section, int frequency, boolean inHeading) {}

    /** @param coverage from 0 to 1 */
    record Hit(Section section, double score, double coverage) {}

    /**
     * @param terms the words of the question that count, in its order, in the form that was searched for
     * @param hits every section with at least one of them, the best first
     */
    record Found(List<String> terms, List<Hit> hits) {}

    private final List<Section> sections;
    private final int[] lengths;
    private final double averageLength;
    private final Map<String, List<Posting>> postings = new HashMap<>();

    SectionIndex(List<Section> sections) {
        this.sections = List.copyOf(sections);
        this.lengths = new int[sections.size()];
        long total = 0;
        for (int i = 0; i < lengths.length; i++) {
            Map<String, Integer> frequencies = new HashMap<>();
            count(sections.get(i).text(), 1, frequencies);
            Map<String, Integer> ofHeadings = new HashMap<>();
            count(String.join(" ", sections.get(i).headings()), HEADING_WEIGHT, ofHeadings);
            ofHeadings.forEach((word, frequency) -> frequencies.merge(word, frequency, Integer::sum));
            for (var entry : frequencies.entrySet()) {
                boolean inHeading = ofHeadings.containsKey(entry.getKey());
                postings.computeIfAbsent(entry.getKey(), none -> new ArrayList<>())
                        .add(new Posting(i, entry.getValue(), inHeading));
                lengths[i] += entry.getValue();
            }
            total += lengths[i];
        }
        this.averageLength = lengths.length == 0 ? 1 : Math.max(1, (double) total / lengths.length);
    }

    List<Section> sections() {
        return sections;
    }

    Found search(String question) {
        Set<String> terms = new LinkedHashSet<>();
        Matcher words = WORD.matcher(question.substring(0, Math.min(question.length(), MAX_QUESTION_CHARS)));
        while (words.find()) {
            String word = words.group().toLowerCase(Locale.ROOT);
            if (word.length() > 1 && !STOP_WORDS.contains(word)) {
                terms.add(stem(word));
            }
        }
        double[] scores = new double[lengths.length];
        double[] covered = new double[lengths.length];
        double weight = 0;
        for (String term : terms) {
            List<Posting> holders = postings.getOrDefault(term, List.of());
            double rarity = Math.log(1 + (lengths.length - holders.size() + 0.5) / (holders.size() + 0.5));
            weight += rarity;
            for (Posting posting : holders) {
                double norm = K1 * (1 - B + B * lengths[posting.section()] / averageLength);
                scores[posting.section()] += rarity * posting.frequency() * (K1 + 1) / (posting.frequency() + norm);
                boolean counts = terms.size() > 1 || isAbout(posting, holders.size());
                covered[posting.section()] += counts ? rarity : 0;
            }
        }
        List<Hit> hits = new ArrayList<>();
        for (int i = 0; i < scores.length; i++) {
            if (scores[i] > 0) {
                hits.add(new Hit(sections.get(i), scores[i] * sections.get(i).weight(), covered[i] / weight));
            }
        }
        hits.sort(Comparator.comparingDouble(Hit::score).reversed()); // stable: equal scores in document order
        return new Found(List.copyOf(terms), hits);
    }

    private boolean isAbout(Posting posting, int holders) {
        return posting.inHeading() || posting.frequency() >= OFTEN && holders <= Math.max(1, lengths.length / COMMON);
    }

    private static void count(String text, int weight, Map<String, Integer> frequencies) {
        Matcher words = WORD.matcher(text);
        while (words.find()) {
            frequencies.merge(stem(words.group().toLowerCase(Locale.ROOT)), weight, Integer::sum);
        }
    }

    /** One form for the commonest English endings: stream, streams, streamed and streaming meet in "stream". */
    private static String stem(String word) {
        String stem = word;
        if (stem.length() > 4 && stem.endsWith("ies")) {
            stem = stem.substring(0, stem.length() - 3) + "y";
        } else if (stem.length() > 3 && stem.endsWith("s") && !stem.endsWith("ss") && !stem.endsWith("us")) {
            stem = stem.substring(0, stem.length() - 1);
        }
        if (stem.length() > 5 && stem.endsWith("ing")) {
            stem = stem.substring(0, stem.length() - 3);
        } else if (stem.length() > 4 && stem.endsWith("ed")) {
            stem = stem.substring(0, stem.length() - 2);
        }
        int last = stem.length() - 1;
        if (last > 2 && stem.charAt(last) == stem.charAt(last - 1) && "bdgmnprt".indexOf(stem.charAt(last)) >= 0) {
            stem = stem.substring(0, last); // stopping, stopped
        }
        return stem.length() > 3 && stem.endsWith("e") ? stem.substring(0, stem.length() - 1) : stem;
    }
}
