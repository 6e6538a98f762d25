package millrace.stream;

import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import millrace.config.Config;
import millrace.config.Settings;
import millrace.problem.Problem;
import millrace.problem.ProblemException;
import millrace.problem.ProblemType;
import millrace.request.ClientAddress;
import org.jspecify.annotations.Nullable;

/** How many streams may be open at once, in all and for each client address. Any thread. */
final class StreamLimits {

    private static final Duration LATER = Duration.ofSeconds(10);

    private final ClientAddress addresses;
    private final int maxStreams;
    private final int maxStreamsPerAddress;
    private final Map<String, AtomicInteger> openByAddress = new ConcurrentHashMap<>();
    private final AtomicInteger openCount = new AtomicInteger();

    StreamLimits(Config config) {
        this.addresses = new ClientAddress(config.get(Settings.PROXIES));
        this.maxStreams = config.get(Settings.MAX_STREAMS);
        this.maxStreamsPerAddress = config.get(Settings.MAX_STREAMS_PER_ADDRESS);
    }

    String addressOf(HttpServletRequest request) {
        return addresses.of(request);
    }

    /** Streams open now. */
    int open() {
        return openCount.get();
    }

    /** Refuses what {@link #enter} would refuse now. */
    void requireRoom(String address) throws ProblemException {
        if (maxStreams > 0 && openCount.get() >= maxStreams) {
            throw tooManyStreams();
        }
        AtomicInteger here = openByAddress.get(address);
        if (maxStreamsPerAddress > 0 && here != null && here.get() >= maxStreamsPerAddress) {
            throw tooManyForAddress();
        }
    }

    /** Counts one more stream, until it leaves. */
    void enter(String address) throws ProblemException {
        requireRoom(address);
        int now = openCount.incrementAndGet();
        if (maxStreams > 0 && now > maxStreams) {
            openCount.decrementAndGet();
            throw tooManyStreams();
        }
        if (maxStreamsPerAddress > 0) {
            int here = openByAddress
                    .compute(address, (key, count) -> {
                        AtomicInteger some = count == null ? new AtomicInteger() : count;
                        some.incrementAndGet();
                        return some;
                    })
                    .get();
            if (here > maxStreamsPerAddress) {
                leave(address);
                throw tooManyForAddress();
            }
        }
    }

    private static ProblemException tooManyStreams() {
        return new ProblemException(
                Problem.of(ProblemType.UNAVAILABLE, "This server has as many streams open as it may."), LATER);
    }

    private ProblemException tooManyForAddress() {
        return new ProblemException(
                Problem.of(
                        ProblemType.TOO_MANY_REQUESTS,
                        "Your address has " + maxStreamsPerAddress + " streams open, the most it may."),
                LATER);
    }

    /** The same for what is no servlet's response. */
    void enterUnlimited() {
        openCount.incrementAndGet();
    }

    void leave(@Nullable String address) {
        openCount.decrementAndGet();
        if (maxStreamsPerAddress > 0 && address != null) {
            openByAddress.computeIfPresent(address, (key, count) -> count.decrementAndGet() <= 0 ? null : count);
        }
    }
}
