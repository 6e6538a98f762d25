package millrace.web;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PageServletTest {

    /** The page's addresses are relative: at {@code /app} they would all point beside the application. */
    @Test
    void withoutItsLastSlashTheRootIsNotServedButNamedFromWhereItWasAskedFor() throws Exception {
        List<Object> redirects = new ArrayList<>();
        ServletContext context = fake(ServletContext.class, Map.of(), redirects);
        PageServlet servlet = new PageServlet();
        servlet.init(
                fake(ServletConfig.class, Map.of("getServletContext", context, "getServletName", "page"), redirects));

        servlet.doGet(
                fake(HttpServletRequest.class, Map.of("getRequestURI", "/apps/app"), redirects),
                fake(HttpServletResponse.class, Map.of(), redirects));

        assertEquals(List.of(302, "Location: app/"), redirects);
    }

    /** Answers what is listed, notes the status and the headers of the answer, and refuses all else. */
    private static <T> T fake(Class<T> type, Map<String, Object> answers, List<Object> redirects) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    if (method.getName().equals("getInitParameter")) {
                        return null;
                    }
                    if (method.getName().equals("setStatus")) {
                        redirects.add(arguments[0]);
                        return null;
                    }
                    if (method.getName().equals("setHeader")) {
                        redirects.add(arguments[0] + ": " + arguments[1]);
                        return null;
                    }
                    if (answers.containsKey(method.getName())) {
                        return answers.get(method.getName());
                    }
                    throw new UnsupportedOperationException(method.toString());
                }));
    }
}
