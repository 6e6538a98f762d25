// Reads a stream with the npm package "eventsource", has the server cut it in the middle, and tells what it saw once
// the client has closed for good. Arguments: the stream's URL.
import { EventSource } from "eventsource";

const url = new URL(process.argv[2]);
const seen = { events: [], opened: 0, reconnects: 0, readyState: -1, code: 0 };
const source = new EventSource(url);

source.onopen = () => seen.opened++;
source.onmessage = async (event) => {
  seen.events.push(`${event.lastEventId} ${event.data}`);
  if (seen.events.length === 5) {
    await fetch(new URL(`/streams/${event.lastEventId.slice(0, 22)}/cut`, url), { method: "POST" });
  }
};
source.onerror = (error) => {
  if (source.readyState === EventSource.CLOSED) {
    seen.readyState = source.readyState;
    seen.code = error.code;
    console.log(JSON.stringify(seen));
    process.exit(0);
  }
  seen.reconnects++;
};
setTimeout(() => {
  console.log(`still open: ${JSON.stringify(seen)}`);
  process.exit(1);
}, 20_000);
