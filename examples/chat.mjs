// Asks the built-in model `guide` through OpenAI's own package; any other model of the server works the same way.
import OpenAI from 'openai';

const server = process.argv[2] ?? 'http://127.0.0.1:8080';
const openai = new OpenAI({ baseURL: `${server}/v1`, apiKey: 'any, in demo mode' });

const answer = await openai.chat.completions.create({
  model: 'guide',
  messages: [{ role: 'user', content: process.argv[3] ?? 'How do I run Millrace?' }],
  stream: true,
});
for await (const chunk of answer) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? '');
}
console.log();
