/**
 * A web application of a user of Millrace, for tests: servlets that are declared by annotation, in a WAR that has
 * Millrace's attached jar in {@code WEB-INF/lib}. Nothing here may use the harness or a test library.
 */
@NullMarked
package millrace.testapp;

import org.jspecify.annotations.NullMarked;
