package millrace.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Objects;
import java.util.function.BiFunction;
import millrace.log.CloseReason;

/**
 * The write loop in every order that its steps and those of a scripted container can have: no wake-up is lost, never
 * two threads touch the response, nor one beside the container's own where it lingers, nothing is touched without having
 * been asked for or after the end. And the loop damaged on purpose, in the ways in which such loops are usually wrong.
 */
final class WriteLoopModel {

    private WriteLoopModel() {}

    /** What happens around the loop. */
    record Scene(int events, int refusals, int runners, boolean fails, boolean spurious, Kind kind, End end) {
        Scene(int events, int refusals, int runners, boolean fails, boolean spurious, End end) {
            this(events, refusals, runners, fails, spurious, Kind.PLAIN, end);
        }

        enum Kind {
            /** Its thread does not mind others beside it. */
            PLAIN,
            /** Its thread must have left before others write, and it ends a response whose write has failed. */
            LINGERS,
            /** Likewise, and its thread writes itself when it calls back. */
            LINGERS_AND_WRITES
        }

        enum End {
            /** Stays open. */
            NONE,
            /** The log ends behind the last event. */
            CONTENT_ENDS,
            /** Somebody closes for a peaceful reason. */
            CLOSED,
            /** The container tells an error at any time. */
            LOST,
            /** The container never calls back again; the watchdog ends it. */
            NEVER_CALLED_BACK
        }
    }

    /** The loop, stepping at each access; and its container and content, which notice what must not happen. */
    static class Model extends WriteLoop implements Interleavings.Program {
        final Interleavings order;
        final Scene scene;
        int scheduled;
        int appended;
        int written;
        int flushed;
        boolean contentEnded;
        int refusalsLeft;
        int spuriousLeft;
        int failuresLeft;
        boolean callbackOwed;
        boolean notReady;
        boolean completed;
        boolean lostTold;
        int closings;
        boolean closeCalled;
        boolean inside;
        Thread mayTouch;
        boolean checking;
        int busy;
        int scheduledLater;
        boolean containerIsIn;
        boolean callFailed;
        int tellings;
        Thread containerThread;

        Model(Interleavings order, Scene scene) {
            this.order = order;
            this.scene = scene;
            this.refusalsLeft = scene.refusals();
            this.spuriousLeft = scene.spurious() ? 1 : 0;
            this.failuresLeft = scene.fails() ? 1 : 0;
            order.thread("producer", this::produce);
            order.thread("container", this::callBack);
            for (int i = 0; i < scene.runners(); i++) {
                order.thread("runner" + i, this::runWhatIsScheduled);
            }
            if (scene.fails() && lingers()) {
                order.thread("ender", () -> {
                    order.await(() -> callFailed && !containerIsIn);
                    lostTold = true;
                    lost(CloseReason.CLIENT_GONE);
                });
            }
            if (scene.end() == Scene.End.LOST) {
                order.thread("error", () -> {
                    order.step("tell the error");
                    lostTold = true;
                    lost(CloseReason.CLIENT_GONE);
                });
            }
            if (scene.end() == Scene.End.NEVER_CALLED_BACK) {
                order.thread("watchdog", () -> {
                    order.await(() -> notReady && scheduled == 0 && busy == 0);
                    lostTold = true;
                    giveUp(CloseReason.TOO_SLOW);
                });
            }
        }

        private void produce() {
            for (int i = 0; i < scene.events(); i++) {
                order.step("append");
                appended++;
                wake();
            }
            if (scene.end() == Scene.End.CONTENT_ENDS) {
                order.step("end of content");
                contentEnded = true;
                wake();
            } else if (scene.end() == Scene.End.CLOSED) {
                order.step("close");
                closeCalled = true;
                close(CloseReason.EXPIRED);
            }
        }

        private boolean lingers() {
            return scene.kind() != Scene.Kind.PLAIN;
        }

        private void callBackOnce() {
            containerIsIn = lingers();
            containerThread = Thread.currentThread();
            if (scene.kind() == Scene.Kind.LINGERS_AND_WRITES) {
                writeInCallback();
            } else {
                writable();
            }
            if (lingers()) {
                order.step("leave");
                containerIsIn = false;
            }
        }

        private void callBack() {
            callBackOnce(); // the first, unasked
            int owed = scene.end() == Scene.End.NEVER_CALLED_BACK ? scene.refusals() - 1 : scene.refusals();
            while (true) {
                order.await(() -> callbackOwed || spuriousLeft > 0);
                if (!callbackOwed) {
                    spuriousLeft--;
                } else {
                    if (owed-- == 0) {
                        return;
                    }
                    callbackOwed = false;
                    notReady = false; // before the call: it counts as the answer true
                }
                order.step("call back");
                callBackOnce();
            }
        }

        private void runWhatIsScheduled() {
            while (true) {
                order.await(() -> scheduled > 0 || scheduledLater > 0 && !containerIsIn);
                if (scheduled > 0) {
                    scheduled--;
                } else {
                    scheduledLater--;
                }
                busy++;
                run();
                busy--;
            }
        }

        // ---- the shared word, one step each ----

        @Override
        int word() {
            if (checking) {
                return super.word();
            }
            order.step("read");
            return (int) order.saw(super.word());
        }

        @Override
        boolean compareAndSet(int from, int to) {
            order.step("cas " + (from & 7) + " to " + (to & 7));
            boolean done = super.compareAndSet(from, to);
            order.saw(done ? 1 : 0);
            return done;
        }

        // ---- content ----

        @Override
        void schedule() {
            scheduled++;
        }

        @Override
        void scheduleLater() {
            scheduledLater++;
        }

        @Override
        boolean hasLeft() {
            order.step("has it left");
            return order.saw(containerIsIn ? 1 : 0) == 0;
        }

        @Override
        boolean endsAfterFailure() {
            return lingers();
        }

        @Override
        Next next() {
            order.step("look for content");
            int fresh = appended - written;
            order.saw(fresh);
            if (fresh > 0) {
                return Next.WRITE;
            }
            return order.saw(contentEnded ? 1 : 0) == 1 ? Next.END : Next.NOTHING;
        }

        @Override
        CloseReason endOfContent() {
            return CloseReason.COMPLETED;
        }

        // ---- container ----

        @Override
        boolean isReady() {
            enter("isReady", false);
            boolean answer = true;
            if (notReady && !completed) {
                answer = false; // called back for nothing: it still is not, and its promise still stands
            } else if (refusalsLeft > 0 && !completed && order.choose(2) == 1) {
                refusalsLeft--;
                notReady = true;
                callbackOwed = true;
                answer = false;
            } else {
                mayTouch = Thread.currentThread();
            }
            leave();
            order.step("is told " + answer);
            return answer;
        }

        @Override
        void write() throws IOException {
            enter("write", true);
            if (failuresLeft > 0 && order.choose(2) == 1) {
                failuresLeft--;
                callFailed = true;
                leave();
                throw new IOException("reset by peer");
            }
            written = appended;
            leave();
        }

        @Override
        void flush() {
            enter("flush", true);
            flushed = written;
            leave();
        }

        private void enter(String what, boolean touches) {
            order.step(what);
            must(
                    !containerIsIn || containerThread == Thread.currentThread(),
                    what + " beside the container's own thread");
            if (touches) {
                must(!inside, "two threads touch the response");
                must(!completed, what + " after the end");
                must(!notReady, what + " while not ready");
                must(mayTouch == Thread.currentThread(), what + " without having asked on this thread");
                mayTouch = null;
                inside = true;
                order.step("inside " + what);
            }
        }

        private void leave() {
            inside = false;
        }

        @Override
        void complete(CloseReason reason) {
            order.step("complete");
            closings++;
            must(!inside, "completed while another thread is inside a write");
            must(!notReady || lostTold, "completed while not ready");
            must(!callFailed || !lingers() || lostTold, "completed beside the container's own end");
            completed = true;
        }

        @Override
        void ended(CloseReason reason) {
            tellings++;
        }

        private static void must(boolean holds, String otherwise) {
            if (!holds) {
                throw new AssertionError(otherwise);
            }
        }

        // ---- the end of an execution ----

        @Override
        public long sharedState() {
            return Objects.hash(
                    super.word(),
                    scheduled,
                    appended,
                    written,
                    flushed,
                    contentEnded,
                    refusalsLeft,
                    spuriousLeft,
                    failuresLeft,
                    callbackOwed,
                    notReady,
                    completed,
                    lostTold,
                    closings,
                    inside,
                    closeCalled,
                    busy,
                    scheduledLater,
                    containerIsIn,
                    callFailed,
                    tellings,
                    isClosing());
        }

        @Override
        public void check() {
            checking = true;
            assertTrue(closings <= 1, "completed " + closings + " times");
            assertEquals(closings, tellings, "the end was told " + tellings + " times");
            assertEquals(0, scheduled + scheduledLater, "a run was scheduled and never came");
            boolean failed = scene.fails() && failuresLeft == 0;
            boolean refusedForEver = callbackOwed;
            if (lostTold || failed) {
                assertEquals(1, closings, "lost, but not completed; " + this);
                return;
            }
            if (refusedForEver) {
                return; // the container broke its promise; only the watchdog helps
            }
            if (scene.end() != Scene.End.CLOSED) {
                assertEquals(appended, written, "an event was not written; " + this);
            }
            assertEquals(written, flushed, "an event was not flushed; " + this);
            boolean toEnd = contentEnded || closeCalled;
            assertEquals(toEnd ? 1 : 0, closings, "completed; " + this);
        }
    }

    static Interleavings.Explored explore(Scene scene, BiFunction<Interleavings, Scene, Model> loop) {
        return Interleavings.explore(order -> loop.apply(order, scene));
    }

    static final Scene[] SCENES = {
        new Scene(1, 1, 1, false, false, Scene.End.NONE),
        new Scene(2, 0, 1, false, false, Scene.End.NONE),
        new Scene(2, 1, 1, false, false, Scene.End.NONE),
        new Scene(1, 1, 1, false, true, Scene.End.NONE),
        new Scene(1, 1, 2, false, false, Scene.End.NONE),
        new Scene(1, 2, 1, false, false, Scene.End.CONTENT_ENDS),
        new Scene(1, 0, 2, false, false, Scene.End.CONTENT_ENDS),
        new Scene(1, 1, 1, false, false, Scene.End.CLOSED),
        new Scene(1, 0, 1, false, true, Scene.End.CLOSED),
        new Scene(1, 0, 2, false, false, Scene.End.CLOSED),
        new Scene(1, 1, 1, false, false, Scene.End.LOST),
        new Scene(1, 0, 2, false, false, Scene.End.LOST),
        new Scene(1, 1, 1, true, false, Scene.End.CONTENT_ENDS),
        new Scene(1, 0, 1, true, false, Scene.End.LOST),
        new Scene(1, 1, 1, false, false, Scene.End.NEVER_CALLED_BACK),
        new Scene(1, 0, 1, false, false, Scene.Kind.LINGERS_AND_WRITES, Scene.End.NONE),
        new Scene(1, 1, 1, false, false, Scene.Kind.LINGERS_AND_WRITES, Scene.End.NONE),
        new Scene(1, 0, 1, false, false, Scene.Kind.LINGERS_AND_WRITES, Scene.End.CLOSED),
        new Scene(1, 0, 1, false, false, Scene.Kind.LINGERS_AND_WRITES, Scene.End.CONTENT_ENDS),
        new Scene(1, 0, 1, false, false, Scene.Kind.LINGERS_AND_WRITES, Scene.End.LOST),
        new Scene(1, 0, 1, true, false, Scene.Kind.LINGERS_AND_WRITES, Scene.End.NONE),
        new Scene(1, 0, 1, true, false, Scene.Kind.LINGERS_AND_WRITES, Scene.End.LOST),
        new Scene(1, 1, 1, false, false, Scene.Kind.LINGERS, Scene.End.NONE),
        new Scene(1, 0, 1, false, false, Scene.Kind.LINGERS, Scene.End.CLOSED),
        new Scene(1, 0, 1, true, false, Scene.Kind.LINGERS, Scene.End.CONTENT_ENDS),
        new Scene(1, 1, 1, false, false, Scene.Kind.LINGERS, Scene.End.NEVER_CALLED_BACK),
    };

    /** Those that are gone through within a second, and yet find each damage. */
    static final Scene[] SHORT = {
        new Scene(1, 1, 1, false, false, Scene.End.NONE),
        new Scene(1, 1, 1, false, false, Scene.End.CLOSED),
        new Scene(1, 0, 1, false, false, Scene.End.LOST),
        new Scene(1, 0, 1, false, false, Scene.Kind.LINGERS_AND_WRITES, Scene.End.NONE),
        new Scene(1, 0, 1, true, false, Scene.Kind.LINGERS, Scene.End.NONE),
    };

    /** The loop, damaged in the ways in which such loops are usually wrong. */
    enum Damage {
        ASKS_BEFORE_IT_PARKS((order, scene) -> new Model(order, scene) {
            @Override
            boolean ask() {
                if (isReady()) {
                    return true;
                }
                moveOwned((word() & ~7) | AWAITING); // the callback may have come in between
                return false;
            }
        }),
        FORGETS_A_SIGNAL((order, scene) -> new Model(order, scene) {
            @Override
            boolean rest(int resting) {
                moveOwned((word() & ~7) | resting); // also from SIGNALLED
                return true;
            }
        }),
        TAKES_ITSELF_BACK_UNSEEN((order, scene) -> new Model(order, scene) {
            @Override
            boolean ask() {
                int awaiting = (word() & ~7) | AWAITING;
                moveOwned(awaiting);
                if (!isReady()) {
                    return false;
                }
                compareAndSet(awaiting, (awaiting & ~7) | DRAINING);
                return true; // also where the callback or an error came first
            }
        }),
        COMPLETES_WHILE_NOT_READY((order, scene) -> new Model(order, scene) {
            @Override
            void close(CloseReason reason) {
                super.close(reason);
                int now = word();
                if ((now & 7) == AWAITING && compareAndSet(now, (now & ~7) | CLOSED)) {
                    complete(reason);
                    ended(reason);
                }
            }
        }),
        BEGINS_AFTER_THE_END((order, scene) -> new Model(order, scene) {
            @Override
            boolean begin() {
                int now = word();
                if ((now & 7) == CLOSED && compareAndSet(now, (now & ~7) | DRAINING)) {
                    return true;
                }
                return super.begin();
            }
        }),
        IGNORES_THE_CALL_BACK((order, scene) -> new Model(order, scene) {
            @Override
            void writable() {
                int now = word();
                if ((now & 7) == AWAITING) {
                    compareAndSet(now, (now & ~7) | IDLE);
                } else {
                    wake();
                }
            }
        }),
        WRITES_BESIDE_THE_CONTAINER((order, scene) -> new Model(order, scene) {
            @Override
            boolean hasLeft() {
                return true;
            }
        }),
        LEAVES_THE_CALL_BACK_AS_IDLE((order, scene) -> new Model(order, scene) {
            @Override
            boolean rest(int resting) {
                return super.rest(IDLE);
            }
        }),
        NEVER_LOOKS_AGAIN((order, scene) -> new Model(order, scene) {
            @Override
            void scheduleLater() {}
        }),
        ENDS_BESIDE_THE_CONTAINER((order, scene) -> new Model(order, scene) {
            @Override
            boolean endsAfterFailure() {
                return false;
            }
        }),
        ;

        final BiFunction<Interleavings, Scene, Model> loop;

        Damage(BiFunction<Interleavings, Scene, Model> loop) {
            this.loop = loop;
        }

        boolean isFoundIn(Scene... scenes) {
            try {
                for (Scene scene : scenes) {
                    explore(scene, loop);
                }
                return false;
            } catch (AssertionError found) {
                return true;
            }
        }
    }

    /** Needs two runners and a call back for nothing at once: too many orders to go through all of them each time. */
    static boolean theTurnNumberIsNeeded() {
        Scene scene = new Scene(1, 1, 2, false, true, Scene.End.NONE);
        try {
            explore(scene, (order, sameScene) -> new Model(order, sameScene) {
                @Override
                int nextTurn(int word) {
                    return word;
                }
            });
            return false;
        } catch (AssertionError found) {
            return true;
        }
    }
}
