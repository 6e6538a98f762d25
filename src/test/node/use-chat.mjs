// The AI SDK's own Chat (what useChat is made of) over millrace.js: node use-chat.mjs MILLRACE.JS CHAT-COMPLETIONS-URL
import {Chat} from '@ai-sdk/react';
import assert from 'node:assert/strict';

const [module, api] = process.argv.slice(2);
const {ChatTransport} = await import(module);

const kept = new Map();
const storage = {
  getItem: key => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: key => kept.delete(key),
};
const posts = [];
const counting = (url, init) => {
  if (init.method === 'POST') posts.push(url);
  return fetch(url, init);
};
const chat = (more = {}) =>
  new Chat({id: 'c', transport: new ChatTransport({api, model: 'guide', storage, fetch: counting}), ...more});
const text = ({messages}) => messages.at(-1).parts.filter(part => part.type === 'text').map(part => part.text).join('');
const thought = ({messages}) => messages.at(-1).parts.find(part => part.type === 'reasoning')?.text ?? '';
const question = {text: 'What is Millrace?'};

// a whole answer, with its reasoning
const first = chat();
await first.sendMessage(question);
assert.equal(first.status, 'ready', String(first.error));
assert.equal(first.messages.length, 2);
assert.match(text(first), /Millrace/);
assert.ok(thought(first).length > 20, 'the reasoning');

// a reload in the middle of it: another Chat, with the messages that the page had kept, goes on
const second = chat();
const answering = second.sendMessage(question);
await until(() => second.messages.length === 2 && thought(second).length > 20);
const reloaded = chat({messages: [second.messages[0]]});
await reloaded.resumeStream();
await answering;
assert.equal(reloaded.messages.length, 2);
assert.equal(text(reloaded), text(second));
assert.ok(text(reloaded).length > 20);
assert.equal(posts.length, 2, 'each question is sent once');

// stop stops the model, and there is nothing to go on with
const third = chat();
const stopped = third.sendMessage(question);
await until(() => third.messages.length === 2 && thought(third).length > 5);
const run = kept.get('millrace.run.c');
await third.stop();
await stopped;
assert.equal(third.status, 'ready', String(third.error));
await until(async () => {
  const {status, body} = await fetch(run, {headers: {Accept: 'text/event-stream'}});
  const events = status === 200 ? await new Response(body).text() : '';
  return !events.includes('[DONE]');
});
const again = chat({messages: [third.messages[0]]});
await again.resumeStream();
assert.equal(again.messages.length, 1);

// what the server refuses is the chat's error
const refused = new Chat({transport: new ChatTransport({api, model: 'no-such-model', storage})});
await refused.sendMessage(question);
assert.equal(refused.status, 'error');
assert.match(refused.error.message, /no-such-model/);
console.log('ok');

async function until(condition) {
  const limit = performance.now() + 30_000;
  while (!await condition()) {
    assert.ok(performance.now() < limit, `${condition}`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
