package millrace.bench.peer;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** Spring MVC's {@code SseEmitter} on Tomcat, with Spring Boot: a published message is given to each emitter. */
@SpringBootApplication
@RestController
public class SpringPeer {

    private final List<SseEmitter> subscribers = new CopyOnWriteArrayList<>();

    public static void main(String[] args) {
        SpringApplication.run(SpringPeer.class, "--server.port=" + args[0]);
    }

    @GetMapping("/events")
    public SseEmitter events() throws IOException {
        SseEmitter emitter = new SseEmitter(0L);
        emitter.onCompletion(() -> subscribers.remove(emitter));
        emitter.onError(failure -> subscribers.remove(emitter));
        emitter.send(SseEmitter.event().comment("open")); // Spring sends the head with the first event
        subscribers.add(emitter);
        return emitter;
    }

    @PostMapping("/publish")
    public void publish(@RequestBody String data) {
        for (SseEmitter subscriber : subscribers) {
            try {
                subscriber.send(data);
            } catch (IOException | IllegalStateException gone) {
                subscribers.remove(subscriber);
            }
        }
    }

    @GetMapping("/stream")
    public SseEmitter stream(@RequestParam int n, @RequestParam int interval) {
        SseEmitter emitter = new SseEmitter(0L);
        Thread.ofVirtual().start(() -> numbers(emitter, n, interval * 1_000_000L));
        return emitter;
    }

    private static void numbers(SseEmitter emitter, int n, long between) {
        long due = System.nanoTime();
        try {
            for (int i = 0; i < n; i++) {
                emitter.send(i + " " + System.nanoTime());
                due += between;
                if (between > 0) {
                    Thread.sleep(java.time.Duration.ofNanos(Math.max(0, due - System.nanoTime())));
                }
            }
            emitter.complete();
        } catch (IOException | IllegalStateException | InterruptedException gone) {
            emitter.completeWithError(gone);
        }
    }
}
