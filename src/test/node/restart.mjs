// Opens so many sources of one library on a stream of growing numbers. To each line on its input it answers with a line
// of JSON: to "least" with the number that all have reached and how many are dead, to "all" with what each has got.
// Arguments: the library, the stream's URL, how many.
import { createInterface } from "node:readline";
import { fetchEventSource } from "@microsoft/fetch-event-source";
import polyfill from "event-source-polyfill";
import { EventSource } from "eventsource";

const [library, url, count] = process.argv.slice(2);
const sources = [];

class Source {
  numbers = [];
  gaps = 0;
  empty = 0;
  dead = () => false;

  take(data, type = "message") {
    if (data === "") this.empty++;
    else if (type === "gap") this.gaps++;
    else if (type === "message" || type === "") this.numbers.push(Number(data));
  }
}

// what these two expect of a browser
globalThis.window = globalThis;
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
globalThis.EventSource = EventSource;
const { default: ReconnectingEventSource } = await import("reconnecting-eventsource");

function follow(source, events, closed) {
  events.onmessage = (event) => source.take(event.data);
  events.onerror = () => {};
  events.addEventListener("gap", (event) => source.take(event.data, "gap"));
  source.dead = () => events.readyState === closed;
}

const open = {
  "eventsource": (source) => follow(source, new EventSource(url), 2),
  "event-source-polyfill": (source) => follow(source, new polyfill.EventSourcePolyfill(url), 2),
  "reconnecting-eventsource": (source) => follow(source, new (ReconnectingEventSource.default ?? ReconnectingEventSource)(url), 2),
  "fetch-event-source": (source) => {
    let settled = false;
    source.dead = () => settled;
    fetchEventSource(url, {
      openWhenHidden: true,
      onmessage: (event) => source.take(event.data, event.event),
      onclose: () => {
        throw new Error("come back"); // without this the library takes the end of a stream for the end of all
      },
      onerror: () => {},
    }).finally(() => (settled = true));
  },
};

for (let i = 0; i < Number(count); i++) {
  const source = new Source();
  open[library](source);
  sources.push(source);
}

const answers = {
  least: () => ({
    least: Math.min(...sources.map((source) => source.numbers.at(-1) ?? -1)),
    dead: sources.filter((source) => source.dead()).length,
  }),
  all: () => sources.map(({ numbers, gaps, empty }) => ({ numbers, gaps, empty })),
};
createInterface({ input: process.stdin })
  .on("line", (line) => console.log(JSON.stringify(answers[line]())))
  .on("close", () => process.exit(0));
