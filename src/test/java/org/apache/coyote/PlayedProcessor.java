package org.apache.coyote;

/** Stands on the stack for Tomcat's request processing, which is in this package. */
public final class PlayedProcessor {

    private PlayedProcessor() {}

    /** Returns after that. */
    public static void process(Runnable inside) {
        inside.run();
    }
}
