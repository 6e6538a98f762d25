package millrace.topic;

record Exact(String text) implements Selector {

    @Override
    public boolean matches(Topic topic) {
        return topic.text().equals(text);
    }
}
