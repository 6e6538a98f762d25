package millrace.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import millrace.auth.AccessException;
import millrace.auth.Principal;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.history.HistoryException;
import millrace.history.Stored;
import millrace.history.Update;
import millrace.hub.Hub;
import millrace.hub.HubLimits;
import millrace.hub.Position;
import millrace.hub.PublishForm;
import millrace.hub.PublishLine;
import millrace.hub.PublishRate;
import millrace.hub.SelectorBudget;
import millrace.hub.SubjectLimit;
import millrace.hub.SubscribeForm;
import millrace.hub.Subscription;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.FormData;
import millrace.request.LastEventId;
import millrace.request.Origins;
import millrace.stream.EventSourceClient;
import millrace.stream.ProblemResponse;
import millrace.stream.RequestBody;
import millrace.stream.StreamEngine;
import millrace.stream.StreamOptions;
import millrace.topic.HubUrl;
import millrace.topic.Selector;
import org.jspecify.annotations.Nullable;

/** {@code /.well-known/mercure}: GET and QUERY subscribe, POST publishes. */
public final class HubServlet extends ProblemServlet {
    @Serial
    private static final long serialVersionUID = 1;

    private static final List<String> METHODS = List.of("GET", "HEAD", "QUERY", "POST", "OPTIONS");
    private static final String FORM = "application/x-www-form-urlencoded";
    private static final Duration ANSWER_TIME = Duration.ofSeconds(60);
    private static final Duration SOON = Duration.ofSeconds(5);

    private transient @Nullable Parts parts;

    /** What the requests share; made once. */
    private record Parts(
            Hub hub,
            HubAccess access,
            HubUrl url,
            HubLimits limits,
            PublishRate rate,
            SubjectLimit subjects,
            StreamEngine engine,
            StreamOptions options,
            Duration lifetime,
            SelectorBudget selectors,
            long maxBody) {}

    @Override
    public void init() {
        Config config = application().config();
        StreamEngine engine = application().streams();
        parts = new Parts(
                application().hub().hub(),
                application().hub().access(),
                application().hub().url(),
                HubLimits.of(config),
                new PublishRate(config.get(Settings.HUB_PUBLISH_RATE), System::nanoTime),
                new SubjectLimit(config.get(Settings.HUB_STREAMS_PER_SUBJECT)),
                engine,
                StreamOptions.of(config, Hub.KIND),
                config.get(Settings.HUB_LIFETIME),
                new SelectorBudget(
                        SelectorBudget.Limits.of(config),
                        config.get(Settings.HUB_CLIENT_SHARE),
                        config.get(Settings.HUB_MAX_PATTERNS_EACH)),
                config.get(Settings.HUB_MAX_BODY));
    }

    private Parts parts() {
        Parts made = parts;
        if (made == null) {
            throw new IllegalStateException("not initialized");
        }
        return made;
    }

    @Override
    Origins origins() {
        return application().hub().access().origins();
    }

    @Override
    void answer(HttpServletRequest request, HttpServletResponse response) throws ProblemException, IOException {
        if (LateAnswer.isSent(request, response)) {
            return;
        }
        Parts use = parts();
        String what = request.getMethod().equals("POST") ? "publish" : "subscribe";
        try {
            switch (request.getMethod()) {
                case "GET", "HEAD" -> subscribe(use, request, response, FormData.empty());
                case "QUERY" -> query(use, request, response);
                case "POST" -> publish(use, request, response);
                case "OPTIONS" -> tellMethods(response, METHODS);
                default -> throw methodNotAllowed(response, String.join(", ", METHODS));
            }
        } catch (AccessException refused) {
            use.hub().metrics().refused(what, refused.why().name().toLowerCase(Locale.ROOT));
            throw use.access().refusal(request, response, refused);
        } catch (HistoryException unavailable) {
            use.hub().metrics().refused(what, "history");
            throw unavailable();
        } catch (ProblemException refused) {
            use.hub().metrics().refused(what, refused.problem().type().name().toLowerCase(Locale.ROOT));
            throw refused;
        }
    }

    // ---- subscribing ----

    private void query(Parts use, HttpServletRequest request, HttpServletResponse response)
            throws AccessException, ProblemException, IOException {
        use.access().authenticator().requireSubscribe(use.access().subscriber(request)); // before it costs us a body
        requireForm(request);
        byte[] body = RequestBody.readOrComeBack(request, use.engine(), use.maxBody());
        if (body != null) {
            subscribe(use, request, response, FormData.parse(body));
        }
    }

    private void subscribe(Parts use, HttpServletRequest request, HttpServletResponse response, FormData body)
            throws AccessException, ProblemException, IOException {
        Principal principal = use.access().subscriber(request);
        use.access().authenticator().requireSubscribe(principal);
        SubscribeForm form = SubscribeForm.parse(
                FormData.parse(request.getQueryString()),
                body,
                LastEventId.header(request),
                use.url(),
                use.limits(),
                use.access().authenticator().dialects());
        Position position = use.hub().position(form.cursor(), principal.view());
        if (position.precedingId() != null) {
            String id = headerValue(position.precedingId());
            response.setHeader("Last-Event-ID", id);
            response.setHeader("Mercure-Last-Event-ID", id);
        }
        response.setHeader("Cache-Control", StreamEngine.PRIVATE);
        if (use.engine().answersHead(request, response, Map.of())) {
            return;
        }
        Counted counted = enter(use, request, principal, form.selectors());
        Subscription subscription = new Subscription(
                Set.copyOf(counted.selectors),
                principal.view(),
                form.dialect() == null ? principal.dialect() : form.dialect());
        try {
            use.engine().open(request, response, use.options(), Map.of(), stream -> {
                counted.isTheStreams = true;
                stream.onClose(reason -> counted.leave());
                boolean byType = EventSourceClient.dispatchesByType(request);
                use.hub().subscribe(stream, subscription, counted.selectors, principal, position, byType);
                if (!use.lifetime().isZero()) {
                    stream.expireAfter(lessUpToAQuarter(use.lifetime()));
                }
                if (principal.expiry() != null) {
                    stream.expireAt(principal.expiry());
                }
            });
        } finally {
            if (!counted.isTheStreams) {
                counted.leave();
            }
        }
    }

    /** A subscription that counts in the limits until it leaves, once, by the request or by its stream. */
    private static final class Counted {

        /** As objects that all who have the same share. */
        final List<Selector> selectors;

        private final Runnable leave;

        /** The stream's end gives it back. */
        boolean isTheStreams;

        Counted(List<Selector> selectors, Runnable leave) {
            this.selectors = selectors;
            this.leave = leave;
        }

        void leave() {
            leave.run();
        }
    }

    private static Counted enter(Parts use, HttpServletRequest request, Principal principal, List<Selector> selectors)
            throws ProblemException {
        String subject = principal.subject();
        if (subject != null && !use.subjects().enter(subject)) {
            throw refusal(ProblemType.TOO_MANY_REQUESTS, "This token's subject has as many subscriptions as it may.");
        }
        String client = subject != null
                ? "subject " + subject
                : "address " + use.engine().addressOf(request);
        switch (use.selectors().enter(client, selectors)) {
            case SelectorBudget.Entered entered -> {
                return new Counted(entered.selectors(), () -> {
                    use.selectors().leave(entered);
                    if (subject != null) {
                        use.subjects().leave(subject);
                    }
                });
            }
            case SelectorBudget.Refused refused -> {
                if (subject != null) {
                    use.subjects().leave(subject);
                }
                throw switch (refused) {
                    case ALL_IS_USED ->
                        refusal(
                                ProblemType.UNAVAILABLE,
                                "All subscriptions together have as many selectors and patterns as they may.");
                    case SHARE_IS_USED ->
                        refusal(
                                ProblemType.TOO_MANY_REQUESTS,
                                "The subscriptions of this subject or address have as many selectors and patterns as one may.");
                };
            }
        }
    }

    private static ProblemException refusal(ProblemType type, String detail) {
        return new ProblemException(Problem.of(type, detail), SOON);
    }

    /** Differs from stream to stream. */
    private static Duration lessUpToAQuarter(Duration lifetime) {
        long millis = lifetime.toMillis();
        return Duration.ofMillis(millis - ThreadLocalRandom.current().nextLong(millis / 4 + 1));
    }

    /** Header values are bytes to a container; ours are UTF-8. */
    private static String headerValue(String id) {
        return new String(id.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    // ---- publishing ----

    private void publish(Parts use, HttpServletRequest request, HttpServletResponse response)
            throws AccessException, ProblemException, IOException {
        Principal principal = use.access().publisher(request);
        if (!principal.mayPublishSomething()) {
            use.access().authenticator().requirePublish(principal, List.of()); // before it costs us a body
        }
        String type = mediaType(request);
        if (!type.equals(FORM) && !type.equals(PublishBatch.TYPE)) {
            throw new ProblemException(
                    ProblemType.UNSUPPORTED_MEDIA_TYPE,
                    "Send " + FORM + ", or " + PublishBatch.TYPE + " for many updates.");
        }
        byte[] body = RequestBody.readOrComeBack(request, use.engine(), use.maxBody());
        if (body == null) {
            return;
        }
        if (type.equals(FORM)) {
            publishOne(use, principal, body, request, response);
        } else {
            publishBatch(use, principal, body, request, response);
        }
    }

    private static void publishOne(
            Parts use, Principal principal, byte[] body, HttpServletRequest request, HttpServletResponse response)
            throws AccessException, ProblemException, IOException {
        requireRate(use, principal);
        Update update = PublishForm.parse(FormData.parse(body), use.url(), use.limits(), principal.dialect());
        CompletableFuture<Stored> done = publish(use, principal, update);
        if (done.isDone()) {
            acknowledge(response, id(done));
            return;
        }
        LateAnswer answer = LateAnswer.to(request, response, ANSWER_TIME, HubServlet::sendUnavailable);
        use.hub()
                .answer(
                        done,
                        (stored, failure) -> answer.give(
                                stored == null ? HubServlet::sendUnavailable : to -> acknowledge(to, stored.id())));
    }

    private static void publishBatch(
            Parts use, Principal principal, byte[] body, HttpServletRequest request, HttpServletResponse response)
            throws ProblemException, IOException {
        PublishBatch batch = PublishBatch.publish(
                body,
                line -> {
                    requireRate(use, principal);
                    return publish(
                            use, principal, PublishLine.parse(line, use.url(), use.limits(), principal.dialect()));
                },
                why -> use.hub().metrics().refused("publish", why));
        if (batch.isDone() && batch.isShort()) {
            batch.answer(response);
            return;
        }
        LateAnswer answer = LateAnswer.to(request, response, ANSWER_TIME, batch::answer);
        use.hub().answer(batch.done(), (nothing, failure) -> answer.giveByContainer(request, batch::answer));
    }

    private static void requireRate(Parts use, Principal principal) throws ProblemException {
        Duration wait = use.rate().take(principal.subject() == null ? "" : principal.subject());
        if (wait != null) {
            throw new ProblemException(
                    Problem.of(ProblemType.TOO_MANY_REQUESTS, "This token publishes faster than it may."), wait);
        }
    }

    private static CompletableFuture<Stored> publish(Parts use, Principal principal, Update update)
            throws AccessException {
        use.access().authenticator().requirePublish(principal, Hub.topics(update.topics()));
        return use.hub().publish(update);
    }

    private static String id(CompletableFuture<Stored> done) throws ProblemException {
        try {
            return done.join().id();
        } catch (CompletionException failed) {
            throw unavailable();
        }
    }

    static void acknowledge(HttpServletResponse response, String id) throws IOException {
        byte[] body = id.getBytes(StandardCharsets.UTF_8);
        response.setContentType("text/plain;charset=utf-8");
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    static void sendUnavailable(HttpServletResponse response) throws IOException {
        ProblemResponse.send(response, unavailable());
    }

    static ProblemException unavailable() {
        return new ProblemException(
                Problem.of(ProblemType.UNAVAILABLE, "The history takes nothing at the moment; try again soon."), SOON);
    }

    private static void requireForm(HttpServletRequest request) throws ProblemException {
        if (!mediaType(request).equals(FORM)) {
            throw new ProblemException(ProblemType.UNSUPPORTED_MEDIA_TYPE, "Send " + FORM + ".");
        }
    }

    /** In small letters and without parameters, empty where there is none. */
    private static String mediaType(HttpServletRequest request) {
        String type = request.getContentType();
        return type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }
}
