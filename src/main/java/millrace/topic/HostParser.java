package millrace.topic;

import java.io.ByteArrayOutputStream;
import java.net.IDN;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Hosts as the WHATWG URL standard parses and serializes them, section 3.5. One thing is narrower: a domain with
 * characters beyond ASCII goes through the JDK's IDNA 2003, and where newer rules read it differently (sharp s, final
 * sigma, characters newer than Unicode 3.2) it is refused, so that no two different hosts are ever taken for one.
 */
final class HostParser {

    private static final CharSet FORBIDDEN = CharSet.of("\0\t\n\r #/:<>?@[\\]^|");
    private static final CharSet FORBIDDEN_IN_DOMAIN =
            FORBIDDEN.or(UrlParser.C0_CONTROL).or(CharSet.of("%"));

    private HostParser() {}

    /** {@code null} when it is none. */
    static @Nullable String parse(String text, boolean special) {
        if (text.startsWith("[")) {
            return text.endsWith("]") ? ipv6(text.substring(1, text.length() - 1)) : null;
        }
        if (!special) {
            return holdsAny(text, FORBIDDEN) ? null : UrlParser.encode(text, UrlParser.C0_CONTROL);
        }
        String decoded = percentDecode(text);
        String domain = decoded == null ? null : toAscii(decoded);
        if (domain == null || domain.isEmpty() || holdsAny(domain, FORBIDDEN_IN_DOMAIN)) {
            return null;
        }
        return endsInNumber(domain) ? ipv4(domain) : domain;
    }

    private static boolean holdsAny(String text, CharSet set) {
        return text.chars().anyMatch(set::has);
    }

    private static @Nullable String percentDecode(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < encoded.length; i++) {
            if (encoded[i] == '%'
                    && i + 2 < encoded.length
                    && CharSet.HEX.has(encoded[i + 1])
                    && CharSet.HEX.has(encoded[i + 2])) {
                bytes.write(Character.digit(encoded[i + 1], 16) * 16 + Character.digit(encoded[i + 2], 16));
                i += 2;
            } else {
                bytes.write(encoded[i]);
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException malformed) {
            return null;
        }
    }

    private static @Nullable String toAscii(String domain) {
        if (domain.chars().allMatch(c -> c < 128)) {
            return domain.toLowerCase(Locale.ROOT);
        }
        String mapped = Normalizer.normalize(domain, Normalizer.Form.NFKC)
                .replace("\u00ad", "")
                .toLowerCase(Locale.ROOT);
        if (mapped.chars().anyMatch(c -> c == 'ß' || c == 'ς' || Character.getType(c) == Character.FORMAT)) {
            return null;
        }
        try {
            return IDN.toASCII(mapped).toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException notADomain) {
            return null;
        }
    }

    private static boolean endsInNumber(String domain) {
        List<String> parts = labels(domain);
        return isDigits(parts.getLast()) || ipv4Number(parts.getLast()) >= 0;
    }

    /** Without the empty one after a final dot. */
    private static List<String> labels(String domain) {
        List<String> parts = new ArrayList<>(List.of(domain.split("\\.", -1)));
        if (parts.size() > 1 && parts.getLast().isEmpty()) {
            parts.removeLast();
        }
        return parts;
    }

    private static boolean isDigits(String text) {
        return !text.isEmpty() && text.chars().allMatch(CharSet.DIGIT::has);
    }

    private static @Nullable String ipv4(String domain) {
        List<String> parts = labels(domain);
        if (parts.size() > 4) {
            return null;
        }
        long address = 0;
        for (int i = 0; i < parts.size(); i++) {
            long number = ipv4Number(parts.get(i));
            boolean last = i == parts.size() - 1;
            long limit = last ? 1L << (8 * (5 - parts.size())) : 256;
            if (number < 0 || number >= limit) {
                return null;
            }
            address += last ? number : number << (8 * (3 - i));
        }
        return (address >> 24) + "." + ((address >> 16) & 255) + "." + ((address >> 8) & 255) + "." + (address & 255);
    }

    /** -1 when it is none; whatever is too large for an address is 2^32. */
    private static long ipv4Number(String text) {
        if (text.isEmpty()) {
            return -1;
        }
        boolean hex = text.startsWith("0x") || text.startsWith("0X");
        boolean octal = !hex && text.length() > 1 && text.charAt(0) == '0';
        int radix = hex ? 16 : octal ? 8 : 10;
        long value = 0;
        for (int i = hex ? 2 : octal ? 1 : 0; i < text.length(); i++) {
            int digit = text.charAt(i) < 128 ? Character.digit(text.charAt(i), radix) : -1;
            if (digit < 0) {
                return -1;
            }
            value = Math.min(value * radix + digit, 1L << 32);
        }
        return value;
    }

    private static @Nullable String ipv6(String text) {
        int[] pieces = new int[8];
        int count = 0;
        int compress = -1;
        int i = 0;
        if (text.startsWith(":")) {
            if (!text.startsWith("::")) {
                return null;
            }
            i = 2;
            compress = ++count;
        }
        while (i < text.length()) {
            if (count == 8) {
                return null;
            }
            if (text.charAt(i) == ':') {
                if (compress >= 0) {
                    return null;
                }
                i++;
                compress = ++count;
                continue;
            }
            int start = i;
            int value = 0;
            while (i < text.length() && i - start < 4 && CharSet.HEX.has(text.charAt(i))) {
                value = value * 16 + Character.digit(text.charAt(i++), 16);
            }
            if (i < text.length() && text.charAt(i) == '.') {
                if (i == start || count > 6 || !embeddedIpv4(text.substring(start), pieces, count)) {
                    return null;
                }
                count += 2;
                break;
            }
            if (i < text.length()) {
                // a piece ends at a colon, and a colon is not the end unless it is a double one
                if (text.charAt(i) != ':' || ++i == text.length()) {
                    return null;
                }
            }
            pieces[count++] = value;
        }
        if (compress < 0 && count != 8) {
            return null;
        }
        if (compress >= 0) {
            int moved = count - compress;
            for (int k = 1; k <= moved && count < 8; k++) {
                pieces[8 - k] = pieces[count - k];
                pieces[count - k] = 0;
            }
        }
        return "[" + serialize(pieces) + "]";
    }

    private static boolean embeddedIpv4(String text, int[] pieces, int at) {
        String[] parts = text.split("\\.", -1);
        if (parts.length != 4) {
            return false;
        }
        for (int i = 0; i < 4; i++) {
            String part = parts[i];
            boolean leadingZero = part.length() > 1 && part.charAt(0) == '0';
            if (!isDigits(part) || part.length() > 3 || leadingZero || Integer.parseInt(part) > 255) {
                return false;
            }
            pieces[at + i / 2] = pieces[at + i / 2] * 256 + Integer.parseInt(part);
        }
        return true;
    }

    /** RFC 5952: the first longest run of zeros, two at least, is left out. */
    private static String serialize(int[] pieces) {
        int bestAt = -1;
        int bestLength = 1;
        for (int i = 0; i < 8; i++) {
            int length = 0;
            while (i + length < 8 && pieces[i + length] == 0) {
                length++;
            }
            if (length > bestLength) {
                bestAt = i;
                bestLength = length;
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (i == bestAt) {
                text.append(i == 0 ? "::" : ":");
                i += bestLength - 1;
                continue;
            }
            text.append(Integer.toHexString(pieces[i]));
            if (i < 7) {
                text.append(':');
            }
        }
        return text.toString();
    }
}
