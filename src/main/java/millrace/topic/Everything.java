package millrace.topic;

/** Written {@code *}, in each dialect. */
enum Everything implements Selector {
    EVERYTHING;

    @Override
    public String text() {
        return "*";
    }

    @Override
    public boolean matches(Topic topic) {
        return true;
    }
}
