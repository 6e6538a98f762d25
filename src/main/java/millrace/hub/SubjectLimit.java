package millrace.hub;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How many subscriptions each subject has open. Any thread may ask. */
public final class SubjectLimit {

    private final int most;
    private final Map<String, Integer> open = new ConcurrentHashMap<>();

    /** @param most 0 for no limit */
    public SubjectLimit(int most) {
        this.most = most;
    }

    /** Counts one more; false where that is too many: then nothing is counted. */
    public boolean enter(String subject) {
        if (most == 0) {
            return true;
        }
        boolean[] entered = new boolean[1];
        open.compute(subject, (key, before) -> {
            int count = before == null ? 0 : before;
            entered[0] = count < most;
            return entered[0] ? Integer.valueOf(count + 1) : before;
        });
        return entered[0];
    }

    public void leave(String subject) {
        if (most > 0) {
            open.computeIfPresent(subject, (key, count) -> count == 1 ? null : count - 1);
        }
    }
}
