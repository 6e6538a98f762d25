import assert from 'node:assert/strict';
import {once} from 'node:events';
import {createServer} from 'node:http';
import {after, test} from 'node:test';
import {ChatTransport, EventSource, follow, post, StreamError, topic} from '../../main/webapp/client/millrace.js';

const servers = [];
after(() => servers.forEach(server => {
  server.close();
  server.closeAllConnections();
}));

const HEAD = {'Content-Type': 'text/event-stream'};

/**
 * A server whose n-th answer is the n-th function: (answer, request) => void. `asked` has what came, `arrived(n)` waits for
 * the n-th request.
 */
async function serve(...answers) {
  const asked = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const id = request.headers['last-event-id'];
    const n = asked.push({
      method: request.method, path: request.url, body, headers: request.headers, at: performance.now(),
      ...id !== undefined && {id: Buffer.from(id, 'latin1').toString()},
    });
    waiting.splice(0).forEach(look => look());
    (answers[n - 1] ?? gone)(response, request);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/events`;
  const arrived = async n => {
    while (asked.length < n) await new Promise(look => waiting.push(look));
    return asked[n - 1];
  };
  return {url, asked, arrived};
}

const gone = response => response.writeHead(204).end();
const ends = (text, head = {}) => response => response.writeHead(200, {...HEAD, ...head}).end(text);
const stays = (text, head = {}) => response => response.writeHead(200, {...HEAD, ...head}).write(text);
const breaks = (text, head = {}) => response => {
  response.writeHead(200, {...HEAD, ...head}).write(text, () => setTimeout(() => response.destroy(), 5));
};
const status = (code, head = {}, body = '') => response => response.writeHead(code, head).end(body);

/** Follows to the end; tells what came. */
async function followed(stream) {
  return {...await stream.done, ...stream.told};
}

function told(start, url, ...more) {
  const told = {data: [], ids: [], gaps: [], states: [], beats: 0};
  const options = {
    onEvent: ({data, lastEventId}) => {
      told.data.push(data);
      told.ids.push(lastEventId);
    },
    onGap: ({data}) => told.gaps.push(data),
    onState: state => told.states.push(state),
    onHeartbeat: () => told.beats++,
    ...more.pop(),
  };
  return Object.assign(start(url, ...more, options), {told});
}

test('after a cut it goes on with the last event id, until the server says that this was all', async () => {
  const server = await serve(
      breaks('retry: 5\nid: a\ndata: 0\n\nid: b\ndata: 1\n\nid: c\nda'),
      ends('id: c\ndata: 2\n\n'));
  const {state, data, ids, states} = await followed(told(follow, server.url, {}));
  assert.equal(state, 'ended');
  assert.deepEqual(data, ['0', '1', '2']);
  assert.deepEqual(ids, ['a', 'b', 'c']);
  assert.deepEqual(server.asked.map(({method, id}) => `${method} ${id}`), ['GET undefined', 'GET b', 'GET c']);
  assert.deepEqual(states, [
    'connecting', 'open', 'waiting', 'connecting', 'open', 'waiting', 'connecting', 'ended']);
});

test('the id is UTF-8 on the wire, also one of a block without data, and an empty one is forgotten', async () => {
  const server = await serve(ends('retry: 5\nid: … é\ndata: 0\n\n'), ends('id: 9\n\n'), ends('id\ndata: x\n\n'));
  await followed(told(follow, server.url, {}));
  assert.deepEqual(server.asked.map(({id}) => id), [undefined, '… é', '9', undefined]);
});

test('an event after a reconnect keeps the id that it goes on from', async () => {
  const server = await serve(ends('retry: 5\nid: 7\ndata: 0\n\n'), ends('data: 1\n\n'));
  const {ids} = await followed(told(follow, server.url, {}));
  assert.deepEqual(ids, ['7', '7']);
});

test('a checkpoint of a hub moves the position and is no event, but a publisher may call one so', async () => {
  const server = await serve(
      breaks('retry: 1\nid: a\ndata: 0\n\nid: #b\nevent: checkpoint\ndata: {}\n\n'),
      breaks('id: c\nevent: checkpoint\ndata: 1\n\n'));
  const got = await followed(told(follow, server.url));
  assert.deepEqual(got.data, ['0', '1']);
  assert.deepEqual(server.asked.map(({id}) => id), [undefined, '#b', 'c']);
});

test('it begins after an id that it is given', async () => {
  const server = await serve();
  await followed(told(follow, server.url, {lastEventId: '41'}));
  assert.equal(server.asked[0].id, '41');
});

test('a POST is sent once: its answer is a run, and that is asked for by GET, without the body', async () => {
  const server = await serve(
      breaks('retry: 5\nid: r-0\ndata: 0\n\n', {'Content-Location': 'streams/r'}),
      breaks('id: r-1\ndata: 1\n\n', {'Content-Location': '/elsewhere'}));
  const stream = told(post, server.url, {question: '?'}, {headers: () => ({'X-Own': 'yes'})});
  const {state, data} = await followed(stream);
  assert.equal(state, 'ended');
  assert.deepEqual(data, ['0', '1']);
  assert.deepEqual(server.asked.map(({method, path, id, body}) => [method, path, id, body]), [
    ['POST', '/events', undefined, '{"question":"?"}'],
    ['GET', '/streams/r', 'r-0', ''],
    ['GET', '/streams/r', 'r-1', ''],
  ]);
  assert.deepEqual(server.asked.map(({headers}) => headers['x-own']), ['yes', 'yes', 'yes']);
  assert.equal(server.asked[0].headers['content-type'], 'application/json');
  assert.equal(stream.run, new URL('/streams/r', server.url).href);
});

test('a POST that is answered with 202 is a run that lies elsewhere', async () => {
  const server = await serve(status(202, {'Content-Location': '/streams/r'}), ends('retry: 5\nid: r-0\ndata: 0\n\n'));
  const {data} = await followed(told(post, server.url, 'x', {}));
  assert.deepEqual(data, ['0']);
  assert.deepEqual(server.asked.map(({method}) => method), ['POST', 'GET', 'GET']);
});

for (const [name, answer, expected] of [
  ['whose answer breaks and is no run', breaks('retry: 1\ndata: 0\n\n'), {state: 'lost', status: 200, retryAfter: 1}],
  ['whose answer ends and is no run', ends('retry: 1\ndata: 0\n\n'), {state: 'ended', status: 200, retryAfter: 1}],
  ['that is answered by nothing but retry:', ends('retry: 70\n'), {state: 'lost', status: 200, retryAfter: 70}],
  ['that gets no answer', response => response.destroy(), {state: 'lost', status: 0, retryAfter: 2000}],
  ['that is refused for now', status(503, {'Retry-After': '7'}, 'full'), {state: 'refused', status: 503, retryAfter: 7000, body: 'full'}],
  ['whose run lies at another origin', breaks('data: 0\n\n', {'Content-Location': 'http://127.0.0.2:1/streams/r'}),
    {state: 'lost', status: 200, retryAfter: 2000}],
]) {
  test(`a POST ${name} is not sent again`, async () => {
    const server = await serve(answer, ends('data: never\n\n'));
    const stream = told(post, server.url, {}, {});
    assert.deepEqual(await stream.done, expected);
    assert.equal(server.asked.length, 1);
  });
}

for (const [name, refusal, least] of [
  ['503 with Retry-After', status(503, {'Retry-After': '1'}), 1000],
  ['429 with Retry-After as a date', response => status(429, {'Retry-After': new Date(Date.now() + 2000).toUTCString()})(response), 900],
  ['502', status(502), 0],
  ['a broken connection', response => response.destroy(), 0],
]) {
  test(`${name} passes`, async () => {
    const server = await serve(ends('retry: 5\nid: 1\ndata: 0\n\n'), refusal, ends('id: 2\ndata: 1\n\n'));
    const {state, data} = await followed(told(follow, server.url, {}));
    assert.equal(state, 'ended');
    assert.deepEqual(data, ['0', '1']);
    const waited = server.asked[2].at - server.asked[1].at;
    assert.ok(waited >= least, `waited ${waited} ms`);
  });
}

test('a stream that ends after nothing but retry: is a refusal that passes, and each one is waited for longer', async t => {
  t.mock.method(Math, 'random', () => 0);
  const refusal = ends('retry: 40\n');
  const server = await serve(refusal, refusal, refusal, refusal, ends('id: 1\ndata: 0\n\n'));
  const {data} = await followed(told(follow, server.url, {}));
  assert.deepEqual(data, ['0']);
  const waits = server.asked.slice(1, 5).map(({at}, i) => at - server.asked[i].at);
  assert.ok(waits.every((wait, i) => wait >= 40 * 2 ** i - 1), `waited ${waits}`);
});

test('no client comes earlier than asked, and not all come at once', async t => {
  t.mock.method(Math, 'random', () => 1);
  const server = await serve(ends('retry: 100\nid: 1\ndata: 0\n\n'));
  await followed(told(follow, server.url, {}));
  assert.ok(server.asked[1].at - server.asked[0].at >= 149);
});

for (const [name, answer, expected] of [
  ['403', status(403, {}, 'no'), {state: 'refused', status: 403, retryAfter: 0, body: 'no'}],
  ['404', status(404), {state: 'refused', status: 404, retryAfter: 0, body: ''}],
  ['a page instead of a stream', status(200, {'Content-Type': 'text/html'}, '<p>Log in'), {state: 'refused', status: 200, retryAfter: 0, body: '<p>Log in'}],
  ['a stream by another name', status(200, {'Content-Type': 'text/event-streams'}), {state: 'refused', status: 200, retryAfter: 0, body: ''}],
]) {
  test(`${name} is final`, async () => {
    const server = await serve(answer);
    assert.deepEqual(await told(follow, server.url, {}).done, expected);
    assert.equal(server.asked.length, 1);
  });
}

test('the type of a stream may have parameters', async () => {
  const server = await serve(ends('retry: 1\ndata: 0\n\n', {'Content-Type': 'Text/Event-Stream;charset=UTF-8'}));
  assert.deepEqual((await followed(told(follow, server.url, {}))).data, ['0']);
});

test('a line that is silent for too long is dead, and the next one goes on', async () => {
  const first = stays('retry: 5\nid: 1\ndata: 0\n\n');
  const next = ends('id: 2\ndata: 1\n\n');
  const answer = (response, {headers}) =>
    (headers['last-event-id'] === '2' ? gone : headers['last-event-id'] === '1' ? next : first)(response);
  const server = await serve(...Array(50).fill(answer)); // a slow machine may need more than one
  const {state, data} = await followed(told(follow, server.url, {silence: 200}));
  assert.equal(state, 'ended');
  assert.deepEqual(data, ['0', '1']);
});

test('heartbeats show how long silence may last, and are told on request only', async () => {
  const server = await serve(response => {
    stays('retry: 5\nid: 1\ndata: 0\n\n:\n\n')(response);
    const timer = setInterval(() => {
      if (stream.told.beats < 3) response.write(':\n\n');
      else clearInterval(timer); // dead from here on, without a word
    }, 50);
  });
  const before = performance.now();
  const stream = told(follow, server.url, {});
  const {states} = await followed(stream);
  assert.ok(performance.now() - before < 55_000, 'before it would be given up without heartbeats');
  assert.deepEqual(states.slice(0, 3), ['connecting', 'open', 'waiting']);
});

test('a gap is told once, whether by header, by event or by both', async () => {
  const lost = {'Last-Event-ID': 'earliest'};
  const gap = 'event: gap\nid: g\ndata: {"requested":"1"}\n\n';
  for (const [answer, data] of [
    [ends('id: 2\ndata: 1\n\n', lost), ['0', '1']],
    [ends(gap + 'id: 2\ndata: 1\n\n', lost), ['0', '1']],
    [ends(gap + 'id: 2\ndata: 1\n\n'), ['0', '1']],
  ]) {
    const server = await serve(ends('retry: 5\nid: 1\ndata: 0\n\n'), answer);
    const seen = await followed(told(follow, server.url, {}));
    assert.deepEqual(seen.gaps, ['{"requested":"1"}']);
    assert.deepEqual(seen.data, data);
  }
  const server = await serve(ends('retry: 5\nid: 1\ndata: 0\n\n'), ends(gap + gap.replace('id: g', 'id: h'), lost));
  assert.equal((await followed(told(follow, server.url, {}))).gaps.length, 2, 'two gaps are two');
});

test('who asks for the earliest has no gap', async () => {
  const server = await serve(ends('retry: 5\nid: 1\ndata: 0\n\n', {'Last-Event-ID': 'earliest'}));
  assert.deepEqual((await followed(told(follow, server.url, {lastEventId: 'earliest'}))).gaps, []);
});

test('position first, then state: events wait until it is loaded, at the start and after a gap', async () => {
  const order = [];
  let write;
  const server = await serve(response => {
    stays('retry: 5\nid: 1\ndata: 0\n\n')(response);
    write = text => response.write(text);
  });
  let loaded;
  const stream = follow(server.url, {
    load: () => new Promise(resolve => {
      order.push('load');
      loaded = () => {
        order.push('loaded');
        resolve();
      };
    }),
    onEvent: ({data}) => {
      order.push(data);
      wake?.();
    },
    onGap: () => wake?.(),
  });
  let wake;
  const next = () => new Promise(resolve => wake = resolve);
  await until(() => stream.lastEventId === '1' && loaded);
  assert.deepEqual(order, ['load'], 'the event waits');
  loaded();
  await until(() => order.length === 3);
  const first = loaded;
  const gapCame = next();
  write('event: gap\nid: g\ndata: {}\n\nid: 2\ndata: 1\n\n');
  await gapCame;
  await until(() => loaded !== first && stream.lastEventId === '2');
  loaded();
  await until(() => order.length === 6);
  assert.deepEqual(order, ['load', 'loaded', '0', 'load', 'loaded', '1']);
  stream.close();
});

test('a page that fails with an event disturbs nothing', async t => {
  const errors = t.mock.method(console, 'error', () => {});
  const server = await serve(ends('retry: 5\nid: 1\ndata: 0\n\nid: 2\ndata: 1\n\n'));
  const data = [];
  await follow(server.url, {
    onEvent: event => {
      data.push(event.data);
      throw new Error('the page’s');
    },
  }).done;
  assert.deepEqual(data, ['0', '1']);
  assert.equal(errors.mock.callCount(), 2);
});

test('closed, it asks no more and tells no more', async () => {
  const server = await serve(ends('retry: 5\nid: 1\ndata: 0\n\nid: 2\ndata: 1\n\n'));
  const data = [];
  const stream = follow(server.url, {
    onEvent: event => {
      data.push(event.data);
      stream.close();
    },
  });
  assert.deepEqual(await stream.done, {state: 'closed'});
  assert.deepEqual(data, ['0']);
  assert.equal(server.asked.length, 1);
});

test('it ends at the event that is the last', async () => {
  const server = await serve(stays('data: 0\n\ndata: [DONE]\n\ndata: 1\n\n'));
  const seen = await followed(told(follow, server.url, {until: ({data}) => data === '[DONE]'}));
  assert.equal(seen.state, 'ended');
  assert.deepEqual(seen.data, ['0', '[DONE]']);
});

test('stopping a run needs what its starter was given', async () => {
  const server = await serve(
      stays('data: 0\n\n', {'Content-Location': '/streams/r', 'Millrace-Run-Secret': 's3'}), status(204));
  const stream = post(server.url, {});
  for await (const {data} of stream) {
    assert.equal(data, '0');
    assert.equal((await stream.stop()).status, 204);
  }
  const {method, path, headers} = server.asked[1];
  assert.deepEqual([method, path, headers['millrace-run-secret']], ['DELETE', '/streams/r', 's3']);
});

test('events can be iterated, and a refusal is thrown', async () => {
  const server = await serve(ends('retry: 1\nid: 1\ndata: 0\n\nid: 2\ndata: 1\n\n'), gone, status(403, {}, 'no'));
  const data = [];
  for await (const event of follow(server.url)) data.push(event.data);
  assert.deepEqual(data, ['0', '1']);
  await assert.rejects(async () => {
    for await (const event of follow(server.url)) data.push(event);
  }, failure => failure instanceof StreamError && failure.status === 403 && failure.body === 'no');
});

test('a topic is a hub’s address with all topics', async () => {
  const server = await serve();
  await topic(server.url, ['news/{id}', 'a b']).done;
  assert.equal(server.asked[0].path, '/events?topic=news%2F%7Bid%7D&topic=a+b');
});

test('in place of an EventSource', async () => {
  const server = await serve(
      ends('retry: 5\nid: 1\ndata: 0\n\nevent: own\ndata: 1\n\nevent: error\ndata: 2\n\n'), status(503), status(403));
  const source = new EventSource(server.url, {withCredentials: true});
  const seen = [];
  assert.deepEqual([source.readyState, EventSource.CLOSED, source.withCredentials], [0, 2, true]);
  source.onopen = () => seen.push(`open ${source.readyState}`);
  source.onmessage = event => seen.push(`${event.data} ${event.lastEventId} ${event.origin === new URL(server.url).origin}`);
  source.addEventListener('own', event => seen.push(`own ${event.data}`));
  await new Promise(resolve => source.onerror = ({data}) => {
    seen.push(data === undefined ? `error ${source.readyState}` : `event ${data}`);
    if (source.readyState === 2) resolve();
  });
  assert.deepEqual(seen, ['open 1', '0 1 true', 'own 1', 'event 2', 'error 0', 'error 0', 'error 2']);
  source.close();
  assert.equal(source.readyState, 2);
});

// ---- the AI SDK ----

const delta = (delta, more = {}) => `data: ${JSON.stringify({choices: [{index: 0, delta, ...more}]})}\n\n`;
const ANSWER = 'retry: 5\n' + delta({role: 'assistant', content: ''}) + delta({reasoning: 'Hm'}) + delta({content: 'Yes'})
    + delta({content: '.'}) + delta({}, {finish_reason: 'stop'}) + 'data: [DONE]\n\n';
const HALF = ANSWER.slice(0, ANSWER.indexOf('data: {', 150));

function storage() {
  const kept = new Map();
  return {
    kept, getItem: key => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value),
    removeItem: key => kept.delete(key),
  };
}

async function all(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const ASKED = {chatId: 'c', messages: [{role: 'user', parts: [{type: 'text', text: 'Is it?'}]}]};
const UI = [
  {type: 'start'}, {type: 'start-step'}, {type: 'reasoning-start', id: 'reasoning-1'},
  {type: 'reasoning-delta', id: 'reasoning-1', delta: 'Hm'}, {type: 'reasoning-end', id: 'reasoning-1'},
  {type: 'text-start', id: 'text-2'}, {type: 'text-delta', id: 'text-2', delta: 'Yes'},
  {type: 'text-delta', id: 'text-2', delta: '.'}, {type: 'text-end', id: 'text-2'}, {type: 'finish-step'},
  {type: 'finish', finishReason: 'stop'},
];

test('a transport sends messages as a completion and gives the parts of the answer', async () => {
  const server = await serve(ends(ANSWER));
  const chunks = await all(await new ChatTransport({api: server.url, model: 'm', storage: storage()}).sendMessages(ASKED));
  assert.deepEqual(chunks, UI);
  assert.deepEqual(JSON.parse(server.asked[0].body), {
    messages: [{role: 'user', content: 'Is it?'}], model: 'm', stream: true,
  });
});

test('a transport finds the answer again after a reload, from its first word', async () => {
  const memory = storage();
  const server = await serve(
      stays(HALF, {'Content-Location': '/streams/r'}), ends(ANSWER), status(404));
  const transport = new ChatTransport({api: server.url, storage: memory});
  const before = (await transport.sendMessages(ASKED)).getReader();
  assert.deepEqual((await before.read()).value, {type: 'start'});
  const reloaded = await new ChatTransport({api: server.url, storage: memory}).reconnectToStream({chatId: 'c'});
  assert.deepEqual(await all(reloaded), UI);
  assert.deepEqual([server.asked[1].method, server.asked[1].path], ['GET', '/streams/r']);
  assert.equal(memory.kept.size, 0, 'an answer that is complete is not asked for again');
  assert.equal(await transport.reconnectToStream({chatId: 'c'}), null);
  memory.setItem('millrace.run.c', new URL('/streams/r', server.url).href);
  assert.equal(await transport.reconnectToStream({chatId: 'c'}), null, 'nor one that is held no more');
  await before.cancel();
});

test('stop in the AI SDK stops the run', async () => {
  const server = await serve(
      stays(HALF, {'Content-Location': '/streams/r', 'Millrace-Run-Secret': 's'}), status(204));
  const abort = new AbortController();
  const chunks = await new ChatTransport({api: server.url}).sendMessages({...ASKED, abortSignal: abort.signal});
  abort.abort();
  assert.equal((await all(chunks)).at(-1).type, 'abort');
  const {method, path, headers} = await server.arrived(2);
  assert.deepEqual([method, path, headers['millrace-run-secret']], ['DELETE', '/streams/r', 's']);
});

test('what fails is told: before the answer by throwing, in it by an error', async () => {
  const server = await serve(
      status(429, {'Retry-After': '3'}, '{"error":{"message":"slow down"}}'),
      ends(HALF + 'data: {"error":{"message":"broke"}}\n\n'), breaks(HALF));
  const transport = new ChatTransport({api: server.url});
  await assert.rejects(transport.sendMessages(ASKED), /slow down/);
  assert.deepEqual((await all(await transport.sendMessages(ASKED))).find(({type}) => type === 'error').errorText, 'broke');
  assert.equal((await all(await transport.sendMessages(ASKED))).at(-1).type, 'error', 'a cut is not the end');
});

test('tool calls come in pieces', async () => {
  const call = (id, name, input) => delta({tool_calls: [{index: 0, ...id && {id}, function: {...name && {name}, arguments: input}}]});
  const server = await serve(ends(call('t1', 'weather', '') + call(null, null, '{"at":') + call(null, null, '"sea"}')
      + delta({}, {finish_reason: 'tool_calls'}) + 'data: [DONE]\n\n'));
  const chunks = await all(await new ChatTransport({api: server.url}).sendMessages(ASKED));
  assert.deepEqual(chunks.slice(2), [
    {type: 'tool-input-start', toolCallId: 't1', toolName: 'weather'},
    {type: 'tool-input-delta', toolCallId: 't1', inputTextDelta: '{"at":'},
    {type: 'tool-input-delta', toolCallId: 't1', inputTextDelta: '"sea"}'},
    {type: 'tool-input-available', toolCallId: 't1', toolName: 'weather', input: {at: 'sea'}},
    {type: 'finish-step'}, {type: 'finish', finishReason: 'tool-calls'},
  ]);
});

async function until(condition) {
  for (let i = 0; !condition(); i++) {
    assert.ok(i < 3000, `${condition} did not become true`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
