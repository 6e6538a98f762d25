/**
 * One open response, and what it reads: a {@link millrace.stream.Channel} is a bounded, numbered log of events that are
 * encoded once, and an {@link millrace.stream.EventStream} is a cursor on it. Everything that leaves the server goes
 * this way.
 *
 * <p>The way of an event: {@code append} puts it into the channel's ring and wakes the channel's audiences; a
 * {@link millrace.stream.Drainers drainer} walks over the readers; each reader's {@link millrace.stream.WriteLoop}
 * writes what it has not written yet. Start reading at {@code Channel}; users of the library start at
 * {@link millrace.stream.StreamServlet}. Nothing of hub, chat and web may come in here.
 */
@NullMarked
package millrace.stream;

import org.jspecify.annotations.NullMarked;
