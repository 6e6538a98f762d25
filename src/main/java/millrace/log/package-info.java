/**
 * The numbered log: events that are encoded once, side by side in pages, bounded in memory. Everything that leaves the
 * server is read from such a log.
 *
 * <p>The way of an event: {@link millrace.log.Log#append} puts it at the end of the newest {@link millrace.log.Page}; a
 * {@link millrace.log.Reader}, a number and a place in a page, finds it there without lock or copy. Where memory has let
 * go of what a reader needs, the {@link millrace.log.Archive} has it, or knows that it is gone. Start reading at {@code
 * Log}. Nothing about responses, servlets or threads may come in here.
 */
@NullMarked
package millrace.log;

import org.jspecify.annotations.NullMarked;
