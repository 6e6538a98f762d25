package millrace.auth;

/** Which form of the Mercure protocol a token or a request speaks. */
public enum Dialect {
    /** Draft 07 and before: the claim {@code mercure}, URI Templates. */
    V0,
    /** Draft 08: RFC 9068 access tokens with {@code authorization_details}, URL Patterns. */
    V1
}
