package millrace.history;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * A directory that belongs to this process alone. Data goes through {@link RandomAccessFile}, because an interrupt
 * closes a {@link FileChannel} for everybody, in the middle of a write.
 */
final class DirectoryDisk implements Disk {
    private static final String LOCK = "lock";

    private final Path directory;
    private final FileChannel lockFile;

    /**
     * Creates the directory where it does not exist, and locks it until {@link #close}.
     *
     * @throws HistoryException when somebody else holds it
     */
    DirectoryDisk(Path directory) throws IOException {
        this.directory = directory;
        create(directory);
        this.lockFile = FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = lockFile.tryLock();
        } catch (OverlappingFileLockException heldByThisProcess) {
            // the same answer as for another process: in a servlet container it is another web application
        } finally {
            if (lock == null) {
                lockFile.close();
            }
        }
        if (lock == null) {
            throw new HistoryException(
                    "The history in " + directory + " is in use by another process or web"
                            + " application. Stop that one, or give this one a place of its own with millrace.history=file:PATH.");
        }
    }

    /** For the eyes of this user only: it holds private updates. */
    private static void create(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = directory.getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        if (directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectory(directory);
        }
    }

    @Override
    public List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals(LOCK))
                    .toList();
        }
    }

    @Override
    public Handle open(String name) throws IOException {
        return new OpenFile(new RandomAccessFile(directory.resolve(name).toFile(), "rw"));
    }

    @Override
    public Handle create(String name) throws IOException {
        Files.deleteIfExists(directory.resolve(name));
        return open(name);
    }

    @Override
    public void delete(String name) throws IOException {
        Files.deleteIfExists(directory.resolve(name));
    }

    @Override
    public void forceNames() throws IOException {
        if (System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows")) {
            return; // a directory cannot be opened there, and its file systems log the creation of files by themselves
        }
        boolean interrupted = Thread.interrupted(); // would close the channel, and only that
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }

    @Override
    public String toString() {
        return directory.toString();
    }

    private static final class OpenFile implements Handle {
        private final RandomAccessFile file;
        /** Guards the file's position. */
        private final ReentrantLock lock = new ReentrantLock();

        OpenFile(RandomAccessFile file) {
            this.file = file;
        }

        @Override
        public long length() throws IOException {
            return file.length();
        }

        @Override
        public void read(long position, byte[] into) throws IOException {
            lock.lock();
            try {
                file.seek(position);
                file.readFully(into);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void write(long position, byte[] bytes, int length) throws IOException {
            lock.lock();
            try {
                file.seek(position);
                file.write(bytes, 0, length);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void truncate(long length) throws IOException {
            file.setLength(length);
        }

        @Override
        public void force() throws IOException {
            file.getFD().sync();
        }

        @Override
        public void close() throws IOException {
            lock.lock();
            try {
                file.close();
            } finally {
                lock.unlock();
            }
        }
    }
}
