package millrace.hub;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.OptionalLong;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Opaque cursors: ids made by the hub that stand for a place in the order, where the id of the update at that place is
 * not for the reader's eyes or is not unique. They look like {@code #kzJ0h3J1c0l2Yk1zQ2x6Zw}: publishers may not begin
 * an id with {@code #}.
 *
 * <p>The sequence and eight constant bytes are one block of AES: without the key nobody can tell from two cursors how
 * much happened between them, and a made-up block has the constant bytes with a chance of 2<sup>-64</sup>. (That one
 * block is the whole message, and always a different one, is what makes the plain block cipher right here.)
 */
final class Cursors {

    /** How many bytes a key has. */
    static final int KEY_BYTES = 16;

    private static final long MARK = 0x6d696c6c72616365L;
    private static final int TEXT_LENGTH = 23;
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    private final SecretKeySpec key;

    /** The last that was made: many ask for the same one, some of them while they hold the hub's order. */
    private volatile Made last;

    private record Made(long sequence, String cursor) {}

    /** @param secret belongs to the history whose places are meant: the cursors are good as long as both are */
    Cursors(byte[] secret) {
        this.key = new SecretKeySpec(secret, 0, KEY_BYTES, "AES");
        this.last = new Made(0, encrypt(key, 0));
    }

    String of(long sequence) {
        Made made = last;
        if (made.sequence() != sequence) {
            made = new Made(sequence, encrypt(key, sequence));
            last = made;
        }
        return made.cursor();
    }

    private static String encrypt(SecretKeySpec key, long sequence) {
        byte[] block = ByteBuffer.allocate(16).putLong(sequence).putLong(MARK).array();
        return "#" + ENCODER.encodeToString(apply(key, Cipher.ENCRYPT_MODE, block));
    }

    /** The place that a cursor stands for; empty where it is none of ours. */
    OptionalLong sequence(@Nullable String cursor) {
        if (cursor == null || cursor.length() != TEXT_LENGTH || cursor.charAt(0) != '#') {
            return OptionalLong.empty();
        }
        byte[] block;
        try {
            block = Base64.getUrlDecoder().decode(cursor.substring(1));
        } catch (IllegalArgumentException notBase64) {
            return OptionalLong.empty();
        }
        ByteBuffer plain = ByteBuffer.wrap(apply(key, Cipher.DECRYPT_MODE, block));
        long sequence = plain.getLong();
        return plain.getLong() == MARK && sequence >= 0 ? OptionalLong.of(sequence) : OptionalLong.empty();
    }

    private static byte[] apply(SecretKeySpec key, int mode, byte[] block) {
        try {
            @SuppressWarnings("InsecureCryptoUsage") // one block that never repeats, see above
            Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
            cipher.init(mode, key);
            return cipher.doFinal(block);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("every JDK has AES", impossible);
        }
    }
}
