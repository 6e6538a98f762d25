package millrace.bench;

import java.util.List;

/** What is measured, in the order of the table. */
enum Scene {
    START("start until the first answer", Kind.START, "", ""),
    SATURATED("fan-out, publishers as fast as they can", Kind.FANOUT, "nchan", "connections=1000 publishers=4 rate=0"),
    PACED("fan-out, 1,000 events/s", Kind.FANOUT, "nchan", "connections=1000 publishers=4 rate=1000"),
    SINGLE("fan-out, 50 events/s", Kind.FANOUT, "nchan", "connections=1000 publishers=1 rate=50"),
    PUBLISH_1(
            "one publisher as fast as it is answered, one subscriber",
            Kind.FANOUT,
            "",
            "connections=1 publishers=1 rate=0"),
    PUBLISH_MANY(
            "64 publishers as fast as they are answered, one subscriber",
            Kind.FANOUT,
            "",
            "connections=1 publishers=64 rate=0"),
    STALLED(
            "fan-out, 1,000 events/s, 10 readers stopped reading",
            Kind.FANOUT,
            "nchan",
            "connections=1000 publishers=4 rate=1000 stalled=10"),
    SPARSE(
            "10,000 topics, 10,000 subscribers of ten each, 2,000 events/s to ten subscribers each",
            Kind.TOPICS,
            "nchan",
            "connections=10000 topics=10000 publishers=8 rate=2000/500 grace=60 limit=180"),
    STORM(
            "10,000 subscribers come back within a second, 1,000 events behind; 100 events/s, and 100 subscribers who stayed",
            Kind.STORM,
            "nchan",
            "connections=1000 publishers=4 rate=0 returning=10000 behind=1000 stayed=100 logRate=100/20 grace=60 limit=300"),
    STARVED(
            "fan-out, 1,000 events/s, twenty busy processes beside it",
            Kind.FANOUT,
            "nchan",
            "connections=1000 publishers=4 rate=1000/200 busy=20 grace=60 limit=180"),
    SLOW(
            "1,000 events/s for a minute, 100 of 1,000 subscribers read 50 KB/s",
            Kind.SLOW,
            "nchan",
            "connections=900 slow=100 slowBytes=50000 slowSeconds=60/2 publishers=4 rate=1000 grace=60 limit=240"),
    BATCH(
            "4 publishers as fast as they are answered, 200 updates in a request, one subscriber",
            Kind.BATCH,
            "Millrace's store alone, 64 publishers",
            "connections=1 publishers=4 rate=0 batch=200"),
    REQUESTS(
            "100 request streams of 100 events, again and again",
            Kind.REQUESTS,
            "Vert.x",
            "connections=100 n=100 interval=0"),
    REQUESTS_PACED(
            "500 request streams, 100 events/s each", Kind.REQUESTS, "Vert.x", "connections=500 n=100000 interval=10"),
    IDLE("10,000 idle subscribers", Kind.IDLE, "", "connections=10000"),
    USERS(
            "100,000 users in one process, without sockets; an own and a common topic each",
            Kind.USERS,
            "",
            "connections=100000");

    enum Kind {
        START,
        FANOUT,
        TOPICS,
        STORM,
        SLOW,
        BATCH,
        REQUESTS,
        IDLE,
        USERS
    }

    final String title;
    final Kind kind;

    /** The peer that ratios refer to. */
    final String reference;

    private static final String MANY = "(?:connections|stalled|topics|returning|behind|stayed|busy|slow|batch)";

    private final List<String> load;

    Scene(String title, Kind kind, String reference, String load) {
        this.title = title;
        this.kind = kind;
        this.reference = reference;
        this.load = load.isEmpty() ? List.of() : List.of(load.split(" "));
    }

    /** The load client's arguments; a smoke run has a tenth of what is many, or what stands behind a slash. */
    List<String> load(boolean smoke) {
        return load.stream()
                .map(argument -> !smoke
                        ? argument.replaceFirst("/.*", "")
                        : argument.contains("/")
                                ? argument.replaceFirst("\\d+/", "")
                                : argument.replaceFirst("^(" + MANY + "=\\d+)0$", "$1"))
                .toList();
    }

    int number(String name, boolean smoke) {
        return load(smoke).stream()
                .filter(argument -> argument.startsWith(name + "="))
                .mapToInt(argument -> Integer.parseInt(argument.substring(name.length() + 1)))
                .findFirst()
                .orElse(0);
    }
}
