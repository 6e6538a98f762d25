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
    REQUESTS(
            "100 request streams of 100 events, again and again",
            Kind.REQUESTS,
            "Vert.x",
            "connections=100 n=100 interval=0"),
    REQUESTS_PACED(
            "500 request streams, 100 events/s each",
            Kind.REQUESTS,
            "Vert.x",
            "connections=500 n=100000 interval=10"),
    IDLE("10,000 idle subscribers", Kind.IDLE, "", "connections=10000"),
    USERS(
            "100,000 users in one process, without sockets; an own and a common topic each",
            Kind.USERS,
            "",
            "connections=100000");

    enum Kind {
        START,
        FANOUT,
        REQUESTS,
        IDLE,
        USERS
    }

    final String title;
    final Kind kind;

    /** The peer that ratios refer to. */
    final String reference;

    private final List<String> load;

    Scene(String title, Kind kind, String reference, String load) {
        this.title = title;
        this.kind = kind;
        this.reference = reference;
        this.load = load.isEmpty() ? List.of() : List.of(load.split(" "));
    }

    /** The load client's arguments; a smoke run has a tenth of the connections. */
    List<String> load(boolean smoke) {
        if (!smoke) {
            return load;
        }
        return load.stream()
                .map(argument -> argument.matches("(connections|stalled)=\\d*0")
                        ? argument.substring(0, argument.length() - 1)
                        : argument)
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
