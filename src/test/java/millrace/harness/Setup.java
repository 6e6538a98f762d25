package millrace.harness;

/** What an operator has set up in a container for Millrace. */
public enum Setup {
    /** The container as it comes. */
    STANDARD,

    /** {@code %2F} in a path is let through; the run command's Tomcat does so in any case. */
    ENCODED_SLASHES,

    /** The WAR's {@code web.xml} asks for a login at the hub and the chat (BASIC), and the container has a realm: see {@link LoginWar}. */
    LOGIN
}
