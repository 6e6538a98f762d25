package millrace.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A reader that overlooked what is lost, comes twice or late would make every server look well. */
class LossTest {

    private static final Interest ONE = new Interest.All(1);

    private final Meter meter = new Meter();

    @Test
    void aWholeStreamHasLostNothingHoweverItIsCutIntoReads() {
        byte[] response = response(events(0, 1, 2));
        for (int size = 1; size <= response.length; size++) {
            Subscriber subscriber = new Subscriber(meter, ONE);
            feed(subscriber, response, size);

            assertTrue(subscriber.gone);
            assertEquals(0, subscriber.missing(new int[] {3}));
        }
        assertEquals(3L * response.length, meter.events);
        assertEquals(0, meter.lost + meter.disordered + meter.foreign);
    }

    @Test
    void aGapIsLoss() {
        feed(new Subscriber(meter, ONE), response(events(0, 1, 4)), 1 << 16);

        assertEquals(2, meter.lost);
    }

    @Test
    void anEventThatComesTwiceOrLateIsDisorder() {
        feed(new Subscriber(meter, ONE), response(events(0, 1, 1, 2, 0)), 1 << 16);

        assertEquals(2, meter.disordered);
        assertEquals(0, meter.lost);
    }

    @Test
    void whatDidNotComeAfterTheStreamWasEndedIsLoss() {
        Subscriber subscriber = new Subscriber(meter, ONE);
        feed(subscriber, response(events(0, 1)), 1 << 16);

        assertEquals(8, subscriber.missing(new int[] {10}));
    }

    @Test
    void whatNobodyPublishedIsForeign() {
        feed(new Subscriber(meter, ONE), response("data: hello\n\n"), 1 << 16);

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

    @Test
    void anAnswerWithoutABodyIsFollowedByTheNextOne() {
        int[] ends = {0};
        Wire wire = new Wire(0) {
            @Override
            void head(int status) {}

            @Override
            void data(byte[] from, int at, int length, long now) {}

            @Override
            void end() {
                ends[0]++;
            }
        };
        byte[] answers = "HTTP/1.1 204 \r\nDate: now\r\n\r\n".repeat(3).getBytes(StandardCharsets.US_ASCII);
        for (int size = 1; size <= answers.length; size++) {
            feed(wire, answers, size);
        }

        assertEquals(3 * answers.length, ends[0]);
    }

    @Test
    void ofTenTopicsEachHasItsOwnPlaceAndThoseOfOthersAreForeign() {
        int topics = 100;
        for (int number = 0; number < topics; number++) {
            Interest ten = new Interest.Ten(number, topics);
            for (int place = 0; place < ten.size(); place++) {
                assertEquals(place, ten.place(ten.source(place)));
            }
            long own = IntStream.range(0, 2 * topics)
                    .filter(topic -> ten.place(topic) >= 0)
                    .count();
            assertEquals(10, own);
        }
    }

    @Test
    void whoComesBackHasCaughtUpWithTheLastEventOfBeforeAndMissesWhatIsLeftOut() {
        Subscriber back = Subscriber.returning(meter, 1, 3);

        feed(back, response(events(1)), 1 << 16);
        assertEquals(0, meter.caughtUp);
        assertEquals(3, back.missing(new int[] {5}));

        feed(back, response(events(2, 3)), 1 << 16);
        assertEquals(1, meter.caughtUp);
        assertEquals(0, meter.lost);

        feed(Subscriber.returning(meter, 1, 3), response(events(2)), 1 << 16);
        assertEquals(1, meter.lost);
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
