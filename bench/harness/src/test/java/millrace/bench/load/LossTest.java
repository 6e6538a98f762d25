package millrace.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** A reader that overlooked what is lost, comes twice or late would make every server look well. */
class LossTest {

    private static final int SYNC = 1; // the publisher beside those that count

    private final Meter meter = new Meter();

    @Test
    void aWholeStreamHasLostNothingHoweverItIsCutIntoReads() {
        byte[] response = response(events(0, 1, 2));
        for (int size = 1; size <= response.length; size++) {
            Subscriber subscriber = new Subscriber(meter, SYNC);
            feed(subscriber, response, size);

            assertTrue(subscriber.gone);
            assertEquals(0, subscriber.missing(new int[] {3}));
        }
        assertEquals(3L * response.length, meter.events);
        assertEquals(0, meter.lost + meter.disordered + meter.foreign);
    }

    @Test
    void aGapIsLoss() {
        feed(new Subscriber(meter, SYNC), response(events(0, 1, 4)), 1 << 16);

        assertEquals(2, meter.lost);
    }

    @Test
    void anEventThatComesTwiceOrLateIsDisorder() {
        feed(new Subscriber(meter, SYNC), response(events(0, 1, 1, 2, 0)), 1 << 16);

        assertEquals(2, meter.disordered);
        assertEquals(0, meter.lost);
    }

    @Test
    void whatDidNotComeAfterTheStreamWasEndedIsLoss() {
        Subscriber subscriber = new Subscriber(meter, SYNC);
        feed(subscriber, response(events(0, 1)), 1 << 16);

        assertEquals(8, subscriber.missing(new int[] {10}));
    }

    @Test
    void whatNobodyPublishedIsForeign() {
        feed(new Subscriber(meter, SYNC), response("data: hello\n\n"), 1 << 16);

        assertEquals(1, meter.foreign);
    }

    @Test
    void aRequestStreamThatEndsEarlyHasLostTheRest() {
        feed(new RequestReader(meter, 5), response("data: 0 1\n\ndata: 1 1\n\n"), 1 << 16);

        assertEquals(3, meter.lost);
        assertEquals(1, meter.responses);
    }

    @Test
    void aRequestStreamWhoseConnectionIsCutHasLostTheRestToo() {
        RequestReader reader = new RequestReader(meter, 5);
        byte[] response = response("data: 0 1\n\ndata: 1 1\n\n");
        feed(reader, java.util.Arrays.copyOf(response, response.length - 5), 1 << 16); // without the last chunk

        assertFalse(reader.closed());
        reader.cut();

        assertEquals(3, meter.lost);
        assertEquals(1, meter.ended);
        assertEquals(0, meter.responses);
    }

    private static void feed(Wire wire, byte[] bytes, int size) {
        for (int at = 0; at < bytes.length; at += size) {
            byte[] read = java.util.Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + size));
            wire.accept(read, read.length, 1);
        }
    }

    private static String events(int... sequences) {
        StringBuilder events = new StringBuilder();
        for (int sequence : sequences) {
            byte[] data = new byte[Payload.LENGTH];
            Payload.write(data, 0, 0, sequence, 1);
            events.append("id: x\ndata: ")
                    .append(new String(data, StandardCharsets.US_ASCII))
                    .append("\n\n");
        }
        return events.toString();
    }

    private static byte[] response(String body) {
        ByteArrayOutputStream response = new ByteArrayOutputStream();
        response.writeBytes(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        int half = body.length() / 2; // chunks end where they like
        for (String chunk : new String[] {body.substring(0, half), body.substring(half)}) {
            response.writeBytes((Integer.toHexString(chunk.length()) + "\r\n" + chunk + "\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
        }
        response.writeBytes("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return response.toByteArray();
    }
}
