package millrace.auth;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Signs whatever header and claims a test writes, right or wrong, without the library that verifies them. */
record Signer(String algorithm, byte[] secret, KeyPair pair) {

    static Signer secret(String algorithm, String secret) {
        return secret(algorithm, secret.getBytes(StandardCharsets.UTF_8));
    }

    static Signer secret(String algorithm, byte[] secret) {
        return new Signer(algorithm, secret, null);
    }

    static Signer pair(String algorithm) throws GeneralSecurityException {
        KeyPairGenerator generator = switch (algorithm.substring(0, 2)) {
            case "RS", "PS" -> KeyPairGenerator.getInstance("RSA");
            case "ES" -> KeyPairGenerator.getInstance("EC");
            default -> KeyPairGenerator.getInstance("Ed25519");
        };
        switch (algorithm) {
            case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512" -> generator.initialize(2048);
            case "ES256" -> generator.initialize(256);
            case "ES384" -> generator.initialize(384);
            case "ES512" -> generator.initialize(521);
            default -> {}
        }
        return new Signer(algorithm, new byte[0], generator.generateKeyPair());
    }

    /** With the header that fits. */
    String sign(String claims) {
        return sign("{\"alg\":\"" + algorithm + "\"}", claims);
    }

    String sign(String header, String claims) {
        String signed =
                base64(header.getBytes(StandardCharsets.UTF_8)) + "." + base64(claims.getBytes(StandardCharsets.UTF_8));
        try {
            return signed + "." + base64(signature(signed.getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException broken) {
            throw new AssertionError(broken);
        }
    }

    String pem() {
        return "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(pair.getPublic().getEncoded()) + "\n-----END PUBLIC KEY-----";
    }

    /** As a JWK, with further members that the test adds. */
    String jwk(String more) {
        String members = switch (algorithm.substring(0, 2)) {
            case "RS", "PS" -> {
                RSAPublicKey key = (RSAPublicKey) pair.getPublic();
                yield "\"kty\":\"RSA\",\"n\":\"" + base64(unsigned(key.getModulus(), 256)) + "\",\"e\":\""
                        + base64(unsigned(key.getPublicExponent(), 3)) + "\"";
            }
            case "ES" -> {
                ECPublicKey key = (ECPublicKey) pair.getPublic();
                int length = length();
                yield "\"kty\":\"EC\",\"crv\":\"P-" + (length == 66 ? 521 : length * 8) + "\",\"x\":\""
                        + base64(unsigned(key.getW().getAffineX(), length)) + "\",\"y\":\""
                        + base64(unsigned(key.getW().getAffineY(), length)) + "\"";
            }
            case "Ed" ->
                "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\""
                        + base64(Arrays.copyOfRange(pair.getPublic().getEncoded(), 12, 44)) + "\"";
            default -> "\"kty\":\"oct\",\"k\":\"" + base64(secret) + "\"";
        };
        return "{" + members + more + "}";
    }

    static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private byte[] signature(byte[] signed) throws GeneralSecurityException {
        String bits = algorithm.substring(2);
        switch (algorithm.substring(0, 2)) {
            case "HS" -> {
                Mac mac = Mac.getInstance("HmacSHA" + bits);
                mac.init(new SecretKeySpec(secret, "HmacSHA" + bits));
                return mac.doFinal(signed);
            }
            case "RS" -> {
                return jdk(Signature.getInstance("SHA" + bits + "withRSA"), signed);
            }
            case "PS" -> {
                Signature engine = Signature.getInstance("RSASSA-PSS");
                engine.setParameter(new PSSParameterSpec(
                        "SHA-" + bits, "MGF1", new MGF1ParameterSpec("SHA-" + bits), Integer.parseInt(bits) / 8, 1));
                return jdk(engine, signed);
            }
            case "ES" -> {
                return jdk(Signature.getInstance("SHA" + bits + "withECDSAinP1363Format"), signed);
            }
            default -> {
                return jdk(Signature.getInstance("Ed25519"), signed);
            }
        }
    }

    private byte[] jdk(Signature engine, byte[] signed) throws GeneralSecurityException {
        engine.initSign(pair.getPrivate());
        engine.update(signed);
        return engine.sign();
    }

    private int length() {
        return algorithm.equals("ES512") ? 66 : Integer.parseInt(algorithm.substring(2)) / 8;
    }

    private static byte[] unsigned(BigInteger number, int length) {
        byte[] bytes = number.toByteArray();
        byte[] result = new byte[length];
        int skip = Math.max(0, bytes.length - length);
        System.arraycopy(bytes, skip, result, length - (bytes.length - skip), bytes.length - skip);
        return result;
    }
}
