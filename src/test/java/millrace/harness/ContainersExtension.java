package millrace.harness;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;

/** Runs each {@link ContainerTest} on each container, and starts the servers when they are first needed. */
final class ContainersExtension implements TestTemplateInvocationContextProvider {

    private static final Namespace SERVERS = Namespace.create(ContainersExtension.class);

    @Override
    public boolean supportsTestTemplate(ExtensionContext context) {
        return context.getRequiredTestMethod().isAnnotationPresent(ContainerTest.class);
    }

    @Override
    public boolean mayReturnZeroTestTemplateInvocationContexts(ExtensionContext context) {
        return true; // -Dcontainers=… may leave none
    }

    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(ExtensionContext context) {
        OnContainers wish = context.getRequiredTestClass().getAnnotation(OnContainers.class);
        List<Container> chosen = chosen();
        return Arrays.stream(wish.value()).filter(chosen::contains).map(container -> on(container, wish));
    }

    /** The containers that {@code -Dcontainers=…} names; all without it. */
    static List<Container> chosen() {
        List<String> keys =
                Arrays.stream(Container.values()).map(Container::key).toList();
        List<Container> chosen = new ArrayList<>();
        for (String key :
                System.getProperty("containers", String.join(",", keys)).split(",")) {
            int index = keys.indexOf(key.strip());
            if (index < 0) {
                throw new IllegalArgumentException("-Dcontainers=… knows " + keys + ", not '" + key + "'");
            }
            chosen.add(Container.values()[index]);
        }
        return chosen;
    }

    private static TestTemplateInvocationContext on(Container container, OnContainers wish) {
        return new TestTemplateInvocationContext() {
            @Override
            public String getDisplayName(int invocationIndex) {
                return container.key();
            }

            @Override
            public List<Extension> getAdditionalExtensions() {
                return List.of(new ServerParameter(container, wish));
            }
        };
    }

    /** Gives the server to the method, and shows the server's log when the method failed. */
    private record ServerParameter(Container container, OnContainers wish)
            implements ParameterResolver, AfterTestExecutionCallback {

        private static final int LOG_LINES = 60;

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == Server.class
                    || parameter.getParameter().getType() == Container.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == Container.class ? container : server(context);
        }

        @Override
        public void afterTestExecution(ExtensionContext context) {
            if (context.getExecutionException().isPresent()
                    && scope(context).getStore(SERVERS).get(key()) instanceof Server server) {
                List<String> lines = server.log().lines().toList();
                System.out.println("---- end of the log of " + server);
                lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size())
                        .forEach(System.out::println);
                System.out.println("----");
            }
        }

        private Server server(ExtensionContext context) {
            return scope(context).getStore(SERVERS).computeIfAbsent(key(), key -> launch(), Server.class);
        }

        private Server launch() {
            Map<String, String> properties = new LinkedHashMap<>();
            for (String property : wish.properties()) {
                String[] nameAndValue = property.split("=", 2);
                properties.put(nameAndValue[0], nameAndValue[1]);
            }
            return Server.start(container, wish.setup(), 0, properties, wish.jvmArgs());
        }

        /** Default servers live as long as the run, others as long as the class that wished for them. */
        private ExtensionContext scope(ExtensionContext context) {
            boolean standard =
                    wish.properties().length == 0 && wish.jvmArgs().length == 0 && wish.setup() == Setup.STANDARD;
            ExtensionContext scope = context;
            while (!standard
                    && scope.getParent().isPresent()
                    && scope.getTestMethod().isPresent()) {
                scope = scope.getParent().get();
            }
            return standard ? context.getRoot() : scope;
        }

        /** With the wishes: a store also finds what its parents hold, and the default servers are in the root's. */
        private String key() {
            return container.key()
                    + wish.setup()
                    + Arrays.toString(wish.properties())
                    + Arrays.toString(wish.jvmArgs());
        }
    }
}
