package millrace.request;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * Whom a request counts for: the address of the connection, unless that is a proxy named in the settings. Then it is the
 * last address of {@code X-Forwarded-For} that is not such a proxy: what stands further left anybody can have written.
 */
public final class ClientAddress {

    private final Set<String> proxies;

    public ClientAddress(List<String> proxies) {
        this.proxies = Set.copyOf(proxies);
    }

    public String of(HttpServletRequest request) {
        return of(request.getRemoteAddr(), Collections.list(request.getHeaders("X-Forwarded-For")));
    }

    String of(String connection, List<String> forwardedFor) {
        String client = connection;
        if (proxies.isEmpty() || !proxies.contains(client)) {
            return client;
        }
        String[] hops = String.join(",", forwardedFor).split(",", -1);
        for (int i = hops.length - 1; i >= 0; i--) {
            String hop = hops[i].strip();
            if (hop.isEmpty() || hop.length() > 45) {
                return client; // not an address: the proxy nearest to it answers for it
            }
            client = hop;
            if (!proxies.contains(client)) {
                return client;
            }
        }
        return client;
    }
}
