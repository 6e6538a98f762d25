package millrace.chat;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The offline model {@code guide}: answers questions about Millrace by quoting Millrace's documentation. It needs no
 * network and no key, and says the same to the same question.
 *
 * <p>What it streams as reasoning is what it does: the words it looks for, what it finds, and the comparison with the
 * threshold that decides whether it answers at all.
 */
final class Guide implements Upstream {

    static final String MODEL = "guide";

    /** Who speaks to the guide itself. */
    private static final Pattern GREETING = Pattern.compile("(?i)\\b(hello|hi|hey|thanks?|help|you)\\b");

    /** A section that holds less than this part of a question's weight does not answer it; pinned by tests. */
    static final double LEAST_COVERAGE = 0.5;

    /** A section is quoted beside the best one when its score is at least this part of the best. */
    private static final double LEAST_OF_BEST = 0.6;

    private static final int MOST_SECTIONS = 3;
    private static final int MOST_QUOTED_CHARS = 1_500;

    /** A short word with its space, a run of white space, or one whole visible character. */
    private static final Pattern TOKEN = Pattern.compile(" ?[\\p{L}\\p{N}]{1,7}|\\n+|[^\\S\\n]+|\\X");

    private final SectionIndex index;
    private final Duration betweenTokens;
    private final Clock clock;

    /**
     * @param documents Markdown by file name, in any order
     * @param tokensPerSecond how fast it talks; 0 is as fast as it can
     */
    Guide(Map<String, String> documents, int tokensPerSecond, Clock clock) {
        List<Section> sections = new ArrayList<>();
        documents.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(document -> sections.addAll(Section.of(document.getKey(), document.getValue())));
        this.index = new SectionIndex(sections);
        this.betweenTokens =
                tokensPerSecond == 0 ? Duration.ZERO : Duration.ofSeconds(1).dividedBy(tokensPerSecond);
        this.clock = clock;
    }

    @Override
    public String name() {
        return MODEL;
    }

    @Override
    public List<String> models() {
        return List.of(MODEL);
    }

    @Override
    public Answer ask(ChatRequest request) throws RefusedException {
        return new Talk(request);
    }

    @Override
    public byte[] askWhole(ChatRequest request) throws RefusedException {
        return new Talk(request).whole();
    }

    @Override
    public void close() {}

    /** What is thought and said about a question. */
    record Reply(String reasoning, String content) {}

    Reply reply(String question) {
        SectionIndex.Found found = index.search(question);
        if (found.terms().isEmpty()) {
            Section first = question.toLowerCase(Locale.ROOT).contains("millrace") ? beginning() : null;
            return first == null
                    ? new Reply("No word of this says what to look for, so I say what I am.\n", introduction(question))
                    : new Reply(
                            "This asks what Millrace is, so I quote how its documentation begins.\n",
                            quotation(List.of(new SectionIndex.Hit(first, 1, 1))));
        }
        StringBuilder steps = new StringBuilder();
        steps.append("Looking for: ").append(String.join(", ", found.terms())).append(".\n");
        steps.append(String.format(
                Locale.ROOT,
                "Searched %d sections; %d hold at least one of these words.\n",
                index.sections().size(),
                found.hits().size()));
        for (SectionIndex.Hit hit :
                found.hits().subList(0, Math.min(MOST_SECTIONS, found.hits().size()))) {
            steps.append(String.format(
                    Locale.ROOT,
                    "- %s: score %.2f, covers %.0f %% of the question\n",
                    hit.section().title(),
                    hit.score(),
                    100 * hit.coverage()));
        }
        List<SectionIndex.Hit> answering = found.hits().stream()
                .filter(hit -> hit.coverage() >= LEAST_COVERAGE)
                .toList();
        if (answering.isEmpty()) {
            steps.append(String.format(
                    Locale.ROOT, "None covers the %.0f %% that an answer needs.\n", 100 * LEAST_COVERAGE));
            return new Reply(steps.toString(), ignorance(found));
        }
        double best = answering.getFirst().score();
        List<SectionIndex.Hit> quoted = answering.stream()
                .filter(hit -> hit.score() >= LEAST_OF_BEST * best)
                .limit(MOST_SECTIONS)
                .toList();
        steps.append("Quoting ")
                .append(quoted.size() == 1 ? "the first" : quoted.size() + " of them")
                .append(".\n");
        return new Reply(steps.toString(), quotation(quoted));
    }

    private @Nullable Section beginning() {
        for (Section section : index.sections()) {
            if (section.document().equals("README.md")) {
                return section;
            }
        }
        return null;
    }

    private String introduction(String question) {
        boolean isGreeting = question.isBlank() || GREETING.matcher(question).find();
        StringBuilder text = new StringBuilder(isGreeting ? "Hello! 👋" : "I do not know what you are looking for. 🤷");
        text.append(" I am `guide`, the offline model inside Millrace: no neural"
                + " network, a search in Millrace's own documentation. I quote what it says, and tell you when it says"
                + " nothing. Ask me about one of these, for example:\n\n");
        index.sections().stream()
                .map(section -> section.headings().isEmpty()
                        ? section.document()
                        : section.headings().getLast())
                .distinct()
                .limit(8)
                .forEach(heading -> text.append("- ").append(heading).append('\n'));
        return text.append('\n').append(sameInATerminal()).toString();
    }

    private String ignorance(SectionIndex.Found found) {
        StringBuilder text =
                new StringBuilder("I do not know. 🤷 I am `guide`, the offline model inside Millrace; I know"
                        + " only Millrace's own documentation, and it does not answer this.\n");
        if (!found.hits().isEmpty()) {
            text.append("\nThe nearest I have found, and it is not near:\n\n");
            for (SectionIndex.Hit hit :
                    found.hits().subList(0, Math.min(MOST_SECTIONS, found.hits().size()))) {
                text.append("- ").append(hit.section().title()).append('\n');
            }
        }
        return text.append('\n').append(sameInATerminal()).toString();
    }

    private static String quotation(List<SectionIndex.Hit> hits) {
        StringBuilder text = new StringBuilder(
                "I am `guide`, the offline model inside Millrace. This is what its" + " documentation says: 📖\n");
        for (SectionIndex.Hit hit : hits) {
            text.append("\n**").append(hit.section().title()).append("**\n\n");
            excerpt(hit.section().text())
                    .lines()
                    .forEach(line ->
                            text.append(line.isEmpty() ? ">" : "> " + line).append('\n'));
        }
        return text.append('\n').append(sameInATerminal()).toString();
    }

    private static String sameInATerminal() {
        return """
                The same in a terminal, below the address of this server 🌊:

                ```sh
                curl -N http://localhost:8080/v1/chat/completions \\
                  -H 'Content-Type: application/json' \\
                  -d '{"model":"guide","stream":true,"messages":[{"role":"user","content":"How does resume work?"}]}'
                ```
                """;
    }

    /** The beginning of a long section, cut between two lines; a code block that is open there is closed. */
    private static String excerpt(String text) {
        if (text.length() <= MOST_QUOTED_CHARS) {
            return text;
        }
        StringBuilder kept = new StringBuilder();
        boolean inCode = false;
        for (String line : text.lines().toList()) {
            if (kept.length() + line.length() > MOST_QUOTED_CHARS && !kept.isEmpty()) {
                break;
            }
            inCode ^= line.startsWith("```");
            kept.append(line).append('\n');
        }
        return kept.append(inCode ? "```\n…" : "…").toString();
    }

    static List<String> tokens(String text) {
        List<String> tokens = new ArrayList<>();
        Matcher token = TOKEN.matcher(text);
        while (token.find()) {
            tokens.add(token.group());
        }
        return tokens;
    }

    /** One answer as the chunks of the OpenAI format. */
    private final class Talk implements Answer {
        private final List<String> reasoning;
        private final List<String> content;
        private final int promptTokens;
        private final boolean includeUsage;
        private final String id = "chatcmpl-" + UUID.randomUUID();
        private final long created = clock.instant().getEpochSecond();
        private final long start = System.nanoTime();
        private int said;
        private int ended;

        Talk(ChatRequest request) throws RefusedException {
            if (request.choices() != 1) {
                throw new RefusedException(
                        ApiError.invalid("n", "'guide' has one answer to a question, 'n' must be 1"));
            }
            Reply reply = reply(request.question());
            this.reasoning = tokens(reply.reasoning());
            this.content = tokens(reply.content());
            this.promptTokens = tokens(request.question()).size();
            this.includeUsage = request.includeUsage();
        }

        @Override
        public @Nullable Message next() throws InterruptedException {
            int all = reasoning.size() + content.size();
            if (said < all) {
                pace();
                int i = said++;
                String role = i == 0 ? "\"role\":\"assistant\"," : "";
                return i < reasoning.size()
                        ? chunk("{" + role + "\"reasoning_content\":" + ChatJson.quote(reasoning.get(i)) + "}", "null")
                        : chunk("{\"content\":" + ChatJson.quote(content.get(i - reasoning.size())) + "}", "null");
            }
            return switch (ended++) {
                case 0 -> chunk("{}", "\"stop\"");
                case 1 ->
                    includeUsage
                            ? Message.of(head("chat.completion.chunk") + "\"choices\":[]," + usage() + "}")
                            : next();
                case 2 -> Message.of("[DONE]");
                default -> null;
            };
        }

        /** At once: nobody watches it being said. */
        byte[] whole() {
            return (head("chat.completion")
                            + "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
                            + ChatJson.quote(String.join("", content)) + ",\"refusal\":null,\"reasoning_content\":"
                            + ChatJson.quote(String.join("", reasoning))
                            + "},\"logprobs\":null,\"finish_reason\":\"stop\"}]," + usage() + "}")
                    .getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public void close() {}

        /** Waits for the moment of the next token, counted from the start so that small delays do not add up. */
        private void pace() throws InterruptedException {
            long due = start + betweenTokens.multipliedBy(said + 1L).toNanos();
            for (long left; (left = due - System.nanoTime()) > 0; ) {
                LockSupport.parkNanos(left);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        }

        private Message chunk(String delta, String finishReason) {
            return Message.of(head("chat.completion.chunk") + "\"choices\":[{\"index\":0,\"delta\":" + delta
                    + ",\"logprobs\":null,\"finish_reason\":" + finishReason + "}]}");
        }

        private String head(String object) {
            return "{\"id\":\"" + id + "\",\"object\":\"" + object + "\",\"created\":" + created + ",\"model\":\""
                    + MODEL + "\",";
        }

        private String usage() {
            int completion = reasoning.size() + content.size();
            return "\"usage\":{\"prompt_tokens\":" + promptTokens + ",\"completion_tokens\":" + completion
                    + ",\"total_tokens\":" + (promptTokens + completion)
                    + ",\"completion_tokens_details\":{\"reasoning_tokens\":" + reasoning.size() + "}}";
        }
    }
}
