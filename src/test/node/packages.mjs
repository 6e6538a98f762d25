// Shows that the packages of package.json can be imported, and with which Node.
import "@copilotkit/aimock";
import "event-source-polyfill";
import "openai";
import "urlpattern-polyfill";
import { EventSource } from "eventsource";

if (typeof EventSource !== "function") {
  throw new Error("eventsource exports no EventSource");
}
console.log(`node ${process.versions.node}: ${process.argv.slice(2).join(" ")}`);
