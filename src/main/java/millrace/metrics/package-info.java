/**
 * What is counted, in {@link millrace.metrics.Metrics}; nothing here decides anything. No label ever holds a topic, an
 * id, a user or anything else that a client chooses.
 */
@NullMarked
package millrace.metrics;

import org.jspecify.annotations.NullMarked;
