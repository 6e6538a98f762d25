package millrace.history;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.io.TempDir;

/** The contract once more, with next to nothing kept in memory: every page comes from the disk. */
class FileHistoryFromDiskTest extends HistoryContract {

    @TempDir
    Path directory;

    private int opened;

    @Override
    History open(Retention retention, InstantSource clock, Sink sink) {
        try {
            return new FileHistory(
                    new DirectoryDisk(directory.resolve("history" + opened++)), retention, clock, sink, 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
