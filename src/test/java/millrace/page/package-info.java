/**
 * The demo page: its modules under Node, its panels in a real browser. The page itself is {@code src/main/webapp}, the
 * modules' own tests are {@code src/test/page}.
 */
@NullMarked
package millrace.page;

import org.jspecify.annotations.NullMarked;
