package millrace.history;

import java.util.List;

/**
 * An update that has its place in the log. What its readers are sent is encoded once, when it is appended; live
 * delivery, replay and the file share these bytes.
 *
 * @param sequence its number: 1 for the first update ever appended, then without gaps, also over restarts
 * @param timeMillis when it was appended, since the epoch; never smaller than that of the update before it
 * @param event the event on the wire, with its id, ended by a blank line. Shared: nobody may change it
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody, and copied by nobody: that is what it is for
public record Stored(long sequence, long timeMillis, String id, List<String> topics, boolean isPrivate, byte[] event) {

    /** What it counts for in limits: the length of its texts and of its event, and something for each object. */
    public long size() {
        long size = 64L + event.length + id.length();
        for (String topic : topics) {
            size += 16 + topic.length();
        }
        return size;
    }

    @Override
    public String toString() {
        return "#" + sequence + " " + id;
    }
}
