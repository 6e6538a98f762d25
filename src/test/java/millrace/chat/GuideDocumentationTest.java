package millrace.chat;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What newcomers ask the guide, answered from the documentation as it stands. */
class GuideDocumentationTest {

    private static final Guide GUIDE = new Guide(documentation(), 0, Clock.systemUTC());

    private static Map<String, String> documentation() {
        Map<String, String> documents = new HashMap<>();
        try (Stream<Path> pages = Files.walk(Path.of("docs"))) {
            for (Path page : Stream.concat(Stream.of(Path.of("README.md")), pages)
                    .filter(path -> path.toString().endsWith(".md"))
                    .toList()) {
                documents.put(page.toString(), Files.readString(page));
            }
        } catch (IOException unreadable) {
            throw new AssertionError(unreadable);
        }
        return documents;
    }

    @ParameterizedTest
    @CsvSource({
        "publish from Java, docs/java.md › From your own Java › Publish from Java",
        "How do I publish from Java?, docs/java.md › From your own Java › Publish from Java",
        "How can I publish an update from my Java code?, docs/java.md › From your own Java › Publish from Java",
        "unit test, docs/java.md › From your own Java › Unit test a StreamServlet",
        "How do I write a unit test for my servlet?, docs/java.md › From your own Java › Unit test a StreamServlet",
        "How can I unit-test a StreamServlet?, docs/java.md › From your own Java › Unit test a StreamServlet",
        "guarantees, docs/guarantees.md › Guarantees",
        "What guarantees does Millrace give?, docs/guarantees.md › Guarantees",
        "What is guaranteed?, docs/guarantees.md › Guarantees ›",
        "Spring Boot, docs/java.md › From your own Java › Spring Boot",
        "Does it work with Spring Boot?, docs/java.md › From your own Java › Spring Boot",
        "How do I use Millrace in a Spring Boot application?, docs/java.md › From your own Java › Spring Boot",
        "How do I run it?, README.md › Millrace › Run it",
        "How do I run Millrace?, README.md › Millrace › Run it",
        "How do I resume an answer after a reload?, docs/chat.md › Chat › Resume an answer after a reload",
        "How do I stop an answer?, docs/chat.md › Chat › Stop an answer",
        "What do I set on Jetty?, docs/servers.md › Settings of your own server › Jetty",
    })
    void aNewcomersQuestionIsAnsweredByTheSectionThatIsAboutIt(String question, String section) {
        Guide.Reply reply = GUIDE.reply(question);
        String first = reply.content()
                .lines()
                .filter(line -> line.startsWith("**"))
                .findFirst()
                .orElse("nothing");
        assertTrue(first.startsWith("**" + section), first + " of\n" + reply.reasoning());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Quarkus",
                "Does it work with Micronaut?",
                "Can I use it with Spring WebFlux and Kotlin?",
                "How do I write a plugin for WordPress?",
                "What is the capital of France?",
                "Is there a Python client library?",
                "GraphQL subscriptions",
            })
    void whatNoSectionIsAboutIsSaidNotToBeKnown(String question) {
        Guide.Reply reply = GUIDE.reply(question);
        assertTrue(
                List.of("I do not know. ").stream().anyMatch(reply.content()::startsWith),
                reply.content().substring(0, Math.min(300, reply.content().length())) + reply.reasoning());
    }
}
