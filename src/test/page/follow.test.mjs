import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Connections, connections} from '../../main/webapp/page/connections.js';
import {followed as followedStream, watched} from '../../main/webapp/page/follow.js';

/** An EventSource that does what the test says. */
class Source extends EventTarget {
  static made = [];
  readyState = 0;
  closed = false;

  constructor(url) {
    super();
    this.url = url;
    Source.made.push(this);
  }

  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }

  lose(readyState) {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }

  send(type, data) {
    this.dispatchEvent(new MessageEvent(type, {data}));
  }

  close() {
    this.readyState = 2;
    this.closed = true;
  }
}

function followed(types = []) {
  Source.made = [];
  const seen = {states: [], events: []};
  const handle = watched('test', '/sse', {
    types,
    onState: (state, opens) => seen.states.push(`${state} ${opens}`),
    onEvent: event => seen.events.push(`${event.type} ${event.data}`),
  }, Source);
  return {...seen, handle, source: Source.made[0]};
}

test('a cut and a resume are two openings of one EventSource', () => {
  const {states, source, handle} = followed();
  source.open();
  source.lose(0);
  source.open();
  source.lose(2);
  assert.deepEqual(states, ['connecting 0', 'open 1', 'waiting 1', 'open 2', 'closed 2']);
  assert.equal(handle.opens(), 2);
  assert.equal(Source.made.length, 1);
});

test('named events come only when they were asked for', () => {
  const {events, source} = followed(['gap']);
  source.send('message', '1');
  source.send('gap', '2');
  source.send('other', '3');
  assert.deepEqual(events, ['message 1', 'gap 2']);
});

test('an event of the stream that is called "error" is no lost connection', () => {
  const {events, states, source} = followed();
  source.open();
  source.send('error', 'boom');
  assert.deepEqual(events, ['error boom']);
  assert.deepEqual(states, ['connecting 0', 'open 1']);
});

test('stop closes the source once, and says so', () => {
  const {states, source, handle} = followed();
  source.open();
  handle.stop();
  handle.stop();
  assert.ok(source.closed);
  assert.deepEqual(states, ['connecting 0', 'open 1', 'stopped 1']);
});

test('what the server has ended is not stopped afterwards', () => {
  const {states, source, handle} = followed();
  source.lose(2);
  handle.stop();
  assert.deepEqual(states, ['connecting 0', 'closed 0']);
});

/** A fetch that answers by script. */
function answers(...texts) {
  const fetch = globalThis.fetch;
  globalThis.fetch = async () => {
    const text = texts.shift();
    return text === undefined ? new Response(null, {status: 204})
        : new Response(text, {headers: {'Content-Type': 'text/event-stream'}});
  };
  return () => globalThis.fetch = fetch;
}

test('a stream of the client module has the same states, and its account is kept', async () => {
  const restore = answers('retry: 1\nid: 1\ndata: a\n\n', 'event: gap\nid: g\ndata: {}\n\n:\n\nid: 2\ndata: b\n\n');
  const states = [];
  const events = [];
  await new Promise(resolve => {
    followedStream('test', 'http://host/stream', {
      onState: (state, opens) => {
        states.push(`${state} ${opens}`);
        if (state === 'closed') resolve();
      },
      onEvent: event => events.push(`${event.type} ${event.data}`),
    });
  });
  restore();
  assert.deepEqual(states, ['connecting 0', 'open 1', 'waiting 1', 'open 2', 'waiting 2', 'closed 2']);
  assert.deepEqual(events, ['message a', 'gap {}', 'message b']);
  const {name, state, opens, events: count, gaps, bytes, lastEventId} = connections.all[0];
  assert.deepEqual({name, state, opens, count, gaps, bytes, lastEventId},
      {name: 'test', state: 'ended', opens: 2, count: 2, gaps: 1, bytes: 69, lastEventId: '2'});
});

test('of the streams that are over the oldest make room', () => {
  const list = new Connections();
  const first = list.note('first', '/');
  for (let i = 0; i < 11; i++) list.note('open', '/').state = i === 3 ? 'ended' : 'open';
  first.state = 'open';
  list.note('new', '/');
  assert.equal(list.all.length, 12);
  assert.ok(list.all.includes(first));
  assert.ok(list.all.every(({state}) => state !== 'ended'));
});
