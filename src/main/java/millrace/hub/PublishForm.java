package millrace.hub;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import millrace.auth.Dialect;
import millrace.history.Update;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.FormData;
import millrace.sse.Event;
import millrace.topic.HubUrl;
import millrace.topic.Topic;
import org.jspecify.annotations.Nullable;

/** Reads the form of a publish request: {@code topic}, {@code data}, {@code private}, {@code id}, {@code type}, {@code retry}. */
public final class PublishForm {

    private PublishForm() {}

    /**
     * Reads the update. Fields with other names are ignored.
     *
     * @throws ProblemException 400 that names the field, or 403 where 0.x answers so
     */
    public static Update parse(FormData form, HubUrl hub, HubLimits limits, Dialect dialect) throws ProblemException {
        return update(
                form.all("topic"),
                form.first("data"),
                form.first("private") != null,
                form.first("id"),
                form.first("type"),
                form.first("retry"),
                hub,
                limits,
                dialect);
    }

    /** As {@link #parse}, of fields that have been read from somewhere else. */
    static Update update(
            List<String> topics,
            @Nullable String data,
            boolean isPrivate,
            @Nullable String id,
            @Nullable String type,
            @Nullable String milliseconds,
            HubUrl hub,
            HubLimits limits,
            Dialect dialect)
            throws ProblemException {
        if (topics.isEmpty()) {
            throw bad("Name at least one topic.");
        }
        if (topics.size() > limits.maxTopics()) {
            throw bad("There are " + topics.size() + " topics; one update has at most " + limits.maxTopics() + ".");
        }
        int length = 0;
        for (String topic : topics) {
            length += check(topic, hub, limits, dialect);
            if (length > limits.maxTopicsLength()) {
                throw bad("The topics of one update have at most " + limits.maxTopicsLength()
                        + " characters together, as whole URLs and percent-encoded.");
            }
        }
        try {
            Event event = new Event(id(id), type(type), data == null ? "" : data, null);
            Duration retry = retry(milliseconds);
            return new Update(
                    event.id() == null ? "" : event.id(),
                    topics,
                    isPrivate,
                    retry == null ? event : event.withRetry(retry));
        } catch (IllegalArgumentException illegal) {
            throw bad("This cannot be sent: " + illegal.getMessage() + ".");
        }
    }

    /** Returns how long it is when it is matched. */
    private static int check(String topic, HubUrl hub, HubLimits limits, Dialect dialect) throws ProblemException {
        if (topic.isEmpty()) {
            throw bad("A topic is empty.");
        }
        if (topic.equals("*")) {
            throw bad("The topic * is none: it selects every topic.");
        }
        if (utf8Length(topic) > limits.maxTopicBytes()) {
            throw bad("A topic is longer than " + limits.maxTopicBytes() + " bytes.");
        }
        if (Topic.invisibleCharacter(topic) >= 0) {
            throw bad("A topic holds a control or format character.");
        }
        Topic named = Topic.of(topic);
        // the path by which presence is told does not change with where the application lies
        if (hub.reserves(named) || hub.isAtOrBelow(named, Hub.PATH)) {
            throw new ProblemException(
                    dialect == Dialect.V0 ? ProblemType.FORBIDDEN : ProblemType.BAD_PARAMETER,
                    "The topics at and below the hub's own path are the hub's.");
        }
        return named.matchedLength(hub);
    }

    /** An id that nobody can guess, unless the publisher gave one. */
    private static String id(@Nullable String given) throws ProblemException {
        if (given == null || given.isEmpty()) {
            return "urn:uuid:" + UUID.randomUUID();
        }
        if (given.startsWith("#") || given.equals(Hub.EARLIEST)) {
            throw bad("An id does not begin with # and is not 'earliest': those are the hub's.");
        }
        if (Topic.invisibleCharacter(given) >= 0) {
            throw bad("An id holds no control and no format characters.");
        }
        // it comes back in a header, whose value HTTP strips (RFC 9110, section 5.5): it would be an unknown one then
        if (given.startsWith(" ") || given.endsWith(" ")) {
            throw bad("An id does not begin or end with a space: it would not come back so in a header.");
        }
        return given;
    }

    private static @Nullable String type(@Nullable String given) throws ProblemException {
        if (given == null || given.isEmpty()) {
            return null;
        }
        if (given.equals("mercure")) {
            throw bad("The type 'mercure' is the hub's.");
        }
        if (Topic.invisibleCharacter(given) >= 0) {
            throw bad("A type holds no control and no format characters.");
        }
        return given;
    }

    private static @Nullable Duration retry(@Nullable String given) throws ProblemException {
        if (given == null || given.isEmpty()) {
            return null;
        }
        if (given.length() > 15 || !given.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw bad("retry is a number of milliseconds, in ASCII digits.");
        }
        return Duration.ofMillis(Long.parseLong(given));
    }

    static int utf8Length(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static ProblemException bad(String detail) {
        return new ProblemException(ProblemType.BAD_PARAMETER, detail);
    }
}
