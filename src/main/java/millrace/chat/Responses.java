package millrace.chat;

import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.log.CloseReason;
import millrace.stream.Run;
import millrace.stream.Runs;
import org.jspecify.annotations.Nullable;

/**
 * The responses that can be asked for again: those that were to be stored, for as long as their runs are held. Any thread
 * may use it.
 */
public final class Responses {

    /** One response. */
    public static final class Stored {
        private final Generation generation;
        private final ResponsesFace face;
        private final Caller owner;

        /** Of this turn and of those before. */
        private final List<JsonObject> input;

        private final long inputChars;

        private Stored(
                Generation generation, ResponsesFace face, Caller owner, List<JsonObject> input, long inputChars) {
            this.generation = generation;
            this.face = face;
            this.owner = owner;
            this.input = List.copyOf(input);
            this.inputChars = inputChars;
        }

        /** What it costs in memory, roughly. */
        private long chars() {
            return inputChars + face.chars();
        }

        public String id() {
            return ResponsesFace.idOf(run().id());
        }

        public Run run() {
            return generation.run();
        }

        public Generation generation() {
            return generation;
        }

        /** How many events there are so far. */
        public long events() {
            return face.events();
        }

        /** Whether it has ended. */
        public boolean isOver() {
            return face.isOver();
        }

        /** The response as it is now. */
        public byte[] json() {
            return face.response().toString().getBytes(StandardCharsets.UTF_8);
        }

        /**
         * Waits until it has ended; an interrupt stops it.
         *
         * @throws RefusedException when it failed: nothing of it is of use for who waits for the whole
         */
        public byte[] whole() throws RefusedException, InterruptedException {
            try {
                generation.awaitEnd();
            } catch (InterruptedException gone) {
                run().stop(CloseReason.CLIENT_GONE);
                throw gone;
            }
            ApiError refused = generation.refusal();
            if (refused != null) {
                throw new RefusedException(refused);
            }
            JsonObject response = face.response();
            if (response.get("error") instanceof JsonObject error) {
                throw new RefusedException(ApiError.upstream(502, "upstream_failed", error.getString("message", "")));
            }
            return json();
        }

        /** Ends it, and returns it as it is then. Blocks for a moment. Again is fine. */
        public byte[] cancel() throws InterruptedException {
            if (!isOver()) {
                generation.cancel();
            }
            return json();
        }

        /**
         * The items that it answered.
         *
         * @param after only those behind the one with this id, in the order asked for
         */
        public byte[] inputItems(int limit, boolean ascending, @Nullable String after) throws RefusedException {
            List<JsonObject> all = new ArrayList<>();
            for (int i = 0; i < input.size(); i++) {
                all.add(listed(input.get(i), i));
            }
            if (!ascending) {
                Collections.reverse(all);
            }
            int from = 0;
            if (after != null) {
                while (from < all.size() && !all.get(from).getString("id", "").equals(after)) {
                    from++;
                }
                if (from++ == all.size()) {
                    throw new RefusedException(ApiError.invalid("after", "there is no item '" + after + "'"));
                }
            }
            List<JsonObject> page = all.subList(from, Math.min(all.size(), from + limit));
            JsonArrayBuilder data = ChatJson.PROVIDER.createArrayBuilder();
            page.forEach(data::add);
            JsonObjectBuilder list = ChatJson.PROVIDER
                    .createObjectBuilder()
                    .add("object", "list")
                    .add("data", data)
                    .add("has_more", from + page.size() < all.size());
            if (page.isEmpty()) {
                list.addNull("first_id").addNull("last_id");
            } else {
                list.add("first_id", page.getFirst().getString("id", ""))
                        .add("last_id", page.getLast().getString("id", ""));
            }
            return list.build().toString().getBytes(StandardCharsets.UTF_8);
        }

        /** With an id, and its content as parts. */
        private JsonObject listed(JsonObject item, int place) {
            JsonObjectBuilder listed = ChatJson.PROVIDER.createObjectBuilder(item);
            if (!(item.get("id") instanceof JsonString)) {
                listed.add("id", "item_" + run().id() + "_" + place);
            }
            if (item.getString("type", "message").equals("message")) {
                listed.add("type", "message").add("status", "completed");
                if (item.get("content") instanceof JsonString text) {
                    boolean isAnswer = item.getString("role", "").equals("assistant");
                    JsonObjectBuilder part = ChatJson.PROVIDER
                            .createObjectBuilder()
                            .add("type", isAnswer ? "output_text" : "input_text")
                            .add("text", text);
                    if (isAnswer) {
                        part.add("annotations", JsonValue.EMPTY_JSON_ARRAY);
                    }
                    listed.add(
                            "content",
                            ChatJson.PROVIDER.createArrayBuilder().add(part).build());
                }
            }
            return listed.build();
        }
    }

    private static final int LEAST_SWEPT = 100;

    private final Generations generations;
    private final Runs runs;
    private final InstantSource clock;
    private final long maxChars;

    private final Object lock = new Object();

    /** By id, the oldest first. */
    private final Map<String, Stored> byId = new LinkedHashMap<>();

    private int sweepAt = LEAST_SWEPT;

    public Responses(Config config, Generations generations, Runs runs, InstantSource clock) {
        this.generations = generations;
        this.runs = runs;
        this.clock = clock;
        this.maxChars = config.get(Settings.RUN_BYTES_TOTAL);
    }

    /**
     * Begins a response; does not wait for the upstream.
     *
     * @throws RefusedException when there is no such model or no such response before it, or too much is going on
     */
    public Stored create(ResponsesRequest request, Caller caller) throws RefusedException {
        if (request.store()) {
            makeRoom();
        }
        List<JsonObject> items = new ArrayList<>();
        if (request.previous() != null) {
            Stored before = previous(request.previous(), caller);
            items.addAll(before.input);
            items.addAll(before.face.output());
        }
        ChatRequest chat = request.toChat(items);
        items.addAll(request.input());
        ResponsesFace face = new ResponsesFace(request, clock.instant().getEpochSecond());
        boolean goesOn = request.background() || !request.stream();
        Generation generation = generations.start(
                chat, caller, face, goesOn ? Generations.Life.TO_ITS_END : Generations.Life.WHILE_READ);
        face.runs(generation.run().id());
        Stored stored = new Stored(generation, face, caller, items, chat.body().length);
        if (request.store()) {
            synchronized (lock) {
                byId.put(stored.id(), stored);
            }
        }
        return stored;
    }

    /**
     * The response with that id.
     *
     * @throws RefusedException with status 404 where it is not held, or is somebody else's
     */
    public Stored find(String id, Caller caller) throws RefusedException {
        Stored stored = held(id, caller);
        if (stored == null) {
            throw new RefusedException(ApiError.of(
                    404,
                    "invalid_request_error",
                    "id",
                    "response_not_found",
                    "Response with id '" + id + "' not found, or not held any more.",
                    Map.of()));
        }
        return stored;
    }

    /** Forgets a response, and stops it if it has not ended. */
    public void delete(Stored stored) {
        synchronized (lock) {
            byId.remove(stored.id(), stored);
        }
        stored.run().stop(CloseReason.STOPPED);
    }

    private Stored previous(String id, Caller caller) throws RefusedException {
        Stored stored = held(id, caller);
        if (stored == null) {
            throw new RefusedException(ApiError.of(
                    400,
                    "invalid_request_error",
                    "previous_response_id",
                    "previous_response_not_found",
                    "Previous response with id '" + id + "' not found, or not held any more.",
                    Map.of()));
        }
        if (!stored.isOver()) {
            throw new RefusedException(
                    ApiError.invalid("previous_response_id", "the response '" + id + "' has not ended yet"));
        }
        return stored;
    }

    private @Nullable Stored held(String id, Caller caller) {
        Stored stored;
        synchronized (lock) {
            stored = byId.get(id);
        }
        return stored == null || !stored.owner.equals(caller) || !isHeld(stored) ? null : stored;
    }

    private boolean isHeld(Stored stored) {
        return runs.find(stored.run().id(), stored.run().owner()) != null;
    }

    /** Lets go of what is not held any more, and if that is not enough, of those that ended first. */
    private void makeRoom() throws RefusedException {
        synchronized (lock) {
            long chars = 0;
            for (Stored one : byId.values()) {
                chars += one.chars();
            }
            if (byId.size() < sweepAt && chars <= maxChars) {
                return;
            }
            for (Iterator<Stored> all = byId.values().iterator(); all.hasNext(); ) {
                Stored one = all.next();
                if (!isHeld(one) || chars > maxChars && one.isOver()) {
                    all.remove();
                    chars -= one.chars();
                }
            }
            sweepAt = LEAST_SWEPT + 2 * byId.size();
            if (chars <= maxChars) {
                return;
            }
        }
        throw new RefusedException(ApiError.of(
                503,
                "server_error",
                null,
                "unavailable",
                "Too much is being answered on this server.",
                Map.of("Retry-After", "10")));
    }
}
