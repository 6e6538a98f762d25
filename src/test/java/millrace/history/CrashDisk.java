package millrace.history;

import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;

/**
 * A disk that loses power where a test says so, and then keeps of everything that was not forced what chance decides:
 * each sector of 512 bytes and each name for itself. It can also be full, and its force can fail the way Linux does it:
 * what was not written then is never tried again, although reads still show it.
 */
final class CrashDisk implements Disk {
    private static final int SECTOR = 512;

    private final Random random;
    private final Map<String, Content> names = new HashMap<>();
    private final Map<String, Content> forcedNames = new HashMap<>();

    private int operations;
    private int crashAt = Integer.MAX_VALUE;
    private boolean dead;

    long capacity = Long.MAX_VALUE;
    int failingForces;

    /** No file can be made in it any more; those that are open can be written, as on Linux. */
    volatile boolean readOnly;

    /** Called before a file is read, without a lock. */
    volatile Runnable beforeRead = () -> {};

    /** Says that it forced, and does nothing. */
    boolean lies;

    private static final class Content {
        byte[] now = {};
        byte[] forced = {};
        final TreeSet<Integer> dirty = new TreeSet<>();
    }

    CrashDisk(Random random) {
        this.random = random;
    }

    /** The power goes after so many more changes, in the middle of the last one. */
    synchronized void crashIn(int changes) {
        crashAt = operations + changes;
    }

    synchronized boolean dead() {
        return dead;
    }

    synchronized int operations() {
        return operations;
    }

    /** The disk as the next process finds it, after a kill ({@code powerLost == false}) or a loss of power. */
    synchronized CrashDisk restart(boolean powerLost) {
        dead = true;
        CrashDisk next = new CrashDisk(random);
        next.lies = lies;
        Map<String, Content> found = new HashMap<>(powerLost ? forcedNames : names);
        if (powerLost) {
            TreeSet<String> unsure = new TreeSet<>(names.keySet());
            unsure.addAll(forcedNames.keySet());
            for (String name : unsure) {
                if (names.get(name) != forcedNames.get(name) && random.nextBoolean()) {
                    found.remove(name);
                    if (names.containsKey(name)) {
                        found.put(name, names.get(name));
                    }
                }
            }
        }
        if (powerLost) {
            found.forEach((name, content) -> {
                Content kept = new Content();
                kept.now = survivors(content);
                kept.forced = kept.now.clone();
                next.names.put(name, kept);
            });
            next.forcedNames.putAll(next.names);
        } else {
            next.names.putAll(names);
            next.forcedNames.putAll(forcedNames);
        }
        return next;
    }

    private byte[] survivors(Content content) {
        byte[] kept = content.forced.clone();
        if (content.now.length < kept.length && random.nextBoolean()) {
            kept = Arrays.copyOf(kept, content.now.length);
        }
        int mode = random.nextInt(4); // nothing, everything, or each by chance
        for (int sector : content.dirty) {
            if (mode == 0 || (mode > 1 && random.nextBoolean())) {
                continue;
            }
            int from = sector * SECTOR;
            int to = Math.min(from + SECTOR, content.now.length);
            if (from >= to) {
                continue;
            }
            if (to > kept.length) {
                int old = kept.length;
                kept = Arrays.copyOf(kept, to);
                if (random.nextBoolean()) {
                    byte[] garbage = new byte[to - old];
                    random.nextBytes(garbage);
                    System.arraycopy(garbage, 0, kept, old, garbage.length);
                }
            }
            System.arraycopy(content.now, from, kept, from, to - from);
        }
        return kept;
    }

    private void change() throws IOException {
        requirePower();
        if (++operations >= crashAt) {
            dead = true;
            throw new IOException("the power is gone");
        }
    }

    private void requirePower() throws IOException {
        if (dead) {
            throw new IOException("the power is gone");
        }
    }

    @Override
    public void check() throws IOException {
        if (readOnly) {
            throw new IOException("the directory is read-only");
        }
    }

    private long used() {
        return names.values().stream().mapToLong(content -> content.now.length).sum();
    }

    @Override
    public synchronized List<String> names() throws IOException {
        requirePower();
        return List.copyOf(names.keySet());
    }

    @Override
    public synchronized Handle open(String name) throws IOException {
        requirePower();
        return new OpenFile(names.get(name));
    }

    @Override
    public synchronized Handle create(String name) throws IOException {
        requirePower();
        Content content = new Content();
        names.put(name, content);
        change();
        return new OpenFile(content);
    }

    @Override
    public synchronized void delete(String name) throws IOException {
        requirePower();
        names.remove(name);
        change();
    }

    @Override
    public synchronized void forceNames() throws IOException {
        change();
        if (!lies) {
            forcedNames.clear();
            forcedNames.putAll(names);
        }
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
        return "a disk that crashes";
    }

    private final class OpenFile implements Handle {
        private final Content content;

        OpenFile(Content content) {
            this.content = content;
        }

        @Override
        public long length() throws IOException {
            synchronized (CrashDisk.this) {
                requirePower();
                return content.now.length;
            }
        }

        @Override
        public void read(long position, byte[] into) throws IOException {
            beforeRead.run();
            synchronized (CrashDisk.this) {
                requirePower();
                if (position + into.length > content.now.length) {
                    throw new EOFException();
                }
                System.arraycopy(content.now, (int) position, into, 0, into.length);
            }
        }

        @Override
        public void write(long position, byte[] bytes, int length) throws IOException {
            synchronized (CrashDisk.this) {
                requirePower();
                long growth = Math.max(0, position + length - content.now.length);
                long room = capacity - used();
                int fits = growth <= room ? length : (int) Math.max(0, length - growth + Math.max(0, room));
                int end = (int) position + fits;
                if (end > content.now.length) {
                    content.now = Arrays.copyOf(content.now, end);
                }
                System.arraycopy(bytes, 0, content.now, (int) position, fits);
                for (int sector = (int) position / SECTOR; sector * SECTOR < end; sector++) {
                    content.dirty.add(sector);
                }
                change();
                if (fits < length) {
                    throw new IOException("No space left on device");
                }
            }
        }

        @Override
        public void truncate(long length) throws IOException {
            synchronized (CrashDisk.this) {
                requirePower();
                boolean lost =
                        operations + 1 >= crashAt && random.nextBoolean(); // the power goes before it or after it
                if (!lost) {
                    content.now = Arrays.copyOf(content.now, (int) length);
                }
                change();
            }
        }

        @Override
        public void force() throws IOException {
            synchronized (CrashDisk.this) {
                change();
                if (failingForces > 0) {
                    failingForces--;
                    content.forced = survivors(content);
                    content.dirty.clear();
                    throw new IOException("Input/output error");
                }
                if (!lies) {
                    // what an earlier failed force lost is not dirty any more, and stays lost
                    byte[] forced = Arrays.copyOf(content.forced, content.now.length);
                    for (int sector : content.dirty) {
                        int from = sector * SECTOR;
                        int to = Math.min(from + SECTOR, content.now.length);
                        if (from < to) {
                            System.arraycopy(content.now, from, forced, from, to - from);
                        }
                    }
                    content.forced = forced;
                    content.dirty.clear();
                }
            }
        }

        @Override
        public void close() {}
    }
}
