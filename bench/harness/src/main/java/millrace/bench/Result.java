package millrace.bench;

import java.util.Locale;
import java.util.Map;

/** The figures of one run of one scene; a negative number means that there is none. */
record Result(
        String server,
        Scene scene,
        double perSecond,
        double cpuMicros,
        double p50Millis,
        double p99Millis,
        double bytesPerConnection,
        long lost,
        String note) {

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
        if (said.containsKey("allocated") && measured > 0) {
            note.append(note.isEmpty() ? "" : ", ")
                    .append(String.format(
                            Locale.ROOT, "allocated %.1f B per event", number(said, "allocated") / measured));
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
                note.toString());
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
                note.replaceAll("\\s+", " "));
    }

    static Result ofLine(String line) {
        String[] fields = line.split("\t", -1);
        return new Result(
                fields[0],
                Scene.valueOf(fields[1]),
                Double.parseDouble(fields[2]),
                Double.parseDouble(fields[3]),
                Double.parseDouble(fields[4]),
                Double.parseDouble(fields[5]),
                Double.parseDouble(fields[6]),
                Long.parseLong(fields[7]),
                fields[8]);
    }
}
