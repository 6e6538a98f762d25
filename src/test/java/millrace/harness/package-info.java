/**
 * Real surroundings for tests: containers, each in a process of its own ({@link millrace.harness.Server}), a browser
 * ({@link millrace.harness.Browser}), Node ({@link millrace.harness.Node}). A container test begins with
 * {@link millrace.harness.OnContainers}. What is not installed is named by {@link millrace.harness.Tool}.
 */
@NullMarked
package millrace.harness;

import org.jspecify.annotations.NullMarked;
