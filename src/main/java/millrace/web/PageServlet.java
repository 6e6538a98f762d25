package millrace.web;

import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.Serial;
import java.util.Set;
import java.util.stream.Collectors;

/** The page: gives the JSP its few values. The JSP lies in WEB-INF, so that nobody gets it without the filter. */
public final class PageServlet extends HttpServlet {
    @Serial
    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        var context = getServletContext();
        if (!request.getRequestURI().endsWith("/")) {
            // Tomcat hands out the root for /app, too, where the page's relative addresses would point beside /app/
            String path = request.getRequestURI();
            response.setStatus(HttpServletResponse.SC_FOUND); // a relative address, which sendRedirect would make whole
            response.setHeader("Location", path.substring(path.lastIndexOf('/') + 1) + "/");
            return;
        }
        boolean demo = Application.in(context).isDemo();
        request.setAttribute("demo", demo);
        // the name of the container is for trying out; a public page keeps it to itself
        request.setAttribute("servedBy", demo ? context.getServerInfo() : "a servlet container");
        request.setAttribute("docs", docs(context));
        request.getRequestDispatcher("/WEB-INF/index.jsp").forward(request, response);
    }

    /** The pages of the documentation that the WAR holds, by name: the overview, then in the order of the alphabet. */
    private static String docs(ServletContext context) {
        Set<String> paths = context.getResourcePaths("/docs/");
        return paths == null
                ? ""
                : paths.stream()
                        .filter(path -> path.endsWith(".md"))
                        .map(path -> path.substring("/docs/".length(), path.length() - ".md".length()))
                        .sorted() // README first: capitals come before all others
                        .collect(Collectors.joining(" "));
    }
}
