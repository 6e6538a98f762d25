package millrace.chat;

import org.jspecify.annotations.Nullable;

/**
 * Who asks for a generation.
 *
 * @param user the only one who may read and stop it; {@code null} where who has its id may
 * @param countedAs whose generations are counted together where the user is not known: an address, a key
 */
public record Caller(@Nullable String user, String countedAs) {}
