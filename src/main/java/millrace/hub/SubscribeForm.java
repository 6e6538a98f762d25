package millrace.hub;

import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import millrace.auth.Dialect;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.FormData;
import millrace.request.LastEventId;
import millrace.topic.HubUrl;
import millrace.topic.Selector;
import millrace.topic.SelectorException;
import org.jspecify.annotations.Nullable;

/**
 * What a subscriber asks for, in the parameters of either dialect, freely mixed.
 *
 * @param selectors in the order of the parameters, each once
 * @param dialect whose parameters were used; {@code null} where they are mixed
 * @param cursor the last event id, by whatever name; {@code null} where none was sent
 */
public record SubscribeForm(
        List<Selector> selectors,
        @Nullable Dialect dialect,
        @Nullable String cursor) {

    /** Compiling the patterns of one subscription takes a few milliseconds at most. */
    private static final int MAX_WORK = 1_000_000;

    /**
     * Reads the parameters; those with other names are ignored.
     *
     * @param body of a {@code QUERY}, otherwise empty: its selectors come on top of the URL's, its cursor before
     * @param header {@code Last-Event-ID}, which comes before both
     * @param offered the parameters of other dialects are ignored
     */
    public static SubscribeForm parse(
            FormData query, FormData body, @Nullable String header, HubUrl hub, HubLimits limits, Set<Dialect> offered)
            throws ProblemException {
        Set<Selector> selectors = new LinkedHashSet<>();
        Set<FormData.Entry> read = new HashSet<>();
        Set<Dialect> used = EnumSet.noneOf(Dialect.class);
        int work = 0;
        int patterns = 0;
        for (FormData.Entry entry : query.and(body).entries()) {
            String name = entry.name();
            boolean modern = name.toLowerCase(Locale.ROOT).startsWith("match");
            if (!modern && !name.equals("topic") || !offered.contains(modern ? Dialect.V1 : Dialect.V0)) {
                continue;
            }
            if (!read.add(entry)) {
                continue; // ten thousand times the same is not worth compiling it ten thousand times
            }
            if (PublishForm.utf8Length(entry.value()) > limits.maxTopicBytes()) {
                throw bad("A selector is longer than " + limits.maxTopicBytes() + " bytes.");
            }
            Selector selector = selector(entry, hub);
            work += selector.work();
            if (selectors.add(selector)) {
                patterns += selector.isPattern() ? 1 : 0;
            }
            if (selectors.size() > limits.maxSelectors()) {
                throw bad("One subscription has at most " + limits.maxSelectors() + " selectors.");
            }
            used.add(modern ? Dialect.V1 : Dialect.V0);
            if (work > MAX_WORK) {
                throw bad("The templates and patterns of this subscription are too complex together.");
            }
            if (patterns > limits.maxPatterns()) {
                throw bad("One subscription has at most " + limits.maxPatterns() + " templates and patterns.");
            }
        }
        if (selectors.isEmpty()) {
            throw bad("Say what to subscribe to: topic, match, match_exact or match_urlpattern.");
        }
        return new SubscribeForm(
                List.copyOf(selectors),
                used.size() == 1 ? used.iterator().next() : null,
                header != null ? header : cursor(query, body));
    }

    private static Selector selector(FormData.Entry entry, HubUrl hub) throws ProblemException {
        try {
            return switch (entry.name()) {
                case "topic" -> Selector.ofTemplate(entry.value());
                case "match", "match_exact" -> Selector.ofExact(entry.value());
                case "match_urlpattern" -> Selector.ofUrlPattern(entry.value(), hub);
                default -> throw bad("There is no such way to match; write match, match_exact or match_urlpattern.");
            };
        } catch (SelectorException unusable) {
            throw bad("A value of " + entry.name() + " cannot be used: " + unusable.getMessage() + ".");
        }
    }

    private static @Nullable String cursor(FormData query, FormData body) {
        String value = LastEventId.among(body);
        return value != null ? value : LastEventId.among(query);
    }

    private static ProblemException bad(String detail) {
        return new ProblemException(ProblemType.BAD_PARAMETER, detail);
    }
}
