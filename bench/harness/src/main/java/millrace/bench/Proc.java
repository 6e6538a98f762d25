package millrace.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** What Linux says about a process and its descendants; 0 for what it does not say. */
public final class Proc {

    private static final long NANOS_PER_TICK = 10_000_000; // USER_HZ is 100 on every Linux that runs Java

    private Proc() {}

    /** User and system time, of the process and of its descendants that live. */
    public static long cpuNanos(int pid) {
        return tree(pid).map(Proc::ticks).sum() * NANOS_PER_TICK;
    }

    /** Memory in RAM, with what is shared between processes counted once. */
    public static long residentBytes(int pid) {
        return tree(pid).map(Proc::proportional).sum();
    }

    /** What a command says on its first line, or nothing where there is no such command. */
    static String output(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (BufferedReader lines = process.inputReader()) {
                String first = lines.readLine();
                return first == null ? "" : first;
            }
        } catch (IOException none) {
            return "";
        }
    }

    private static LongStream tree(int pid) {
        return ProcessHandle.of(pid).stream()
                .flatMap(handle -> Stream.concat(Stream.of(handle), handle.descendants()))
                .mapToLong(ProcessHandle::pid);
    }

    private static long ticks(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            // the name in parentheses may hold anything, so count from its end: state is field 0, utime 11, stime 12
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        } catch (IOException gone) {
            return 0;
        }
    }

    private static long proportional(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps_rollup")).stream()
                    .filter(line -> line.startsWith("Pss:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .sum();
        } catch (IOException gone) {
            return 0;
        }
    }
}
