/**
 * Open responses: an {@link millrace.stream.EventStream} is one response that reads a log. A
 * {@link millrace.stream.Channel} is a log with many of them, a {@link millrace.stream.Window} is a log with one.
 *
 * <p>The way of an event: {@code append} puts it into the channel's log and wakes the channel's audiences; a
 * {@link millrace.stream.Drainers drainer} walks over the streams; each stream's {@link millrace.stream.WriteLoop}
 * writes what it has not written yet. Start reading at {@code EventStream}; users of the library start at
 * {@link millrace.stream.StreamServlet}. Nothing of hub, chat and web may come in here.
 */
@NullMarked
package millrace.stream;

import org.jspecify.annotations.NullMarked;
