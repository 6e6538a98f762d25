/**
 * GPT-style generations: a relay for OpenAI-compatible servers, and the offline model {@code guide}.
 *
 * <p>Start reading at {@link millrace.chat.Upstream}: whoever answers, an HTTP server or the guide, does it behind that
 * interface. No servlet type may come in here; what a client sent and what it is told are values ({@code ChatRequest},
 * {@code ApiError}).
 */
@NullMarked
package millrace.chat;

import org.jspecify.annotations.NullMarked;
