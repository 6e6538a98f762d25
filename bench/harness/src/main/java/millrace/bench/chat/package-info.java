/**
 * What the chat relay adds to each token: one upstream and one client, here in one process with one clock, and Millrace
 * between them or not. Start reading at {@link millrace.bench.chat.ChatBench}; {@code bench/chat} runs it. It uses the JDK
 * alone.
 */
package millrace.bench.chat;
