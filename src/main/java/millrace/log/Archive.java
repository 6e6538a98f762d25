package millrace.log;

/** Where the events of a log are that its memory has let go of; or what is known of them. */
public interface Archive {

    /** What follows a position. */
    sealed interface Answer {}

    /**
     * Some of what follows, in a page that belongs to no log and is shared by all who ask for the same.
     *
     * @param upTo the position up to which these are all: the place to go on from
     */
    record Events(Page page, long upTo) implements Answer {}

    /**
     * Some of what followed is held nowhere any more.
     *
     * @param event tells the reader so; whole blocks
     * @param upTo the place to go on from
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    record Gap(byte[] event, long upTo) implements Answer {}

    /** It is being looked for; {@code whenKnown} is called then. */
    record Later() implements Answer {}

    /** It cannot be read, and that has been logged. */
    record Unreadable() implements Answer {}

    /**
     * What follows that position, as far as memory no longer has it. Called by any thread, and so does not wait for a
     * disk.
     *
     * @param whenKnown called once, on any thread, where the answer is {@link Later}: then the same question has an answer
     */
    Answer after(long position, Runnable whenKnown);
}
