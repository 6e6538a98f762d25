package millrace.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;

/**
 * One cleartext HTTP/2 connection (RFC 9113) without any kindness, as {@link RawConnection} is for HTTP/1.1: GET requests
 * and resets. Its windows are so large that it never has to open them again. One thread.
 */
final class H2Connection implements AutoCloseable {

    /** What came; the bodies of HEADERS are not decoded. */
    record Frame(int type, int flags, int stream, byte[] payload) {

        boolean endsStream() {
            return type == RST_STREAM || (type == DATA || type == HEADERS) && (flags & 1) != 0;
        }
    }

    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RST_STREAM = 3;
    static final int GOAWAY = 7;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int WINDOW_UPDATE = 8;
    private static final int CANCEL = 8;
    private static final int INITIAL_WINDOW = 4;
    private static final int LARGE = 0x7000_0000;

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final DataOutputStream out;
    private final String authority;
    private int nextStream = 1;

    H2Connection(URI server) throws IOException {
        authority = server.getAuthority();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(20_000);
        socket.connect(new InetSocketAddress(server.getHost(), server.getPort()), 20_000);
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(ISO_8859_1));
        byte[] settings = {0, INITIAL_WINDOW, LARGE >>> 24, 0, 0, 0};
        send(SETTINGS, 0, 0, settings);
        send(WINDOW_UPDATE, 0, 0, number(LARGE));
    }

    /** Begins a request without a body; returns the number of its stream. */
    int get(String path) throws IOException {
        var block = new ByteArrayOutputStream();
        block.write(0x82); // :method GET
        block.write(0x86); // :scheme http
        literal(block, 4, path);
        literal(block, 1, authority);
        int stream = nextStream;
        nextStream += 2;
        send(HEADERS, 5, stream, block.toByteArray()); // END_STREAM, END_HEADERS
        return stream;
    }

    void resetStream(int stream) throws IOException {
        send(RST_STREAM, 0, stream, number(CANCEL));
    }

    /** Sends RST for the whole connection. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    /** The next frame that is about a stream, or GOAWAY. */
    Frame read() throws IOException {
        while (true) {
            int first = in.readInt();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            byte[] payload = new byte[first >>> 8];
            in.readFully(payload);
            int type = first & 0xff;
            if (type == SETTINGS && (flags & 1) == 0) {
                send(SETTINGS, 1, 0, new byte[0]);
            } else if (type == PING && (flags & 1) == 0) {
                send(PING, 1, 0, payload);
            } else if (stream != 0 && type != WINDOW_UPDATE || type == GOAWAY) {
                return new Frame(type, flags, stream, payload);
            }
        }
    }

    private static void literal(ByteArrayOutputStream block, int nameIndex, String value) {
        if (value.length() > 126) {
            throw new IllegalArgumentException(value);
        }
        block.write(nameIndex); // without indexing
        block.write(value.length());
        block.writeBytes(value.getBytes(ISO_8859_1));
    }

    private static byte[] number(int value) {
        return new byte[] {(byte) (value >>> 24), (byte) (value >>> 16), (byte) (value >>> 8), (byte) value};
    }

    private void send(int type, int flags, int stream, byte[] payload) throws IOException {
        var frame = new ByteArrayOutputStream();
        var to = new DataOutputStream(frame);
        to.writeInt(payload.length << 8 | type);
        to.writeByte(flags);
        to.writeInt(stream);
        to.write(payload);
        out.write(frame.toByteArray());
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
