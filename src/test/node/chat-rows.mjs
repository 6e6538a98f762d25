// What the official JavaScript client reports of one streamed answer for each model:
//   node chat-rows.mjs BASE_URL MODEL…
// prints a line "model<TAB>report" for each.
import OpenAI from "openai";

const [baseURL, ...models] = process.argv.slice(2);

async function report(model) {
  const hasTimeout = model === "late" || model === "slow";
  const client = new OpenAI({
    baseURL,
    apiKey: "key",
    logLevel: "off", // what it cannot read it also prints
    maxRetries: model === "too-many" ? 2 : 0,
    timeout: hasTimeout ? 2_000 : 30_000,
  });
  let text = "";
  let reasoning = "";
  let tool = "";
  let finish = "";
  let failure = "";
  try {
    const answer = await client.chat.completions.create({
      model,
      stream: true,
      messages: [{ role: "user", content: "Say hello to node!" }],
    });
    for await (const chunk of answer) {
      for (const choice of chunk.choices ?? []) {
        text += choice.delta?.content ?? "";
        reasoning += choice.delta?.reasoning_content ?? choice.delta?.reasoning ?? "";
        for (const call of choice.delta?.tool_calls ?? []) {
          tool += (call.function.name ? `${call.function.name} ` : "") + (call.function.arguments ?? "");
        }
        finish = choice.finish_reason ?? finish;
      }
      if (model === "stopped" && text !== "") break;
    }
  } catch (thrown) {
    failure = thrown.constructor.name;
  }
  return [reasoning && `(${reasoning})`, text && `“${text}”`, tool && `\`${tool}\``, failure, finish]
    .filter(part => part !== "")
    .join(", ");
}

const reports = await Promise.all(models.map(async model => `${model}\t${await report(model)}`));
console.log(reports.join("\n"));
