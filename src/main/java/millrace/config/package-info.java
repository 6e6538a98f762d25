/**
 * Every setting of Millrace: its name, default, unit and one sentence, in {@link millrace.config.Settings}; where the
 * values come from, in {@link millrace.config.Config}. Start with the former. Nothing of the other rooms may come in.
 */
@NullMarked
package millrace.config;

import org.jspecify.annotations.NullMarked;
