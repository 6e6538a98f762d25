package millrace.auth;

import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import millrace.topic.HubUrl;
import org.jspecify.annotations.Nullable;

/**
 * Verifies a token and reads what it grants. Which rules hold is the token's own choice by its header {@code typ}, but
 * each dialect has keys of its own, so nothing is won by choosing. Of the header only {@code alg}, {@code kid},
 * {@code typ} and the presence of {@code crit} are looked at: never a key in it, never a place where one would be.
 */
final class TokenReader {

    /** Containers cap a header at 8 KiB by default. */
    static final int MAX_CHARACTERS = 16_384;

    /** How far an issuer's clock may be ahead. An expiry gets no such grace: streams end at it. */
    private static final Duration SKEW = Duration.ofSeconds(30);

    private static final int MAX_REMEMBERED = 1_000;
    private static final int MAX_REMEMBERED_CHARACTERS = 4_096;

    private final Keys keys;
    private final InstantSource clock;

    /**
     * Which key verified a token, to the character: checking an ES256 signature takes longer than publishing. Nothing but
     * the signature is remembered. A key that has gone is no candidate any more, and every fetch of keys makes new
     * ones, so what it once verified is verified again.
     */
    private final Map<String, VerificationKey> verified = new ConcurrentHashMap<>();

    TokenReader(Keys keys, InstantSource clock) {
        this.keys = keys;
        this.clock = clock;
    }

    /**
     * All keys, by what they are for.
     *
     * @param publisher for tokens of 0.x that publish; {@code null} when there are none
     * @param subscriber for tokens of 0.x that subscribe
     * @param issuers for tokens of 1.0, by the issuer that they are bound to
     * @param dialects which are offered
     * @param hub identifies the hub in {@code aud}, and resolves the patterns; {@code null} where 1.0 is not set up
     */
    record Keys(
            @Nullable KeySource publisher,
            @Nullable KeySource subscriber,
            Map<String, KeySource> issuers,
            Set<Dialect> dialects,
            @Nullable HubUrl hub,
            @Nullable String audience,
            @Nullable DemoTokens demo) {}

    Principal read(String token, Purpose purpose) throws AccessException {
        JWSObject parsed = parse(token);
        JWSHeader header = parsed.getHeader();
        Claims claims = Claims.parse(parsed.getPayload().toBytes());
        VerificationKey demo = keys.demo == null ? null : keys.demo.keyFor(header);
        if (demo != null) {
            verify(token, parsed, List.of(demo));
            return readV0(parsed, claims);
        }
        Dialect dialect = isAccessToken(header) ? Dialect.V1 : Dialect.V0;
        if (!keys.dialects.contains(dialect)) {
            throw AccessException.invalidToken("tokens of this form (typ) are not offered here");
        }
        return switch (dialect) {
            case V0 -> {
                KeySource source = purpose == Purpose.PUBLISH ? keys.publisher : keys.subscriber;
                if (source == null) {
                    throw AccessException.invalidToken("there is no key for tokens of the 0.x form");
                }
                verify(token, parsed, source.candidates(header));
                yield readV0(parsed, claims);
            }
            case V1 -> {
                String issuer = claims.issuer();
                KeySource source = issuer == null ? null : keys.issuers.get(issuer);
                if (issuer == null || source == null) {
                    throw AccessException.invalidToken("the issuer is not trusted");
                }
                verify(token, parsed, source.candidates(header));
                yield readV1(parsed, claims, issuer);
            }
        };
    }

    private static JWSObject parse(String token) throws AccessException {
        // the decoder of the library skips what is not of its alphabet: one token would have many forms
        if (token.length() > MAX_CHARACTERS || !isCompact(token)) {
            throw AccessException.invalidToken("the token is too long or not of three parts");
        }
        JWSObject parsed;
        try {
            parsed = JWSObject.parse(token);
        } catch (ParseException | IllegalArgumentException malformed) {
            throw AccessException.invalidToken("the token is malformed");
        }
        JWSHeader header = parsed.getHeader();
        if (header.getCriticalParams() != null || !header.isBase64URLEncodePayload()) {
            throw AccessException.invalidToken("the header demands an extension");
        }
        return parsed;
    }

    private static boolean isCompact(String token) {
        int dots = 0;
        int length = 0;
        for (int i = 0; i < token.length(); i++) {
            char c = token.charAt(i);
            if (c == '.') {
                if (length == 0) {
                    return false;
                }
                dots++;
                length = 0;
            } else if ((c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || c == '-'
                    || c == '_') {
                length++;
            } else {
                return false;
            }
        }
        return dots == 2 && length > 0;
    }

    private static boolean isAccessToken(JWSHeader header) {
        String type = header.getType() == null ? "" : header.getType().getType().toLowerCase(Locale.ROOT);
        return type.equals("at+jwt") || type.equals("application/at+jwt");
    }

    private void verify(String token, JWSObject parsed, List<VerificationKey> candidates) throws AccessException {
        VerificationKey before = verified.get(token);
        for (VerificationKey key : candidates) {
            if (key.equals(before)) {
                return;
            }
        }
        for (VerificationKey key : candidates) {
            if (key.verifies(parsed.getHeader(), parsed.getSigningInput(), parsed.getSignature())) {
                remember(token, key);
                return;
            }
        }
        throw AccessException.invalidToken(
                candidates.isEmpty() ? "no key fits the token's algorithm and key id" : "the signature is wrong");
    }

    private void remember(String token, VerificationKey key) {
        if (token.length() <= MAX_REMEMBERED_CHARACTERS) {
            if (verified.size() >= MAX_REMEMBERED) {
                verified.clear();
            }
            verified.put(token, key);
        }
    }

    private Principal readV0(JWSObject token, Claims claims) throws AccessException {
        Instant expiry = checkedTimes(claims);
        Claims.MercureClaim mercure = claims.mercure();
        List<Grant> grants = List.of(
                new Grant(true, false, mercure.publish(), null), new Grant(false, true, mercure.subscribe(), null));
        return new Principal(subject(token, claims, ""), Dialect.V0, true, grants, mercure.payload(), expiry);
    }

    private Principal readV1(JWSObject token, Claims claims, String issuer) throws AccessException {
        if (keys.audience == null || keys.hub == null || !claims.hasAudience(keys.audience)) {
            throw AccessException.invalidToken("the token is for another audience");
        }
        Instant expiry = checkedTimes(claims);
        if (expiry == null) {
            throw AccessException.invalidToken("the token has no expiry");
        }
        List<Grant> grants = claims.authorizationDetails(keys.hub);
        return new Principal(subject(token, claims, issuer), Dialect.V1, true, grants, null, expiry);
    }

    private @Nullable Instant checkedTimes(Claims claims) throws AccessException {
        Instant now = clock.instant();
        Instant expiry = claims.time("exp");
        if (expiry != null && !expiry.isAfter(now)) {
            throw AccessException.invalidToken("the token has expired");
        }
        Instant notBefore = claims.time("nbf");
        if (notBefore != null && notBefore.isAfter(now.plus(SKEW))) {
            throw AccessException.invalidToken("the token is not valid yet");
        }
        return expiry;
    }

    /** Who has no subject is counted by its token: by what is signed, which nobody can vary. */
    private static String subject(JWSObject token, Claims claims, String issuer) throws AccessException {
        String subject = claims.subject();
        return subject == null
                ? hash("token", new String(token.getSigningInput(), StandardCharsets.US_ASCII))
                : hash("subject", issuer, subject);
    }

    static String hash(String... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part : parts) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                // lengths keep two parts from being read as two others
                digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
                digest.update(bytes);
            }
            byte[] hash = digest.digest();
            return Base64.getUrlEncoder().withoutPadding().encodeToString(hash).substring(0, 22);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
