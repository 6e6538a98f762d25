/**
 * The benchmark: starts each server, drives it with the load client, prints the table. Start reading at
 * {@link millrace.bench.Bench}; {@link millrace.bench.Scene} says what is measured and
 * {@link millrace.bench.Contender} who takes part. Nothing here may depend on a library.
 */
package millrace.bench;
