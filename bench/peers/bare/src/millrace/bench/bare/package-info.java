/**
 * The bare mechanism: a ring of references, one drainer, and {@code isReady → write → isReady → flush}, with nothing around
 * it. No hub, no tokens, no limits, no heartbeats, no care for slow readers. What Millrace costs beyond it on the same
 * container is what Millrace's own code costs. Not a server that anybody should run.
 *
 * <p>Start reading at {@link millrace.bench.bare.Reader}.
 */
package millrace.bench.bare;
