/**
 * The ordered log of updates: what was published, in one sequence, kept for those who come back.
 *
 * <p>Start reading at {@link millrace.history.History}, which holds the whole contract. No topic is matched here, no
 * permission is judged and nothing is sent: that is the hub. No servlet may come in.
 */
@NullMarked
package millrace.history;

import org.jspecify.annotations.NullMarked;
