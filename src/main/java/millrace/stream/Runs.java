package millrace.stream;

import jakarta.json.spi.JsonProvider;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.log.ByteBudget;
import millrace.log.CloseReason;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.sse.Event;
import org.jspecify.annotations.Nullable;

/** All runs of an application, and the bounds on them: so many in all and per user, so many bytes. */
public final class Runs {

    static final int ID_LENGTH = 22;

    /** A run's id and a position in it, read from an event's id. */
    public record Position(String run, long position) {

        /** {@code null} where the text is no id of an event of a run. */
        public static @Nullable Position parse(String eventId) {
            int digits = eventId.length() - ID_LENGTH - 1;
            if (digits < 1 || digits > 18 || eventId.charAt(ID_LENGTH) != '-' || !isRunId(eventId, ID_LENGTH)) {
                return null;
            }
            long position = 0;
            for (int i = ID_LENGTH + 1; i < eventId.length(); i++) {
                int digit = eventId.charAt(i) - '0';
                if (digit < 0 || digit > 9) {
                    return null;
                }
                position = position * 10 + digit;
            }
            return new Position(eventId.substring(0, ID_LENGTH), position);
        }
    }

    /** What one user holds; guarded by {@link #lock}. */
    private static final class Holder {
        final ByteBudget budget;
        int runs;

        Holder(ByteBudget budget) {
            this.budget = budget;
        }
    }

    private static final JsonProvider JSON = JsonProvider.provider();

    private final StreamEngine engine;
    private final int maxRuns;
    private final int maxRunsPerUser;
    private final long maxBytesPerUser;
    private final Duration kept;
    private final ByteBudget budget;
    private final SecureRandom random = new SecureRandom();

    private final Object lock = new Object();
    private final Map<String, Run> byId = new HashMap<>();
    private final Map<String, Holder> holders = new HashMap<>();

    /** Ended runs, those that ended first in front. */
    private final ArrayDeque<Run> ended = new ArrayDeque<>();

    Runs(StreamEngine engine, Config config, ByteBudget whole) {
        this.engine = engine;
        this.maxRuns = config.get(Settings.MAX_RUNS);
        this.maxRunsPerUser = config.get(Settings.MAX_RUNS_PER_USER);
        this.maxBytesPerUser = config.get(Settings.RUN_BYTES_PER_USER);
        this.kept = config.get(Settings.RUN_KEPT);
        this.budget = new ByteBudget(whole, config.get(Settings.RUN_BYTES_TOTAL));
    }

    /**
     * Starts a run. It is cancelled when nobody reads it for the grace time of the options.
     *
     * @param origin what started it, e.g. a servlet's name: a request to another does not resume it
     * @param owner who starts it, if known: only this user may read and stop it
     * @param address counted instead of the owner where that is not known
     * @throws ProblemException 503 or 429 where too many are held
     */
    public Run start(StreamOptions options, String origin, @Nullable String owner, String address, Producer producer)
            throws ProblemException {
        engine.requireRoom(address);
        String ownerKey = owner == null ? "address " + address : "user " + owner;
        Run run;
        synchronized (lock) {
            if (engine.isDraining()) {
                throw new ProblemException(
                        Problem.of(ProblemType.UNAVAILABLE, "The application stops."), engine.untilRestarted());
            }
            Holder holder =
                    holders.computeIfAbsent(ownerKey, key -> new Holder(new ByteBudget(budget, maxBytesPerUser)));
            if (holder.runs >= maxRunsPerUser && !evict(ownerKey)) {
                throw new ProblemException(
                        Problem.of(
                                ProblemType.TOO_MANY_REQUESTS,
                                "You have " + holder.runs + " runs going; stop one or wait until one ends."),
                        Duration.ofSeconds(10));
            }
            if (byId.size() >= maxRuns && !evict(null)) {
                dropIfEmpty(ownerKey);
                throw new ProblemException(
                        Problem.of(ProblemType.UNAVAILABLE, "Too many runs are going on this server."),
                        Duration.ofSeconds(10));
            }
            holder = holders.computeIfAbsent(ownerKey, key -> new Holder(new ByteBudget(budget, maxBytesPerUser)));
            run = new Run(engine, this, token(), token(), origin, owner, ownerKey, options, holder.budget);
            holder.runs++;
            byId.put(run.id(), run);
        }
        run.begun();
        run.startProducer(producer);
        return run;
    }

    /** The run with that id, if it is held and that user may read it; else nothing: nobody learns of others' runs. */
    public @Nullable Run find(String id, @Nullable String user) {
        Run run;
        synchronized (lock) {
            run = byId.get(id);
        }
        return run == null || run.owner() != null && !run.owner().equals(user) ? null : run;
    }

    /** Whether that text has the form of a run's id. */
    public static boolean isRunId(String text) {
        return text.length() == ID_LENGTH && isRunId(text, ID_LENGTH);
    }

    /** Runs held now, ended ones included. */
    public int held() {
        synchronized (lock) {
            return byId.size();
        }
    }

    /** Bytes of all their events. */
    public long heldBytes() {
        return budget.used();
    }

    void stopAll(CloseReason reason) {
        Run[] all;
        synchronized (lock) {
            all = byId.values().toArray(Run[]::new);
        }
        for (Run run : all) {
            run.stop(reason);
        }
    }

    void ended(Run run) {
        synchronized (lock) {
            if (byId.get(run.id()) == run) {
                ended.add(run);
                run.forgetting = engine.timer().schedule(kept, () -> {
                    synchronized (lock) {
                        forget(run);
                    }
                });
            }
        }
    }

    /**
     * Makes room for a run that is going: forgets the run that ended first and that nobody reads.
     *
     * @param ownerKey only a run of that owner; {@code null} for anyone's
     * @return whether there was such a run
     */
    boolean makeRoom(@Nullable String ownerKey) {
        synchronized (lock) {
            return evict(ownerKey);
        }
    }

    Event gapEvent(String asked, String goesOnAfter) {
        String json = JSON.createObjectBuilder()
                .add("requested", asked)
                .add("continues_after", goesOnAfter)
                .build()
                .toString();
        return Event.of("gap", json).withId(goesOnAfter);
    }

    private boolean evict(@Nullable String ownerKey) {
        for (Run run : ended) {
            if ((ownerKey == null || run.ownerKey().equals(ownerKey)) && run.readers() == 0) {
                forget(run);
                return true;
            }
        }
        return false;
    }

    private void forget(Run run) {
        ended.remove(run);
        if (byId.remove(run.id(), run)) {
            run.log().discard();
            if (run.forgetting != null) {
                run.forgetting.cancel(false); // else the timer would keep it in memory
            }
            Holder holder = holders.get(run.ownerKey());
            if (holder != null) {
                holder.runs--;
                dropIfEmpty(run.ownerKey());
            }
        }
    }

    private void dropIfEmpty(String ownerKey) {
        Holder holder = holders.get(ownerKey);
        if (holder != null && holder.runs == 0) {
            holders.remove(ownerKey);
        }
    }

    private String token() {
        byte[] bits = new byte[16];
        random.nextBytes(bits);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
    }

    private static boolean isRunId(String text, int length) {
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            boolean known =
                    c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_';
            if (!known) {
                return false;
            }
        }
        return true;
    }
}
