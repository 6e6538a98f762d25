package millrace.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.OctetSequenceKey;
import com.nimbusds.jose.util.Base64URL;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Short-lived tokens for the page in demo mode, with a key that lives as long as this object and is known to nobody else.
 * Any thread may use it.
 */
public final class DemoTokens {

    private final String keyId;
    private final byte[] secret = new byte[32];
    private final VerificationKey key;
    private final InstantSource clock;

    public DemoTokens(InstantSource clock) {
        SecureRandom random = new SecureRandom();
        random.nextBytes(secret);
        byte[] id = new byte[9];
        random.nextBytes(id);
        this.keyId = "demo-" + Base64URL.encode(id);
        this.key = VerificationKey.of(
                new OctetSequenceKey.Builder(secret).keyID(keyId).build(), Set.of("HS256"));
        this.clock = clock;
    }

    /**
     * A token of the 0.x form; the hub takes it whatever dialects it is set to.
     *
     * @param subject tells this visitor of the page from others
     * @param publish selectors as {@link millrace.topic.Selector#ofTemplate} reads them
     * @param payload what presence tells about its subscriptions
     */
    public String issue(
            String subject,
            Collection<String> publish,
            Collection<String> subscribe,
            @Nullable JsonObject payload,
            Duration lifetime) {
        var mercure = Json.createObjectBuilder().add("publish", array(publish)).add("subscribe", array(subscribe));
        if (payload != null) {
            mercure.add("payload", payload);
        }
        String claims = Json.createObjectBuilder()
                .add("sub", subject)
                .add("exp", clock.instant().plus(lifetime).getEpochSecond())
                .add("mercure", mercure)
                .build()
                .toString();
        JWSObject token = new JWSObject(
                new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(keyId).build(), new Payload(claims));
        try {
            token.sign(new MACSigner(secret));
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
        return token.serialize();
    }

    /** The key, if the token says that it is signed with it. */
    @Nullable
    VerificationKey keyFor(JWSHeader header) {
        return keyId.equals(header.getKeyID()) && key.fits(header) ? key : null;
    }

    private static JsonArrayBuilder array(Collection<String> texts) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        texts.forEach(array::add);
        return array;
    }
}
