/**
 * Servlets, filters and the listener: parse, call, answer. The only room that knows all others, and the only one that
 * puts the parts together: begin at {@link millrace.web.Application}. Everything is declared in {@code web.xml}:
 * annotations would register these servlets in other applications that use the classes as a library.
 */
@NullMarked
package millrace.web;

import org.jspecify.annotations.NullMarked;
