// A fake OpenAI server of somebody else's making, on a free port of 127.0.0.1: prints its base URL, then runs until its
// input ends.
import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ host: "127.0.0.1", port: 0, latency: 5, chunkSize: 8 });
mock.onMessage("weather", { toolCalls: [{ name: "weather", arguments: '{"city":"Köln"}' }] });
mock.onMessage("think", { reasoning: "Let me see.", content: "I thought, and here it is: 👩‍👩‍👧 é." });
mock.onMessage("fail", { error: { message: "you are too fast", type: "rate_limit_error" }, status: 429 });
mock.onMessage("hello", { content: "Hello from somewhere else." });
console.log(await mock.start());
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
