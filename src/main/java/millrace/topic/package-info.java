/**
 * Which topics a selector selects. Start with {@link millrace.topic.Selector}, the four ways to select;
 * {@link millrace.topic.SelectorIndex} finds out of many who selected a topic, and {@link millrace.topic.HubUrl} holds
 * what relative topics and patterns are resolved against. {@code Automaton} runs every pattern in linear time.
 * Nothing of the other rooms may come in, and no {@code java.util.regex}: clients choose the patterns.
 */
@NullMarked
package millrace.topic;

import org.jspecify.annotations.NullMarked;
