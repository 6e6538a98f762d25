/**
 * The run command: an embedded Tomcat that serves the finished WAR. Not part of the WAR, and of Tomcat's classes only
 * this package knows. Start reading in {@link millrace.run.Main}.
 */
package millrace.run;
