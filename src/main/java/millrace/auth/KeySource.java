package millrace.auth;

import com.nimbusds.jose.JWSHeader;
import java.util.List;

/** Where the keys of one issuer, or of one purpose, come from. Any thread may ask; it never blocks. */
interface KeySource extends AutoCloseable {

    /**
     * The keys that may have signed a token with this header.
     *
     * @throws AccessException when there are none now, and may be in a moment
     */
    List<VerificationKey> candidates(JWSHeader header) throws AccessException;

    @Override
    default void close() {}

    /** Keys that never change. */
    static KeySource of(List<VerificationKey> keys) {
        return header -> keys.stream().filter(key -> key.fits(header)).toList();
    }
}
