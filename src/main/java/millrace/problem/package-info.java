/**
 * What went wrong, told to a client: RFC 9457 problem details. {@link millrace.problem.ProblemType} is the catalogue;
 * {@link millrace.problem.ProblemException} carries one from where it is noticed to where it is answered.
 */
@NullMarked
package millrace.problem;

import org.jspecify.annotations.NullMarked;
