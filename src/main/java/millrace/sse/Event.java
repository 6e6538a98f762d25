package millrace.sse;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One event. */
public record Event(@Nullable String id, @Nullable String type, @Nullable String data, @Nullable Duration retry) {}
