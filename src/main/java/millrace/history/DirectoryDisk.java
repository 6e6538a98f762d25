package millrace.history;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A directory that belongs to this process alone. Data goes through {@link RandomAccessFile}, because an interrupt
 * closes a {@link FileChannel} for everybody, in the middle of a write.
 */
final class DirectoryDisk implements Disk {
    private static final System.Logger LOG = System.getLogger(FileHistory.class.getName());
    private static final String LOCK = "lock";
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    /** Names in the system properties, which all web applications of a process share, a directory that one of them has. */
    private static final String HELD = "millrace-history-held:";

    private final Path directory;
    private final String held;
    private final FileChannel lockFile;
    private final @Nullable Object lockKey;

    /**
     * Creates the directory where it does not exist, and locks it until {@link #close}.
     *
     * @throws HistoryException when somebody else holds it
     */
    DirectoryDisk(Path directory) throws IOException {
        this.directory = directory;
        create(directory);
        this.held = HELD + directory.toRealPath();
        // Not left to the lock alone: whoever opens a locked file again in the same process and closes it frees the
        // lock of the first, for every other process.
        if (System.getProperties().putIfAbsent(held, "") != null) {
            throw inUse();
        }
        FileChannel file = null;
        FileLock lock = null;
        try {
            file = FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            lock = file.tryLock();
            if (lock == null) {
                throw inUse();
            }
            this.lockFile = file;
            this.lockKey = key(directory.resolve(LOCK));
        } finally {
            if (lock == null) {
                System.getProperties().remove(held);
                if (file != null) {
                    file.close();
                }
            }
        }
    }

    private HistoryException inUse() {
        return new HistoryException("The history in " + directory + " is in use by another process or web"
                + " application. Stop that one, or give this one a place of its own with millrace.history=file:PATH.");
    }

    /** For the eyes of this user only: it holds private updates. */
    private static void create(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            keepToThisUser(directory);
            return;
        }
        Path parent = directory.getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        if (directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } else {
            Files.createDirectory(directory);
        }
        // its name, and those of directories above it that are as new, have to survive a loss of power like its files
        for (Path above = directory.getParent(); above != null; above = above.getParent()) {
            if (Files.isWritable(above) && Files.isReadable(above)) {
                forceNames(above);
            }
        }
    }

    /** One that is there already may be open to others: a package's or a script's, or one that was copied. */
    private static void keepToThisUser(Path directory) throws IOException {
        if (!directory.getFileSystem().supportedFileAttributeViews().contains("posix")
                || Files.getPosixFilePermissions(directory).equals(OWNER_ONLY)) {
            return;
        }
        try (Stream<Path> files = Files.list(directory)) {
            Optional<Path> foreign = files.filter(file -> !isOurs(file)).findFirst();
            if (foreign.isPresent()) { // a whole home, or /tmp: to close it would break what is not ours
                warnOfOthers(directory, foreign.get().getFileName() + " in it is not the history's");
                return;
            }
        }
        try {
            Files.setPosixFilePermissions(directory, OWNER_ONLY);
        } catch (IOException notAllowed) {
            warnOfOthers(directory, notAllowed.toString());
        }
    }

    private static boolean isOurs(Path file) {
        String name = file.getFileName().toString();
        return name.equals(LOCK) || FileHistory.isOurs(name);
    }

    private static void warnOfOthers(Path directory, String reason) {
        LOG.log(
                Level.WARNING,
                "The history in {0} holds private updates, but the rights of the directory let others in; they are left"
                        + " as they are: {1}",
                directory,
                reason);
    }

    /** What tells a file from another one that has its name later; {@code null} where the system has nothing. */
    private static @Nullable Object key(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (NoSuchFileException | NotDirectoryException gone) {
            throw new LostException(file + " is gone");
        }
    }

    private static void requireSame(Path file, @Nullable Object key) throws IOException {
        if (!Objects.equals(key(file), key)) {
            throw new LostException(file + " was replaced by another file");
        }
    }

    @Override
    public void check() throws IOException {
        requireSame(directory.resolve(LOCK), lockKey);
        if (!Files.isWritable(directory)) {
            throw new IOException("the directory is read-only");
        }
    }

    @Override
    public List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals(LOCK))
                    .toList();
        } catch (UncheckedIOException failed) {
            throw failed.getCause();
        }
    }

    @Override
    public Handle open(String name) throws IOException {
        return new OpenFile(directory.resolve(name));
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
        forceNames(directory);
    }

    private static void forceNames(Path directory) throws IOException {
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
        if (lockFile.isOpen()) {
            lockFile.close();
            System.getProperties().remove(held);
        }
    }

    @Override
    public String toString() {
        return directory.toString();
    }

    private static final class OpenFile implements Handle {
        private final Path path;
        private final @Nullable Object key;
        private final RandomAccessFile file;
        /** Guards the file's position. */
        private final ReentrantLock lock = new ReentrantLock();

        OpenFile(Path path) throws IOException {
            this.path = path;
            this.file = new RandomAccessFile(path.toFile(), "rw");
            try {
                this.key = key(path);
            } catch (IOException gone) {
                file.close();
                throw gone;
            }
        }

        @Override
        public void check() throws IOException {
            requireSame(path, key);
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
