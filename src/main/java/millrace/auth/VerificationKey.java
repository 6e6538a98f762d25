package millrace.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyOperation;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.OctetSequenceKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One key that tokens are verified with, bound to the algorithms that its type, its size, its own {@code alg} and the
 * allow-list leave: a public key can never be taken for a secret. Immutable; any thread may verify.
 */
final class VerificationKey {

    /** All that can be allowed; {@code none} is not an algorithm. */
    static final List<String> ALGORITHMS = List.of(
            "EdDSA", "Ed25519", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
            "HS256", "HS384", "HS512");

    private static final int MIN_RSA_BITS = 2_048;

    // RFC 8410: what stands before the 32 bytes of an Ed25519 key in its X.509 form
    private static final byte[] ED25519_PREFIX = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00
    };

    private final @Nullable String id;
    private final Set<String> algorithms;
    private final Verifier verifier;

    private VerificationKey(@Nullable String id, Set<String> algorithms, Verifier verifier) {
        this.id = id;
        this.algorithms = algorithms;
        this.verifier = verifier;
    }

    private interface Verifier {
        boolean verify(JWSHeader header, byte[] signed, Base64URL signature)
                throws JOSEException, GeneralSecurityException;
    }

    /**
     * Binds a key.
     *
     * @param allowed the allow-list of algorithms
     * @throws IllegalArgumentException when it is not for verifying, too weak, of a type that is not offered, or no
     *     algorithm is left; the message says which, and holds nothing of the key
     */
    static VerificationKey of(JWK key, Set<String> allowed) {
        if (key.getKeyUse() != null && !key.getKeyUse().equals(KeyUse.SIGNATURE)) {
            throw new IllegalArgumentException("a key is not for signatures (use)");
        }
        if (key.getKeyOperations() != null && !key.getKeyOperations().contains(KeyOperation.VERIFY)) {
            throw new IllegalArgumentException("a key is not for verifying (key_ops)");
        }
        Set<String> algorithms = new HashSet<>(possible(key));
        if (key.getAlgorithm() != null) {
            algorithms.retainAll(Set.of(key.getAlgorithm().getName()));
        }
        algorithms.retainAll(allowed);
        if (algorithms.isEmpty()) {
            throw new IllegalArgumentException("no allowed algorithm fits a key of the type " + key.getKeyType());
        }
        try {
            return new VerificationKey(key.getKeyID(), Set.copyOf(algorithms), verifier(key));
        } catch (JOSEException | GeneralSecurityException unusable) {
            throw new IllegalArgumentException("a key cannot be used: " + unusable.getMessage(), unusable);
        }
    }

    private static Set<String> possible(JWK key) {
        if (key instanceof RSAKey rsa) {
            if (rsa.size() < MIN_RSA_BITS) {
                throw new IllegalArgumentException("an RSA key has less than " + MIN_RSA_BITS + " bits");
            }
            return Set.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512");
        }
        if (key instanceof ECKey ec) {
            if (ec.getCurve().equals(Curve.P_256)) {
                return Set.of("ES256");
            }
            return ec.getCurve().equals(Curve.P_384)
                    ? Set.of("ES384")
                    : ec.getCurve().equals(Curve.P_521) ? Set.of("ES512") : Set.of();
        }
        if (key instanceof OctetKeyPair pair) {
            // RFC 9864 gave EdDSA with this curve a name of its own
            return pair.getCurve().equals(Curve.Ed25519) ? Set.of("EdDSA", "Ed25519") : Set.of();
        }
        if (key instanceof OctetSequenceKey secret) {
            // RFC 7518 section 3.2: as long as the hash at least
            if (secret.size() < 256) {
                throw new IllegalArgumentException("a secret has less than 32 bytes");
            }
            return secret.size() < 384
                    ? Set.of("HS256")
                    : secret.size() < 512 ? Set.of("HS256", "HS384") : Set.of("HS256", "HS384", "HS512");
        }
        return Set.of();
    }

    private static Verifier verifier(JWK key) throws JOSEException, GeneralSecurityException {
        if (key instanceof RSAKey rsa) {
            return new RSASSAVerifier(rsa.toRSAPublicKey())::verify;
        }
        if (key instanceof ECKey ec) {
            return new ECDSAVerifier(ec.toECPublicKey())::verify;
        }
        if (key instanceof OctetSequenceKey secret) {
            return new MACVerifier(secret.toByteArray())::verify;
        }
        PublicKey ed25519 = ed25519(((OctetKeyPair) key).getDecodedX());
        // the library would want Tink for this; the JDK has it since 15
        return (header, signed, signature) -> {
            Signature engine = Signature.getInstance("Ed25519");
            engine.initVerify(ed25519);
            engine.update(signed);
            byte[] bytes = signature.decode();
            return bytes.length == 64 && engine.verify(bytes);
        };
    }

    private static PublicKey ed25519(byte[] key) throws GeneralSecurityException {
        ByteArrayOutputStream encoded = new ByteArrayOutputStream();
        encoded.writeBytes(ED25519_PREFIX);
        encoded.writeBytes(key);
        return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded.toByteArray()));
    }

    /** Whether a token with this header may have been signed by this key. A key without an id fits every id. */
    boolean fits(JWSHeader header) {
        return algorithms.contains(header.getAlgorithm().getName())
                && (id == null || header.getKeyID() == null || id.equals(header.getKeyID()));
    }

    boolean verifies(JWSHeader header, byte[] signed, Base64URL signature) {
        try {
            return verifier.verify(header, signed, signature);
        } catch (JOSEException | GeneralSecurityException malformed) {
            return false;
        }
    }
}
