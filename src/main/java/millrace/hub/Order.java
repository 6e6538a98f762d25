package millrace.hub;

import java.util.concurrent.locks.ReentrantLock;

/**
 * What comes before what in a hub: a short lock, and how far updates have been handed out. Under the lock an update is
 * handed to the channels, a channel is made or dropped, a reader joins. Nothing that may take long is done there.
 */
final class Order {

    private final ReentrantLock lock = new ReentrantLock();

    /** Written under the lock. */
    private volatile long delivered;

    /** Written under the lock. */
    private volatile long log;

    void lock() {
        lock.lock();
    }

    boolean tryLock() {
        return lock.tryLock();
    }

    void unlock() {
        lock.unlock();
    }

    /** All that has a place up to this one has been handed to the channels; see {@link Place}. Any thread. */
    long delivered() {
        return delivered;
    }

    /** Under the lock. */
    void delivered(long place) {
        delivered = place;
    }

    /** How often the history was opened anew: places in one log mean nothing in another. Any thread. */
    long log() {
        return log;
    }

    /** Another history stands behind the hub from now on. Under the lock. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
    void beginLog(long place) {
        delivered = place; // first: who sees the new number sees no place of the old log
        log++;
    }
}
