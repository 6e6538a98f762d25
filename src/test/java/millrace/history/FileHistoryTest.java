package millrace.history;

import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.io.TempDir;

class FileHistoryTest extends HistoryContract {

    @TempDir
    Path directory;

    private int opened;

    @Override
    History open(Retention retention, InstantSource clock, Sink sink) {
        return FileHistory.open(directory.resolve("history" + opened++), retention, clock, sink);
    }
}
