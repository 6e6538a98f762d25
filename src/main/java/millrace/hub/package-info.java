/**
 * Publish and subscribe, the Mercure protocol of both dialects: one order of updates, durable before it is delivered,
 * and readers that come back without having lost anything. Start with {@link millrace.hub.Hub}. How requests are read
 * and answered is the business of {@code web}; no servlet types here.
 */
@NullMarked
package millrace.hub;

import org.jspecify.annotations.NullMarked;
