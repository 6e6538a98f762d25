/**
 * The load client, a process of its own: it opens the readers, publishes, checks every event and measures. Start reading at
 * {@link millrace.bench.load.LoadClient}. It uses the JDK alone, and as little of the two cores as it can: the server under
 * test needs them.
 */
package millrace.bench.load;
