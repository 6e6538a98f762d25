package millrace.chat;

/** A key that must not be seen: its text form is masked, and so is every text that goes through {@link #maskIn}. */
record Secret(String value) {

    private static final int SHOWN = 4;

    Secret {
        if (value.isEmpty()) {
            throw new IllegalArgumentException("an empty key is no key");
        }
        for (int i = 0; i < value.length(); i++) {
            if (value.charAt(i) <= ' ' || value.charAt(i) > '~') {
                throw new IllegalArgumentException("a key holds no spaces and only ASCII (at " + i + ")");
            }
        }
    }

    String maskIn(String text) {
        String masked = text.replace(value, toString());
        // in JSON a slash may be written in two ways
        return value.indexOf('/') < 0 ? masked : masked.replace(value.replace("/", "\\/"), toString());
    }

    /** The last characters of a key that is long enough to keep the rest to itself. */
    @Override
    public String toString() {
        return value.length() < 4 * SHOWN ? "…" : "…" + value.substring(value.length() - SHOWN);
    }
}
