package millrace.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The figures of one run of one scene; a negative number means that there is none.
 *
 * @param more what only this scene has: a sentence in which {@code #} stands for the number, and the number
 */
record Result(
        String server,
        Scene scene,
        double perSecond,
        double cpuMicros,
        double p50Millis,
        double p99Millis,
        double bytesPerConnection,
        long lost,
        String note,
        Map<String, Double> more) {

    Result(
            String server,
            Scene scene,
            double perSecond,
            double cpuMicros,
            double p50Millis,
            double p99Millis,
            double bytesPerConnection,
            long lost,
            String note) {
        this(server, scene, perSecond, cpuMicros, p50Millis, p99Millis, bytesPerConnection, lost, note, Map.of());
    }

    /** Whether readers did not get each event once and in order. */
    boolean isBad() {
        return lost > 0 || note.contains("disordered") || note.contains("foreign");
    }

    static Result failed(String server, Scene scene, String why) {
        return new Result(server, scene, -1, -1, -1, -1, -1, 0, why);
    }

    static Result of(String server, Scene scene, Map<String, String> said) {
        if (said.containsKey("error") || !said.containsKey("measured")) {
            return failed(server, scene, "failed: " + said.getOrDefault("error", "the load client said nothing"));
        }
        double measured = number(said, "measured");
        String note = Arrays.stream(
                        new String[] {"disordered", "foreign", "refused", "unanswered", "refusedPublishes", "ended"})
                .filter(bad -> number(said, bad) > 0)
                .map(bad -> said.get(bad) + " " + bad)
                .collect(Collectors.joining(", "));
        if (scene == Scene.STORM && number(said, "caughtUp") < number(said, "returning")) {
            note += (note.isEmpty() ? "" : ", ") + "only " + said.get("caughtUp") + " caught up";
        }
        boolean timed = number(said, "p99") > 0;
        return new Result(
                server,
                scene,
                measured / (number(said, "nanos") / 1e9),
                measured > 0 ? number(said, "serverCpuNanos") / 1e3 / measured : -1,
                timed ? number(said, "p50") / 1e6 : -1,
                timed ? number(said, "p99") / 1e6 : -1,
                -1,
                (long) number(said, "lost"),
                note,
                more(scene, said));
    }

    private static Map<String, Double> more(Scene scene, Map<String, String> said) {
        Map<String, Double> more = new LinkedHashMap<>();
        double measured = number(said, "measured");
        switch (scene.kind) {
            case STORM -> {
                double seconds = number(said, "nanos") / 1e9;
                double rate = number(said, "saturatedRate");
                more.put("all caught up after # s", seconds);
                more.put("× # of what the saturated rate needs", rate > 0 ? seconds / (measured / rate) : -1);
                more.put("saturated # a second", rate);
                more.put("all connected after # s", number(said, "connectedNanos") / 1e9);
            }
            case SLOW -> {
                double third = number(said, "slowSeconds") / 3;
                more.put("p99 before # ms", number(said, "p99Before") / 1e6);
                for (int look = 0; look <= 3; look++) {
                    more.put(
                            "resident # MB at " + Math.round(look * third) + " s",
                            number(said, "residentBytes" + look) / 1e6);
                }
                more.put("held # MB before", number(said, "heldBytes0") / 1e6);
                more.put("held # MB at the end", number(said, "heldBytes1") / 1e6);
                more.put("slow readers # events behind", number(said, "slowBehind"));
            }
            case FANOUT, TOPICS -> more.put("# bytes read per event", number(said, "bytes") / measured);
            case START, BATCH, REQUESTS, IDLE, USERS -> {}
        }
        if (scene == Scene.STALLED) {
            more.put("memory grew by # MB", number(said, "rssGrowth") / 1e6);
        }
        if (said.containsKey("allocated")) {
            more.put("allocated # bytes per event", number(said, "allocated") / measured);
        }
        if (said.containsKey("drainersReplaced")) {
            more.put("# drainers replaced", number(said, "drainersReplaced"));
        }
        more.values().removeIf(value -> !Double.isFinite(value) || value < 0);
        return more;
    }

    private static double number(Map<String, String> said, String name) {
        return Double.parseDouble(said.getOrDefault(name, "0"));
    }

    /** One line of the file that keeps results from run to run. */
    String line() {
        return String.join(
                "\t",
                server,
                scene.name(),
                Double.toString(perSecond),
                Double.toString(cpuMicros),
                Double.toString(p50Millis),
                Double.toString(p99Millis),
                Double.toString(bytesPerConnection),
                Long.toString(lost),
                note.replaceAll("\\s+", " "),
                more.entrySet().stream()
                        .map(figure -> figure.getKey() + "=" + figure.getValue())
                        .collect(Collectors.joining(";")));
    }

    static Result ofLine(String line) {
        String[] fields = line.split("\t", -1);
        Map<String, Double> more = new LinkedHashMap<>();
        for (String figure : fields[9].split(";")) {
            int equals = figure.lastIndexOf('=');
            if (equals > 0) {
                more.put(figure.substring(0, equals), Double.parseDouble(figure.substring(equals + 1)));
            }
        }
        return new Result(
                fields[0],
                Scene.valueOf(fields[1]),
                Double.parseDouble(fields[2]),
                Double.parseDouble(fields[3]),
                Double.parseDouble(fields[4]),
                Double.parseDouble(fields[5]),
                Double.parseDouble(fields[6]),
                Long.parseLong(fields[7]),
                fields[8],
                more);
    }
}
