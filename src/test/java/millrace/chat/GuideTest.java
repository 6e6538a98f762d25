package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import millrace.chat.Answer.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuideTest {

    private static final Map<String, String> DOCUMENTS = Map.of("README.md", """
            # Millrace

            Server-Sent Events from any servlet container.

            ## Run it

            ```sh
            # not a heading
            mvn -Prun
            ```

            It listens on port 8080 and opens no browser.

            ## Heartbeat

            A silent stream gets a comment every fifteen seconds.
            """, "docs/resume.md", """
            # Resuming a stream

            A client that comes back sends `Last-Event-ID`, and the reader goes on after that event.

            ## What is kept

            The log of a run holds at most one megabyte; positions that were passed get a gap event.
            """);

    private final Guide guide = new Guide(DOCUMENTS, 0, Clock.systemUTC());

    @ParameterizedTest
    @ValueSource(
            strings = {
                "How do I resume a stream after a reconnect of the client?",
                "what happens with Last-Event-ID?",
                "Resuming streams"
            })
    void aQuestionIsAnsweredWithTheSectionThatHoldsItsWords(String question) {
        String content = guide.reply(question).content();

        assertTrue(
                content.contains("**docs/resume.md › Resuming a stream**\n\n> A client that comes back sends"),
                content);
    }

    @Test
    void aSectionThatIsAddedToTheDocumentationIsFoundAndQuoted() {
        Map<String, String> more = new HashMap<>(DOCUMENTS);
        more.put("docs/zebra.md", "# Stripes\n\nZebras are counted\nevery Tuesday.");

        String question = "When are zebras counted?";

        assertTrue(guide.reply(question).content().startsWith("I do not know."));
        String content = new Guide(more, 0, Clock.systemUTC()).reply(question).content();
        assertTrue(
                content.contains("**docs/zebra.md › Stripes**\n\n> Zebras are counted\n> every Tuesday.\n"), content);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "What is the capital of France?",
                "How do I bake sourdough bread on port 8080?",
                "Wie spät ist es in Tokio?",
                "Can a stream cure my headache, doctor?"
            })
    void whatTheDocumentationCannotAnswerIsSaidNotToBeKnown(String question) {
        Guide.Reply reply = guide.reply(question);

        assertTrue(reply.content().startsWith("I do not know."), reply.content());
        assertTrue(reply.reasoning().endsWith("None covers the 50 % that an answer needs.\n"), reply.reasoning());
    }

    @ParameterizedTest
    @ValueSource(strings = {"weather", "opens", "reader?", "the", "What?"})
    void aSingleWordThatIsUnknownOrOnlyMentionedIsSaidNotToBeKnown(String word) {
        assertSays(guide.reply(word), "I do not know", "I am `guide`");
    }

    @Test
    void aSingleWordIsAnsweredByASectionThatIsAboutIt() {
        assertTrue(guide.reply("heartbeats?").content().contains("> A silent stream gets a comment"));

        Map<String, String> more = new HashMap<>(DOCUMENTS);
        more.put("docs/animals.md", "# Stripes\n\nA zebra is counted. Each zebra counts as one zebra.");
        assertTrue(new Guide(more, 0, Clock.systemUTC())
                .reply("zebra")
                .content()
                .contains("**docs/animals.md › Stripes**"));
    }

    @Test
    void theThresholdIsOnTheCoverageOfTheQuestion() {
        // words of the same rarity, each in one section: two of four are 50 %, two of five are 40 %
        Guide five = new Guide(
                Map.of("a.md", "alpha beta", "b.md", "delta", "c.md", "epsilon", "d.md", "alpine"),
                0,
                Clock.systemUTC());

        assertTrue(five.reply("alpha beta delta epsilon").content().contains("> alpha beta"));
        assertTrue(five.reply("alpha beta delta epsilon alpine").content().startsWith("I do not know."));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Hello!", "Who are you?", "What can you do for me?"})
    void aQuestionAboutNothingIsAnsweredWithWhatTheGuideIs(String question) {
        assertSays(
                guide.reply(question),
                "I am `guide`, the offline model inside Millrace: no neural network",
                "- Heartbeat\n");
    }

    @Test
    void whatMillraceIsIsToldByTheBeginningOfItsDocumentation() {
        String content = guide.reply("What is Millrace?").content();

        assertTrue(content.contains("**README.md › Millrace**\n\n> Server-Sent Events from any"), content);
    }

    @Test
    void howToUseItComesBeforeWhyItIsSo() {
        Guide both = new Guide(
                Map.of("docs/a.md", "# A\n\nzebra stripes", "docs/decisions/0001-a.md", "# A\n\nzebra stripes"),
                0,
                Clock.systemUTC());

        String content = both.reply("zebra stripes").content();

        assertTrue(content.indexOf("**docs/a.md") < content.indexOf("**docs/decisions/0001-a.md"), content);
        assertTrue(content.contains("**docs/decisions/0001-a.md"), content);
    }

    @Test
    void theReasoningTellsTheStepsOfTheSearch() {
        List<String> steps =
                guide.reply("Heartbeat of silent streams?").reasoning().lines().toList();

        assertEquals("Looking for: heartbeat, silent, stream.", steps.get(0));
        assertEquals("Searched 5 sections; 3 hold at least one of these words.", steps.get(1));
        assertTrue(
                steps.get(2)
                        .matches(
                                "- README.md › Millrace › Heartbeat: score \\d\\.\\d\\d, covers 100 % of the question"),
                steps.get(2));
        assertTrue(steps.get(3).startsWith("- docs/resume.md › Resuming a stream: score "), steps.get(3));
        assertEquals("Quoting the first.", steps.get(5));
    }

    @Test
    void aNumberSignInACodeBlockIsNoHeading() {
        List<Section> sections = Section.of("README.md", DOCUMENTS.get("README.md"));

        assertEquals(
                List.of("README.md › Millrace", "README.md › Millrace › Run it", "README.md › Millrace › Heartbeat"),
                sections.stream().map(Section::title).toList());
        assertTrue(sections.get(1).text().contains("# not a heading"));
    }

    @Test
    void aLongSectionIsCutBetweenLinesAndItsOpenCodeBlockIsClosed() {
        String text = "# Long ostrich\n\n```\n" + "ostrich ostrich\n".repeat(200) + "```\n";

        String content = new Guide(Map.of("long.md", text), 0, Clock.systemUTC())
                .reply("ostrich")
                .content();

        assertTrue(content.contains("> ostrich ostrich\n> ```\n> …\n"), content);
        assertTrue(content.length() < 2_500, "it has " + content.length() + " characters");
    }

    @Test
    void aFormFeedOrAnyOtherTextComesBackTogetherFromItsTokens() {
        String text = "Ünïcode 👩‍👩‍👧 héllo\r\n\n\tx\f“q” e\u0301 internationalisation 1234567890 \u0000 𝒳";

        assertEquals(text, String.join("", Guide.tokens(text)));
        assertTrue(Guide.tokens(text).contains("👩‍👩‍👧"), "an emoji is one token");
    }

    @Test
    void theStreamIsTheReplyTokenByTokenAndTheSameEachTime() throws Exception {
        ChatRequest request = ChatRequest.streamOf("guide", null, "How do I resume a stream?");
        Guide.Reply reply = guide.reply(request.question());

        List<JsonObject> chunks = chunks(guide.ask(request));

        assertEquals(reply.reasoning(), joined(chunks, "reasoning_content"));
        assertEquals(reply.content(), joined(chunks, "content"));
        assertEquals(
                "assistant", choice(chunks.getFirst()).getJsonObject("delta").getString("role"));
        assertEquals("stop", choice(chunks.getLast()).getString("finish_reason"));
        assertTrue(reply.content().contains("```sh\n") && reply.content().contains("📖"), reply.content());
        assertEquals(joined(chunks, "content"), joined(chunks(guide.ask(request)), "content"));
        assertNotEquals(
                chunks.getFirst().getString("id"),
                chunks(guide.ask(request)).getFirst().getString("id"));
    }

    @Test
    void theWholeAnswerIsWhatTheStreamSays() throws Exception {
        ChatRequest request = ChatRequest.streamOf("guide", null, "How do I resume a stream?");

        JsonObject whole = json(new String(guide.askWhole(request), StandardCharsets.UTF_8));

        JsonObject choice = choice(whole);
        assertEquals(
                guide.reply(request.question()).content(),
                choice.getJsonObject("message").getString("content"));
        assertEquals("stop", choice.getString("finish_reason"));
        assertTrue(whole.getJsonObject("usage").getInt("completion_tokens") > 100);
    }

    @Test
    void usageComesBeforeTheEndWhenItIsAskedFor() throws Exception {
        ChatRequest request = ChatRequest.read("""
                {"model":"guide","stream":true,"stream_options":{"include_usage":true},
                 "messages":[{"role":"user","content":"heartbeat"}]}""".getBytes(StandardCharsets.UTF_8));

        JsonObject last = chunks(guide.ask(request)).getLast();

        assertTrue(last.getJsonArray("choices").isEmpty());
        assertEquals(2, last.getJsonObject("usage").getInt("prompt_tokens")); // "heartbe", "at"
    }

    @Test
    void itTalksAtItsPace() throws Exception {
        long start = System.nanoTime(); // before the question: the pace is counted from there
        Answer answer =
                new Guide(DOCUMENTS, 100, Clock.systemUTC()).ask(ChatRequest.streamOf("guide", null, "heartbeat"));

        for (int i = 0; i < 20; i++) {
            answer.next();
        }

        long millis = (System.nanoTime() - start) / 1_000_000;
        assertTrue(millis >= 195, "20 tokens at 100 a second took " + millis + " ms");
    }

    @Test
    void anInterruptEndsTheWaitForATokenAtOnce() throws Exception {
        Answer slow = new Guide(DOCUMENTS, 1, Clock.systemUTC()).ask(ChatRequest.streamOf("guide", null, "heartbeat"));

        Thread.currentThread().interrupt();

        assertThrows(InterruptedException.class, slow::next);
        assertFalse(Thread.interrupted());
    }

    @Test
    void severalChoicesAreRefused() {
        ChatRequest request = new ChatRequest(new byte[0], "guide", true, false, 2, "x");

        RefusedException refused = assertThrows(RefusedException.class, () -> guide.ask(request));

        assertEquals(400, refused.error().status());
    }

    private static List<JsonObject> chunks(Answer answer) throws Exception {
        List<JsonObject> chunks = new ArrayList<>();
        for (Message event = answer.next(); event != null; event = answer.next()) {
            if (!"[DONE]".equals(event.data())) {
                chunks.add(json(event.data()));
            }
        }
        return chunks;
    }

    private static JsonObject json(String text) {
        return ChatJson.PROVIDER.createReader(new StringReader(text)).readObject();
    }

    private static JsonObject choice(JsonObject chunk) {
        return chunk.getJsonArray("choices").getJsonObject(0);
    }

    private static String joined(List<JsonObject> chunks, String field) {
        return chunks.stream()
                .filter(chunk -> !chunk.getJsonArray("choices").isEmpty())
                .map(chunk -> choice(chunk).getJsonObject("delta").getString(field, ""))
                .collect(Collectors.joining());
    }

    private static void assertSays(Guide.Reply reply, String... parts) {
        for (String part : parts) {
            assertTrue(reply.content().contains(part), reply.content());
        }
    }
}
