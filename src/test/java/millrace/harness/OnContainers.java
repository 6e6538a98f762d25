package millrace.harness;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Each {@link ContainerTest} of this class runs once on every container of the run, and gets the running
 * {@link Server} as a parameter. The default server of a container is shared by all classes of the run; one with
 * {@link #properties}, {@link #setup} or {@link #jvmArgs} of its own belongs to the class and ends with it.
 *
 * <p>{@code -Dcontainers=tomcat11,jetty12.1} narrows the run.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ContainersExtension.class)
public @interface OnContainers {
    /** The containers of this class; all of them by default. */
    Container[] value() default {Container.TOMCAT_11, Container.TOMCAT_10_1, Container.JETTY_12_1, Container.JETTY_12_0
    };

    /** Settings beside {@code millrace.demo=true}, e.g. {@code "millrace.heartbeat=500ms"}. */
    String[] properties() default {};

    /** How the containers are set up. */
    Setup setup() default Setup.STANDARD;

    /** Arguments for the container's JVM, e.g. {@code "-Xmx64m"}. */
    String[] jvmArgs() default {};
}
