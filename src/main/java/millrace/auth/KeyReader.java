package millrace.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyType;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.OctetSequenceKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/** Reads keys in the forms that operators have them in: a JWK set, one JWK, PEM, or the text of a secret. */
final class KeyReader {

    /** More in one set are ignored: each may have to be tried. */
    private static final int MAX_KEYS = 100;

    private KeyReader() {}

    /**
     * Reads a JWK set as issuers publish it. Keys in it that cannot be used are skipped, as RFC 7517 section 5 wants it;
     * secrets are skipped too, since nobody publishes one.
     *
     * @throws IllegalArgumentException when it is no JWK set, or none of its keys can be used
     */
    static List<VerificationKey> published(String text, Set<String> allowed) {
        return set(text, allowed, false);
    }

    /**
     * Reads keys that an operator gave.
     *
     * @param secretText whether any other text is a secret; where a set is meant, a broken one must not become a secret
     *     that others can guess
     * @throws IllegalArgumentException when they cannot be read or used; the message holds nothing of them
     */
    static List<VerificationKey> given(String text, Set<String> allowed, boolean secretText) {
        String stripped = text.strip();
        if (stripped.startsWith("{")) {
            return set(stripped, allowed, true);
        }
        if (!secretText && !stripped.startsWith("-----BEGIN ")) {
            throw new IllegalArgumentException("this is neither a JWK set nor PEM");
        }
        JWK key = stripped.startsWith("-----BEGIN ")
                ? pem(stripped)
                : new OctetSequenceKey.Builder(Base64URL.encode(stripped.getBytes(StandardCharsets.UTF_8))).build();
        return List.of(VerificationKey.of(key, allowed));
    }

    private static List<VerificationKey> set(String text, Set<String> allowed, boolean secrets) {
        List<JWK> keys;
        try {
            // one key is read as a set of one
            keys = text.contains("\"keys\"") ? JWKSet.parse(text).getKeys() : List.of(JWK.parse(text));
        } catch (ParseException notKeys) {
            throw new IllegalArgumentException("this is no JWK set", notKeys);
        }
        List<VerificationKey> usable = new ArrayList<>();
        String why = "it is empty";
        for (JWK key : keys.subList(0, Math.min(keys.size(), MAX_KEYS))) {
            if (key.getKeyType().equals(KeyType.OCT) && !secrets) {
                why = "it holds secrets";
                continue;
            }
            try {
                usable.add(VerificationKey.of(key, allowed));
            } catch (IllegalArgumentException unusable) {
                why = String.valueOf(unusable.getMessage());
            }
        }
        if (usable.isEmpty()) {
            throw new IllegalArgumentException("no key of the set can be used: " + why);
        }
        return List.copyOf(usable);
    }

    private static JWK pem(String text) {
        String type = text.substring("-----BEGIN ".length(), Math.max(text.indexOf("-----", 11), 11));
        String body = text.lines()
                .filter(line -> !line.startsWith("-----"))
                .map(String::strip)
                .reduce("", String::concat);
        try {
            byte[] der = Base64.getDecoder().decode(body);
            return switch (type) {
                case "PUBLIC KEY" -> jwk(publicKey(der));
                case "CERTIFICATE" ->
                    jwk(CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(der))
                            .getPublicKey());
                default ->
                    throw new IllegalArgumentException(
                            "write a PEM block 'PUBLIC KEY' or 'CERTIFICATE', not '" + type + "'");
            };
        } catch (GeneralSecurityException | JOSEException unreadable) {
            throw new IllegalArgumentException("the PEM block cannot be read", unreadable);
        }
    }

    private static PublicKey publicKey(byte[] der) throws GeneralSecurityException {
        GeneralSecurityException last = new GeneralSecurityException("no algorithm");
        for (String algorithm : List.of("RSA", "EC", "Ed25519")) {
            try {
                return KeyFactory.getInstance(algorithm).generatePublic(new X509EncodedKeySpec(der));
            } catch (GeneralSecurityException ofAnotherType) {
                last = ofAnotherType;
            }
        }
        throw last;
    }

    private static JWK jwk(PublicKey key) throws GeneralSecurityException, JOSEException {
        if (key instanceof RSAPublicKey rsa) {
            return new RSAKey.Builder(rsa).build();
        }
        if (key instanceof ECPublicKey ec) {
            Curve curve = Curve.forECParameterSpec(ec.getParams());
            if (curve == null) {
                throw new GeneralSecurityException("an unknown curve");
            }
            return new ECKey.Builder(curve, ec).build();
        }
        byte[] encoded = key.getEncoded();
        if (!key.getAlgorithm().equals("EdDSA") || encoded.length != 44) {
            throw new GeneralSecurityException("neither an RSA, an EC nor an Ed25519 key");
        }
        return new OctetKeyPair.Builder(Curve.Ed25519, Base64URL.encode(Arrays.copyOfRange(encoded, 12, 44))).build();
    }
}
