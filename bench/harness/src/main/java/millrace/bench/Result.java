package millrace.bench;

import java.util.Map;

/** The figures of one run of one scene; a negative number means that there is none. */
record Result(
        Contender contender,
        Scene scene,
        double perSecond,
        double cpuMicros,
        double p50Millis,
        double p99Millis,
        double bytesPerConnection,
        long lost,
        String note) {

    static Result failed(Contender contender, Scene scene, String why) {
        return new Result(contender, scene, -1, -1, -1, -1, -1, 0, why);
    }

    static Result of(Contender contender, Scene scene, Map<String, String> said) {
        if (said.containsKey("error") || !said.containsKey("measured")) {
            return failed(contender, scene, "failed: " + said.getOrDefault("error", "the load client said nothing"));
        }
        double measured = number(said, "measured");
        StringBuilder note = new StringBuilder();
        for (String bad :
                new String[] {"disordered", "foreign", "refused", "unanswered", "refusedPublishes", "ended"}) {
            if (number(said, bad) > 0) {
                note.append(note.isEmpty() ? "" : ", ")
                        .append(said.get(bad))
                        .append(' ')
                        .append(bad);
            }
        }
        if (scene == Scene.STALLED) {
            note.append(note.isEmpty() ? "" : ", ")
                    .append("memory grew by ")
                    .append(Math.round(number(said, "rssGrowth") / 1e6))
                    .append(" MB");
        }
        boolean timed = number(said, "p99") > 0;
        return new Result(
                contender,
                scene,
                measured / (number(said, "nanos") / 1e9),
                measured > 0 ? number(said, "serverCpuNanos") / 1e3 / measured : -1,
                timed ? number(said, "p50") / 1e6 : -1,
                timed ? number(said, "p99") / 1e6 : -1,
                -1,
                (long) number(said, "lost"),
                note.toString());
    }

    private static double number(Map<String, String> said, String name) {
        return Double.parseDouble(said.getOrDefault(name, "0"));
    }
}
