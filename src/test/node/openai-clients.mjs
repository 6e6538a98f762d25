// What the official JavaScript client gets of an OpenAI-compatible server: node openai-clients.mjs BASE_URL MODEL
// prints one line for each thing tried.
import OpenAI from "openai";

const [baseURL, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "key", maxRetries: 0 });
const ask = (content, more = {}) => ({ model, messages: [{ role: "user", content }], ...more });

async function streamed(content) {
  let reasoning = "";
  let text = "";
  let tool = "";
  let usage = 0;
  const answer = await client.chat.completions.create(
    ask(content, { stream: true, stream_options: { include_usage: true } }),
  );
  for await (const chunk of answer) {
    usage = chunk.usage?.completion_tokens ?? usage;
    for (const { delta } of chunk.choices) {
      reasoning += delta.reasoning_content ?? delta.reasoning ?? "";
      text += delta.content ?? "";
      for (const call of delta.tool_calls ?? []) tool += (call.function.name ?? "") + (call.function.arguments ?? "");
    }
  }
  return `${reasoning}|${text}|${tool}|${usage > 0 ? "usage" : ""}`;
}

async function failure(work) {
  try {
    await work();
    return "none";
  } catch (thrown) {
    return `${thrown.constructor.name} ${thrown.status}`;
  }
}

console.log("models", (await client.models.list()).data.map(({ id }) => id).join());
console.log("model", (await client.models.retrieve(model)).id);
console.log("streamed", await streamed("hello"));
console.log("reasoning", await streamed("think"));
console.log("tool", await streamed("weather"));
console.log("whole", (await client.chat.completions.create(ask("hello"))).choices[0].message.content);
console.log("error", await failure(() => client.chat.completions.create(ask("fail"))));
console.log("streamed error", await failure(() => client.chat.completions.create(ask("fail", { stream: true }))));
console.log("unknown", await failure(() => client.chat.completions.create({ ...ask("x"), model: "none" })));
