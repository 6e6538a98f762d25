package millrace.harness;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;

/**
 * How tests wait: for a condition, as long as a slow machine needs. Nothing else in a unit test may sleep, which
 * {@code UnitTestsTest} checks.
 */
public final class Wait {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(2);

    private Wait() {}

    /** Returns once that is true, and fails with these words when it does not become so. */
    public static void until(String what, BooleanSupplier condition) throws InterruptedException {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - begin > LIMIT.toNanos()) {
                throw new AssertionError("not within " + LIMIT.toSeconds() + " s: " + what);
            }
            Thread.sleep(BETWEEN_LOOKS);
        }
    }

    /** Until the thread is interrupted: for a producer that has nothing more to say. */
    public static void forEver() throws InterruptedException {
        new CountDownLatch(1).await();
    }

    /**
     * Lets time pass, where time is what a test is about: a peer is slow, or something must not happen although there was
     * time for it. Never to give something time to happen: that is a condition, or the test fails on a slower machine.
     */
    public static void let(Duration pass) throws InterruptedException {
        Thread.sleep(pass);
    }
}
