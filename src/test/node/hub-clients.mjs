// Two third-party clients follow a topic of the hub over a cut: argv are the hub's URL, the topic, how many events.
// Prints one line for each client: its name and what it received, as JSON.
import { EventSource } from "eventsource";
import polyfill from "event-source-polyfill";

const [hub, topic, count] = process.argv.slice(2);
const url = `${hub}?topic=${encodeURIComponent(topic)}`;

function follow(name, source) {
  return new Promise((resolve, reject) => {
    const received = [];
    let opens = 0;
    setTimeout(() => reject(new Error(`${name}: only ${JSON.stringify(received)}`)), 60_000).unref();
    source.addEventListener("open", () => {
      opens++;
      if (opens === 1) console.log(`${name} is open`);
    });
    source.addEventListener("gap", event => received.push(`gap ${event.data}`));
    source.addEventListener("message", event => {
      received.push(event.data);
      if (received.length === Number(count)) {
        source.close();
        resolve({ name, opens, received });
      }
    });
  });
}

const results = await Promise.all([
  follow("eventsource", new EventSource(url)),
  follow("event-source-polyfill", new polyfill.EventSourcePolyfill(url)),
]);
for (const { name, opens, received } of results) {
  console.log(`${name} ${opens > 1 ? "reconnected" : "did not reconnect"} ${JSON.stringify(received)}`);
}
process.exit(0);
