/**
 * The wire format of Server-Sent Events, after the WHATWG HTML standard, section 9.2.
 *
 * <p>Start reading at {@link millrace.sse.Event}. No servlet, no thread and no other room of Millrace may come in here.
 */
@NullMarked
package millrace.sse;

import org.jspecify.annotations.NullMarked;
