/**
 * Who asks, and what it may: tokens of both dialects of the Mercure protocol, and users of the container. Start with
 * {@link millrace.auth.Authenticator}, which makes a {@link millrace.auth.Principal} of what a request presents or says by
 * an {@link millrace.auth.AccessException} how to answer. A library does the cryptography. No servlet types, and nothing
 * of hub, stream or web may come in.
 */
@NullMarked
package millrace.auth;

import org.jspecify.annotations.NullMarked;
