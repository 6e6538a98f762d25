/**
 * What servlets need of a request: its form and JSON, its last event id, the page's origin, the client's address. Start
 * with {@link millrace.request.FormData} and {@link millrace.request.Origins}. Nothing of streams, hub, chat and web may
 * come in here.
 */
@NullMarked
package millrace.request;

import org.jspecify.annotations.NullMarked;
