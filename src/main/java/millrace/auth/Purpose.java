package millrace.auth;

/** What a request is about; 0.x has different keys for each. */
public enum Purpose {
    PUBLISH,
    /** Also to read who is there. */
    SUBSCRIBE
}
