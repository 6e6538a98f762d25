// What the official JavaScript client makes of /v1/responses:  node responses.mjs BASE_URL MODEL
// Prints one line for each call: what it is, and the text and the end that the program got.
import OpenAI from "openai";

const [baseURL, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "key", maxRetries: 0 });
const question = { model, input: "How does resume work?" };

async function read(stream, most = Infinity) {
  let text = "";
  let last = -1;
  let type = "";
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") text += event.delta;
    last = event.sequence_number;
    type = event.type;
    if (last >= most) break;
  }
  return { text, last, type };
}

const whole = await client.responses.create(question);
console.log("create", whole.status, whole.output_text.length > 20);

const streamed = await read(await client.responses.create({ ...question, stream: true }));
console.log("create, streamed", streamed.type, streamed.text === whole.output_text);

const helped = client.responses.stream(question);
const final = await helped.finalResponse();
console.log("helper", final.status, final.output_text === whole.output_text);

let id;
const background = await client.responses.create({ ...question, stream: true, background: true });
let first = "";
let after = -1;
for await (const event of background) {
  id ??= event.response?.id;
  after = event.sequence_number;
  if (event.type === "response.output_text.delta") first += event.delta;
  if (first.length > 40) break; // the connection is closed in mid-answer
}
const rest = await read(await client.responses.retrieve(id, { stream: true, starting_after: after }));
console.log("retrieve after a cut", rest.type, first + rest.text === whole.output_text);

const resumed = client.responses.stream({ response_id: id, starting_after: after });
console.log("helper after a cut", (await resumed.finalResponse()).output_text === whole.output_text);

const kept = await client.responses.retrieve(id);
console.log("retrieve", kept.status, kept.output_text === whole.output_text);

const items = [];
for await (const item of client.responses.inputItems.list(id)) items.push(item.content[0].text);
console.log("input items", items.join());

const second = await client.responses.create({ model, input: "And runs?", previous_response_id: id });
const all = [];
for await (const item of client.responses.inputItems.list(second.id, { order: "asc" })) all.push(item.type);
console.log("previous_response_id", second.status, all.join());

await client.responses.delete(id);
console.log("delete", await client.responses.retrieve(id).catch(gone => gone.status));
